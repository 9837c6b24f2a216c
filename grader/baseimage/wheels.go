package baseimage

import (
	"archive/tar"
	"archive/zip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Where the Python of a stand-in looks for packages before its own, and where uv is told where to
// look.
const (
	sitePackages = "usr/local/lib/python3.13/dist-packages"
	uvConfig     = "etc/uv/uv.toml"
)

// wheels are the packages of a folder that a stand-in gets besides Debian's, by their paths,
// sorted.
type wheels []string

// readWheels lists the wheels and source archives of a folder; an empty name is no folder.
func readWheels(dir string) (all wheels, err error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the wheels: %w", err)
	}
	for _, e := range entries {
		if name := e.Name(); e.Type().IsRegular() && (strings.HasSuffix(name, ".whl") ||
			strings.HasSuffix(name, ".tar.gz")) {
			all = append(all, filepath.Join(dir, name))
		}
	}
	if len(all) == 0 {
		return nil, &SetupError{Message: fmt.Sprintf("there are no wheels in %q", dir),
			Fix: "fetch them where there is a network: pip download --dest " + dir +
				" --python-version 3.13 --only-binary :all: PACKAGE"}
	}
	return all, nil
}

// recipe returns what a stand-in with these wheels is labelled with.
func (all wheels) recipe() (string, error) {
	if len(all) == 0 {
		return recipe, nil
	}
	sum := sha256.New()
	for _, name := range all {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("reading the wheels: %w", err)
		}
		_, err = io.Copy(sum, f)
		fmt.Fprintf(sum, "\x00%s\x00", filepath.Base(name))
		if err := errors.Join(err, f.Close()); err != nil {
			return "", fmt.Errorf("reading the wheels: %w", err)
		}
	}
	return fmt.Sprintf("%s+%x", recipe, sum.Sum(nil)[:8]), nil
}

// fits reports whether a stand-in is as it would be made: where no wheels are asked for, those that
// it has stay.
func fits(label string, all wheels) (bool, error) {
	if len(all) == 0 {
		base, _, _ := strings.Cut(label, "+")
		return base == recipe, nil
	}
	want, err := all.recipe()
	return label == want, err
}

// of returns the wheel of a package, the last by name, or empty.
func (all wheels) of(name string) string {
	for _, file := range slices.Backward(all) {
		if base := filepath.Base(file); strings.HasPrefix(strings.ToLower(base), name+"-") &&
			strings.HasSuffix(base, ".whl") {
			return file
		}
	}
	return ""
}

// add adds the wheels to an archive, for pip to install from; a wheel of pip is in the place of
// Debian's, and where there is one of uv, uv is told to install from the same folder.
func (all wheels) add(w *tar.Writer) error {
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading the wheels: %w", err)
		}
		if err := addFile(w, path.Join(wheelhouse, filepath.Base(name)), text, 0o644); err != nil {
			return err
		}
	}
	if pip := all.of("pip"); pip != "" {
		if err := unpack(pip, func(name string, text []byte) error {
			return addFile(w, path.Join(sitePackages, name), text, 0o644)
		}); err != nil {
			return err
		}
	}
	if all.of("uv") == "" {
		return nil
	}
	return addFile(w, uvConfig, []byte("no-index = true\nfind-links = [\"/"+wheelhouse+"\"]\n"), 0o644)
}

// addUV adds uv under its two names: the one of a wheel, or the stand-in for it.
func (all wheels) addUV(w *tar.Writer, script []byte, folder string) error {
	file := all.of("uv")
	if file == "" {
		return errors.Join(addFile(w, folder+"uv", script, 0o755), addFile(w, folder+"uvx", script, 0o755))
	}
	return unpack(file, func(name string, text []byte) error {
		if base := path.Base(name); (base == "uv" || base == "uvx") &&
			strings.HasSuffix(path.Dir(name), ".data/scripts") {
			return addFile(w, folder+base, text, 0o755)
		}
		return nil
	})
}

func addFile(w *tar.Writer, name string, text []byte, mode int64) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(text)),
		ModTime: time.Unix(0, 0)}); err != nil {
		return err
	}
	_, err := w.Write(text)
	return err
}

// unpack calls do with each file of a wheel.
func unpack(wheel string, do func(name string, text []byte) error) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("reading the wheel %q: %w", filepath.Base(wheel), err)
	}
	defer z.Close()
	for _, f := range z.File {
		if !f.Mode().IsRegular() || !filepath.IsLocal(f.Name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("reading the wheel %q: %w", filepath.Base(wheel), err)
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("reading the wheel %q: %w", filepath.Base(wheel), err)
		}
		if err := do(f.Name, text); err != nil {
			return err
		}
	}
	return nil
}
