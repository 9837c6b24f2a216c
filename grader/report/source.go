package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/result"
)

// fileLines is how much of a student's file a page shows.
const fileLines = 500

// file is a text of the student with what was found in it.
type file struct {
	Name  string
	Lines []codeLine
	Found int // lines with findings
	More  int // lines that are not shown
}

// codeLine is one line with what was found there.
type codeLine struct {
	Number   int
	Text     string
	Findings []finding
}

// finding is what some checks say of a line.
type finding struct {
	IDs       []string
	Got, Hint string
}

// files returns the Dockerfile and the ignore file, those that the report holds.
func files(r result.Report) (out []file) {
	if r.Source == nil {
		return nil
	}
	for _, f := range []struct{ name, text string }{{cmp.Or(r.Source.DockerfileName, "Dockerfile"),
		r.Source.Dockerfile}, {r.Source.IgnoreFile, r.Source.Ignore}} {
		if f.text != "" {
			out = append(out, fileOf(r, f.name, f.text))
		}
	}
	return out
}

func fileOf(r result.Report, name, text string) file {
	found := map[int][]finding{}
	for _, c := range r.Checks {
		for _, item := range c.Items {
			if item.File == name && item.Line > 0 && (item.Status == result.Fail || item.Status == result.Partial) {
				found[item.Line] = merge(found[item.Line], finding{[]string{c.ID}, item.Got, item.Hint})
			}
		}
	}
	f := file{Name: name}
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	f.More = max(0, len(lines)-fileLines)
	for i, text := range lines[:len(lines)-f.More] {
		f.Lines = append(f.Lines, codeLine{Number: i + 1, Text: brief(text), Findings: found[i+1]})
		if len(found[i+1]) > 0 {
			f.Found++
		}
	}
	return f
}

// merge adds a finding, to one that says the same where there is one.
func merge(all []finding, f finding) []finding {
	for i, other := range all {
		if other.Got == f.Got && other.Hint == f.Hint {
			if !slices.Contains(other.IDs, f.IDs[0]) {
				all[i].IDs = append(other.IDs, f.IDs[0])
			}
			return all
		}
	}
	return append(all, f)
}

// ignored is what the ignore file does to one path.
type ignored struct {
	Path          string
	Wanted, Real  string // "kept out" or "in"; Wanted is empty when not known
	Decided, Why  string // the line, and why none that looks right decides
	Right, Judged bool
}

// ignoredOf merges the ignore tables of all checks.
func ignoredOf(r result.Report) (out []ignored) {
	for _, c := range r.Checks {
		wanted := map[string]string{}
		for _, item := range c.Items {
			if path, keeps := strings.CutPrefix(item.Name, "keeps "); keeps {
				wanted[path] = "in"
			} else {
				wanted[item.Name] = "kept out"
			}
		}
		for _, e := range c.Evidence {
			if e.Kind != "ignore" {
				continue
			}
			for i, row := range e.Rows {
				if i == 0 || len(row) < 3 { // the header
					continue
				}
				g := ignored{Path: row[0], Wanted: wanted[row[0]], Real: "kept out", Decided: row[2]}
				if row[1] == "yes" {
					g.Real = "in"
				}
				g.Decided, g.Why, _ = strings.Cut(row[2], ": ")
				if g.Decided != "no line" {
					g.Decided, g.Why = row[2], ""
				}
				g.Judged, g.Right = g.Wanted != "", g.Wanted == g.Real
				if !slices.Contains(out, g) {
					out = append(out, g)
				}
			}
		}
	}
	return out
}
