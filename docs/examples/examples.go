// Package examples holds rubrics to begin with, each in a folder of its own, with the samples that
// test it.
//
// Use [Rubric] for the rubric alone, and [Write] for all of it.
package examples

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

//go:embed all:*/*
var files embed.FS

// Names returns what the examples are called, sorted.
func Names() (names []string) {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // of what is compiled in
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Rubric returns an example's rubric under another name, for a file beside which the schema lies.
func Rubric(like, name string) ([]byte, error) {
	return text(path.Join(like, like+".yaml"), like, name)
}

// Write makes the folder, with the example's rubric under another name, its samples, and what these
// should come to. It writes over nothing.
func Write(folder, like, name string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return fmt.Errorf("writing the example %q: %w", like, err)
	}
	err := fs.WalkDir(files, like, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := text(file, like, name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(like, filepath.FromSlash(file))
		if err != nil {
			return err
		}
		if rel == like+".yaml" {
			rel = name + ".yaml"
		}
		to := filepath.Join(folder, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o644)
	})
	if err != nil {
		return fmt.Errorf("writing the example %q: %w", like, err)
	}
	return nil
}

// text returns a file of an example, with the name put in where it is a rubric's or what tests it.
func text(file, like, name string) ([]byte, error) {
	content, err := files.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the example %q: %w", like, err)
	}
	if path.Dir(file) != like {
		return content, nil
	}
	for _, change := range [][2]string{
		{"$schema=../../../rubrics/", "$schema=./"},
		{"rubric: " + like + "\n", "rubric: " + name + "\n"},
		{"rubric: ./" + like + ".yaml\n", "rubric: ./" + name + ".yaml\n"},
		{"What " + like + ".yaml says", "What " + name + ".yaml says"},
		{"rubric test docs/examples/" + like + "/expected.yaml", "rubric test expected.yaml"},
	} {
		content = bytes.Replace(content, []byte(change[0]), []byte(change[1]), 1)
	}
	return content, nil
}
