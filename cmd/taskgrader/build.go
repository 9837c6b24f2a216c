package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
)

// build returns what is equal where the same program is. A version alone would not do: all that is
// built from a working copy has the same.
var build = sync.OnceValues(func() (string, error) {
	if info, ok := debug.ReadBuildInfo(); ok {
		if known := builtFrom(info); known != "" {
			return known, nil
		}
	}
	sum, err := programDigest()
	return version() + " sha256:" + sum[:min(len(sum), 16)], err
})

// builtFrom returns the module or the commit that a program was built from, or empty where neither
// tells all of it.
func builtFrom(info *debug.BuildInfo) string {
	revision, clean := "", false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			clean = s.Value == "false"
		}
	}
	switch {
	case info.Main.Sum != "":
		return info.Main.Version + " " + info.Main.Sum
	case revision != "" && clean && !strings.HasSuffix(info.Main.Version, "+dirty"):
		return info.Main.Version + " " + revision[:min(len(revision), 16)]
	}
	return ""
}

// programDigest returns the digest of this program's file.
func programDigest() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("reading this program: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("reading this program: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
