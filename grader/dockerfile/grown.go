package dockerfile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// unknownSize is how long a variable is taken to be that the file itself does not set: one of the
// base image, or of the builder.
const unknownSize = 256

var (
	named       = regexp.MustCompile(`\$\{?(\w+)`)
	substitutes = regexp.MustCompile(`\$\{\w+/`) // ${A/x/$B} may put one value into another at every letter
)

// tooGrown returns the first instruction with which the file, its variables put in, is longer than
// a Dockerfile may be; nil where it never is. A few hundred bytes of ARG that name each other ten
// times stand for gigabytes, in this program as in the builder. Nothing is put in to find out: the
// lengths are added up, each as the most that it can be.
func (f *File) tooGrown() *Error {
	total := 0
	global := scope{}
	for _, in := range f.Global {
		total += global.grow(in)
		if total > maxBytes {
			return grown(f.Name, in)
		}
	}
	stages := make([]scope, len(f.Stages))
	for i, s := range f.Stages {
		vars := scope{}
		if s.From >= 0 {
			vars = maps.Clone(stages[s.From])
		}
		for _, in := range s.Instructions {
			if in.Name == "ARG" {
				for _, arg := range in.Args {
					// of an ARG above the first FROM
					if size, known := global[arg]; known && !strings.Contains(arg, "=") {
						vars[arg] = size
					}
				}
			}
			if total += vars.grow(in); total > maxBytes {
				return grown(f.Name, in)
			}
		}
		stages[i] = vars
	}
	return nil
}

func grown(name string, in Instruction) *Error {
	return &Error{File: name, Line: in.Line,
		Message: fmt.Sprintf("with the variables put in, %s is longer than %d bytes here", name, maxBytes),
		Hint:    "Let no ARG or ENV name others so often that it grows without end."}
}

// scope is how long the values of variables may be, in bytes.
type scope map[string]int

// grow returns how long an instruction may become, and sets the variables that it assigns.
func (s scope) grow(in Instruction) (size int) {
	switch in.Name {
	case "ARG":
		set := scope{}
		for _, arg := range in.Args {
			if name, value, ok := strings.Cut(arg, "="); ok {
				set[name] = s.size(value)
				size += set[name]
			}
		}
		maps.Copy(s, set)
	case "ENV":
		set := scope{}
		for i := 0; i+1 < len(in.Args); i += 3 { // name, value, and what stands between them
			set[in.Args[i]] = s.size(in.Args[i+1])
			size += set[in.Args[i]]
		}
		maps.Copy(s, set)
	case "RUN": // each is sent to the builder with all variables
		for _, n := range s {
			size += n
		}
	default:
		for _, word := range append(in.Heredocs, in.Args...) {
			size += s.size(word)
		}
	}
	return size
}

// size returns how long a word may become, and never more than a file's length squared.
func (s scope) size(word string) int {
	size := len(word)
	for _, m := range named.FindAllStringSubmatch(word, -1) {
		n, known := s[m[1]]
		if !known {
			n = unknownSize
		}
		size += n
	}
	size = min(size, 2*maxBytes)
	if substitutes.MatchString(word) {
		size *= size
	}
	return size
}

// Value returns a word of an instruction with the variables put in that the file itself sets above
// it; others are empty, as is what cannot be read.
func (f *File) Value(at Instruction, word string) string {
	lex := shell.NewLex('\\')
	put := func(env []string, word string) string {
		value, _, err := lex.ProcessWord(word, shell.EnvsFromSlice(env))
		if err != nil {
			return ""
		}
		return value
	}
	assign := func(env []string, global []string, in Instruction) []string {
		set := slices.Clone(env)
		switch in.Name {
		case "ARG":
			for _, arg := range in.Args {
				name, value, given := strings.Cut(arg, "=")
				if given {
					set = append(set, name+"="+put(env, value))
				} else if outer := put(global, "$"+name); outer != "" {
					set = append(set, name+"="+outer)
				}
			}
		case "ENV":
			for i := 0; i+1 < len(in.Args); i += 3 {
				set = append(set, in.Args[i]+"="+put(env, in.Args[i+1]))
			}
		}
		return set
	}
	var global []string
	for _, in := range f.Global {
		global = assign(global, nil, in)
	}
	i := slices.IndexFunc(f.Stages, func(s Stage) bool {
		return slices.ContainsFunc(s.Instructions, func(in Instruction) bool { return in.Line == at.Line })
	})
	if i < 0 {
		return put(global, word)
	}
	var above []Instruction
	for ; i >= 0; i = f.Stages[i].From {
		above = append(slices.Clone(f.Stages[i].Instructions), above...)
	}
	var env []string
	for _, in := range above {
		if in.Line == at.Line {
			break
		}
		env = assign(env, global, in)
	}
	return put(env, word)
}
