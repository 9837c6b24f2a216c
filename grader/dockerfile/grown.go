package dockerfile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// unknownSize is how long a variable is taken to be that the file itself does not set: one of the
// base image, or of the builder.
const unknownSize = 256

// The most that variables may cost where one is put into another: how deep one stands in another's
// default, and how long a word may be with a pattern in it, which is tried at every letter.
const (
	deepest     = 20
	longPattern = 4096
)

var (
	named       = regexp.MustCompile(`\$\{?(\w+)`)
	substitutes = regexp.MustCompile(`\$\{\w+/`) // ${A/x/$B} may put one value into another at every letter
	patterned   = regexp.MustCompile(`\$\{\w+[#%/]`)
	quotes      = strings.NewReplacer(`"`, "", "'", "", `\`, "", "`", "")
)

// anyName stands for all variables: of a name that is made of another variable.
const anyName = "$"

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
						vars[arg] = max(vars[arg], size)
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

// scope is how long the values of variables may be, in bytes: the longest that each has had, since
// an ENV hides an ARG that is set after it.
type scope map[string]int

// grow returns how long an instruction may become, and sets the variables that it assigns.
func (s scope) grow(in Instruction) (size int) {
	set := scope{}
	assign := func(name, value string) {
		if name = quotes.Replace(name); strings.Contains(name, "$") {
			name = anyName
		}
		n := s.size(value)
		set[name] = max(set[name], n)
		size += n
	}
	switch in.Name {
	case "ARG":
		for _, arg := range in.Args {
			if name, value, ok := strings.Cut(arg, "="); ok {
				assign(name, value)
			}
		}
	case "ENV":
		for i := 0; i+1 < len(in.Args); i += 3 { // name, value, and what stands between them
			assign(in.Args[i], in.Args[i+1])
		}
	case "RUN": // each is sent to the builder with all variables
		for _, n := range s {
			size += n
		}
	default:
		for _, word := range append(in.Heredocs, in.Args...) {
			size += s.size(word)
		}
	}
	for name, n := range set {
		s[name] = max(s[name], n)
	}
	return min(size, 2*maxBytes)
}

// size returns how long a word may become, and never more than twice a file's length.
func (s scope) size(word string) int {
	size, depth, deep := len(word), 0, 0
	for _, m := range named.FindAllStringSubmatch(word, -1) {
		n, known := s[m[1]]
		if !known {
			n = unknownSize
		}
		size += max(n, s[anyName])
	}
	for i, c := range word {
		switch {
		case c == '{' && i > 0 && word[i-1] == '$':
			depth++
			deep = max(deep, depth)
		case c == '}':
			depth = max(0, depth-1)
		}
	}
	if deep > deepest || size > longPattern && patterned.MatchString(word) {
		return 2 * maxBytes
	}
	least := size
	for range len(substitutes.FindAllString(word, -1)) {
		size = min(size*least, 2*maxBytes)
	}
	return min(size, 2*maxBytes)
}

// tooManyPorts returns the first EXPOSE with which the file names more ports than it may.
func (f *File) tooManyPorts() *Error {
	n := 0
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			if in.Name != "EXPOSE" {
				continue
			}
			for _, word := range in.Args {
				for _, port := range strings.Fields(f.Value(in, word)) {
					first, last, _ := strings.Cut(port[strings.LastIndex(port, ":")+1:], "-")
					last, _, _ = strings.Cut(last, "/")
					from, wrong := strconv.Atoi(first)
					to, single := strconv.Atoi(last)
					if n++; wrong == nil && single == nil {
						n += max(0, min(to-from, 1<<16))
					}
				}
			}
			if n > maxPorts {
				return &Error{File: f.Name, Line: in.Line,
					Message: fmt.Sprintf("EXPOSE names more than %d ports up to this line", maxPorts),
					Hint:    "Name the ports on which the program listens: most have one."}
			}
		}
	}
	return nil
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
