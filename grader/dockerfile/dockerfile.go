// Package dockerfile is a Dockerfile as BuildKit's own parser reads it, with the line of
// everything.
package dockerfile

import (
	"slices"
	"strings"
)

// File is a parsed Dockerfile.
type File struct {
	Name       string   // path in the folder
	Lines      []string // the text, without line ends
	Syntax     string   // of a `# syntax=` line, or empty
	SyntaxLine int
	Global     []Instruction // ARG before the first FROM
	Stages     []Stage       // at least one
}

// Stage is one FROM and what follows it.
type Stage struct {
	Name string // of AS, or empty
	Base string // the image or stage, with ARG defaults put in
	From int    // index of the stage that Base names, or -1 for an image from outside
	Line int
	// without the FROM, and with what ONBUILD of the stage that it is built on does here
	Instructions []Instruction

	from string // Base as it is written
}

// Instruction is one instruction.
type Instruction struct {
	Name    string   // upper case: RUN
	Line    int      // where it begins
	EndLine int      // where it ends
	Flags   []string // --from=builder
	// the words after the flags; of the exec form the elements; of the shell form of RUN, CMD,
	// ENTRYPOINT one text
	Args     []string
	Exec     bool     // the JSON form
	Text     string   // as written, continuation lines joined
	Heredocs []string // contents of here-documents

	then *Instruction // of ONBUILD
}

// Error is a Dockerfile that Docker cannot read, or that is not there. It is the student's fault.
type Error struct {
	File    string
	Line    int // 0 when it is about the whole file
	Message string
	Hint    string
	Missing bool // there is no such file, or it is no plain file
	// Rest is the file without the lines that cannot be read, so that one misspelt word costs its
	// own line and no other; nil when nothing can be made of it.
	Rest *File
	Fix  *Change // the line to write, parsed back; nil where it cannot be told
	// Next are the mistakes that Docker would meet then, where each before it has a Fix and that
	// was made; their lines are those of the file as it is.
	Next  []*Error
	Names []string // the instructions that lines begin with, whether or not Docker can read what follows

	lastLine int // of what cannot be read, where it begins on Line
}

func (e *Error) Error() string { return e.Message }

// Final returns the last stage, which is the image.
func (f *File) Final() *Stage { return &f.Stages[len(f.Stages)-1] }

// Effective returns the instructions that make the image's last stage what it is: its own, after
// those of the stages that it is built on. The list is the caller's own.
func (f *File) Effective() []Instruction {
	s := f.Final()
	all := slices.Clone(s.Instructions)
	for s.From >= 0 {
		s = &f.Stages[s.From]
		all = append(slices.Clone(s.Instructions), all...)
	}
	return all
}

// Last returns the instruction of one of these names that counts, which is the last of
// [File.Effective], or nil.
func (f *File) Last(names ...string) *Instruction {
	all := f.Effective()
	for i := len(all) - 1; i >= 0; i-- {
		if slices.Contains(names, all[i].Name) {
			return &all[i]
		}
	}
	return nil
}

// Lasts returns of each of these names the instruction that counts, of those that there are.
func (f *File) Lasts(names ...string) (all []*Instruction) {
	for _, name := range names {
		if in := f.Last(name); in != nil {
			all = append(all, in)
		}
	}
	return all
}

// At returns the instruction that begins on a line, or nil.
func (f *File) At(line int) *Instruction {
	for _, s := range f.Stages {
		for i := range s.Instructions {
			if s.Instructions[i].Line == line {
				return &s.Instructions[i]
			}
		}
	}
	return nil
}

// Declares reports whether an ARG of the file has a name, or may have it, whereby what is passed
// with the build can be read.
func (f *File) Declares(arg string) bool {
	declares := func(in Instruction) bool {
		return in.Name == "ARG" && slices.ContainsFunc(in.Assignments(),
			func(a Assignment) bool { return a.Name == arg || strings.Contains(a.Name, "$") })
	}
	return slices.ContainsFunc(f.Global, declares) ||
		slices.ContainsFunc(f.Stages, func(s Stage) bool { return slices.ContainsFunc(s.Instructions, declares) })
}
