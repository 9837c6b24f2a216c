package dockerfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// maxBytes is how long a Dockerfile may be: a hundred times what a person writes.
const maxBytes = 1 << 20

// maxParts is how many instructions a Dockerfile may have, with the variables, labels and mounts of
// them and what COPY, ADD and VOLUME name. The time that BuildKit takes grows with the cube of the
// variables, and what it has begun no deadline ends: three thousand kept Engine 20.10 busy for
// hours.
const maxParts = 300

// maxPorts is how many ports EXPOSE may name: each range of it is taken apart by the builder. All
// that there are may be named once.
const maxPorts = 70_000

// Name is what Docker looks for.
const Name = "Dockerfile"

// Find returns the name of the file that Docker takes for the Dockerfile of a folder: Dockerfile
// or, where there is none, dockerfile.
func Find(folder fs.FS) string {
	lower := strings.ToLower(Name)
	if _, err := fs.Lstat(folder, Name); err == nil {
		return Name
	}
	if info, err := fs.Lstat(folder, lower); err != nil || info.IsDir() {
		return Name
	}
	return lower
}

// Load reads and parses the Dockerfile of a folder. Errors are of type *[Error], but for a file
// that is there and cannot be read.
func Load(folder fs.FS) (*File, error) {
	name := Find(folder)
	info, err := fs.Lstat(folder, name)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if info, err = fs.Stat(folder, name); err != nil {
			return nil, &Error{File: name, Missing: true, Message: name + " is a link to what is not in the folder",
				Hint: "Replace the link by the file itself."}
		}
	}
	switch {
	case err != nil:
		return nil, missing(folder, name)
	case !info.Mode().IsRegular():
		return nil, &Error{File: name, Missing: true, Message: name + " is not a plain file",
			Hint: "Docker reads the build instructions from a plain text file."}
	case info.Size() > maxBytes:
		return nil, &Error{File: name, Missing: true, Message: fmt.Sprintf("%s is larger than %d bytes", name,
			maxBytes)}
	}
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	return read(name, text, folder)
}

// missing names what looks as if it were meant to be the Dockerfile.
func missing(folder fs.FS, name string) *Error {
	e := &Error{File: name, Missing: true, Message: "there is no file named " + name,
		Hint: "Create a file named " + name + ", without an extension, in the top folder of the submission."}
	entries, _ := fs.ReadDir(folder, ".")
	for _, entry := range entries {
		lower := strings.ToLower(entry.Name())
		if !entry.IsDir() && (strings.HasPrefix(lower, "dockerfile") && !strings.HasSuffix(lower, ".dockerignore") ||
			lower == "containerfile") {
			e.Hint = fmt.Sprintf("Rename %q to %q: Docker looks for exactly that name.", entry.Name(), name)
			return e
		}
	}
	for _, entry := range entries {
		if _, err := fs.Stat(folder, entry.Name()+"/"+name); entry.IsDir() && err == nil {
			e.Hint = fmt.Sprintf(
				"There is one in %q: hand in that folder's content, so that the Dockerfile is at the top.",
				entry.Name())
			return e
		}
	}
	return e
}

// mostUnread is how many lines that cannot be read are left out before the file is given up.
const mostUnread = 20

// Parse parses a Dockerfile. Errors are of type *[Error].
func Parse(name string, text []byte) (*File, error) { return read(name, text, nil) }

// read returns Parse of a text that lies in a folder, where that is known.
func read(name string, text []byte, folder fs.FS) (*File, error) {
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return nil,
			&Error{File: name, Line: 1, Message: "the file is UTF-16, as PowerShell writes it, and Docker reads UTF-8",
				Hint:  "Save it as UTF-8, in PowerShell with Set-Content -Encoding utf8.",
				Names: written(linesOf(fromUTF16(text)))}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	f, wrong := parse(name, text)
	if wrong == nil {
		return f, nil
	}
	wrong.Names = written(linesOf(text))
	lines := bytes.Split(text, []byte("\n"))
	for e, n := wrong, 0; e != nil && e.Line > 0 && e.Line <= len(lines) && n < mostUnread; n++ {
		for i := e.Line - 1; i < max(e.Line, min(e.lastLine, len(lines))); i++ {
			lines[i] = nil
		}
		if wrong.Rest, e = parse(name, bytes.Join(lines, []byte("\n"))); e == nil {
			wrong.Rest.Lines = linesOf(text)
		}
	}
	wrong.explain(text, folder)
	wrong.Next = next(name, linesOf(text), wrong.Fix, folder)
	return nil, wrong
}

// next returns what Docker cannot read in a file with a fix made, and then with the fix of that.
func next(name string, lines []string, fix *Change, folder fs.FS) (all []*Error) {
	made := map[int]int{} // by the line below which fixes were made, how many lines came in
	for fix != nil && len(all) < mostUnread {
		changed, ok := fix.apply(lines)
		if !ok {
			return all
		}
		made[fix.Line] += len(changed) - len(lines)
		lines = changed
		text := []byte(strings.Join(lines, "\n") + "\n")
		_, e := parse(name, text)
		if e == nil {
			return all
		}
		e.explain(text, folder)
		if fix.Line <= e.Line && e.Line <= fix.Line+strings.Count(fix.New, "\n") {
			return all // it is of what was written, and no mistake of the file as it is
		}
		fix = e.Fix
		above := 0
		for line, n := range made {
			if line < e.Line {
				above += n
			}
		}
		e.Line -= above
		if fix != nil {
			e.Fix = &Change{Line: fix.Line - above, Old: fix.Old, New: fix.New}
		}
		all = append(all, e)
	}
	return all
}

// fromUTF16 returns a text as UTF-8 that begins with the mark of UTF-16.
func fromUTF16(text []byte) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if text[0] == 0xfe {
		order = binary.BigEndian
	}
	var units []uint16
	for i := 2; i+1 < len(text); i += 2 {
		units = append(units, order.Uint16(text[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

func linesOf(text []byte) []string {
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
}

func parse(name string, text []byte) (*File, *Error) {
	f := &File{Name: name, Lines: linesOf(text)}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, syntaxError(name, err)
	}
	if syntax, _, at, ok := parser.DetectSyntax(text); ok && len(at) > 0 {
		f.Syntax, f.SyntaxLine = syntax, at[0].Start.Line
	}
	if n, line := parts(parsed.AST.Children); n > maxParts {
		return nil, &Error{File: name, Line: line,
			Message: fmt.Sprintf("%s has %d instructions, variables, labels, mounts and files to copy, and no more "+
				"than %d are read", name, n, maxParts),
			Hint: "Write it with fewer: a Dockerfile for one program needs a few dozen."}
	}
	if _, _, err := instructions.Parse(parsed.AST, nil); err != nil {
		return nil, syntaxError(name, err)
	}
	for _, node := range parsed.AST.Children {
		in := instruction(node)
		switch {
		case in.Name == "FROM":
			s := f.stage(in)
			if s.From >= 0 {
				s.Instructions = triggers(f.Stages[s.From].Instructions)
			}
			f.Stages = append(f.Stages, s)
		case len(f.Stages) == 0:
			f.Global = append(f.Global, in)
			if e := f.tooGrown(); e != nil { // before a FROM has them put in
				return nil, e
			}
		default:
			last := &f.Stages[len(f.Stages)-1]
			last.Instructions = append(last.Instructions, in)
		}
	}
	if len(f.Stages) == 0 {
		return nil, &Error{File: name, Line: 1, Message: "there is no FROM",
			Hint: "Every Dockerfile begins with FROM and a base image, such as FROM python:3.12-slim."}
	}
	if e := f.tooGrown(); e != nil {
		return nil, e
	}
	if e := f.tooManyPorts(); e != nil {
		return nil, e
	}
	return f, nil
}

func instruction(node *parser.Node) Instruction {
	in := Instruction{Name: strings.ToUpper(node.Value), Line: node.StartLine, EndLine: node.EndLine, Flags: node.Flags,
		Exec: node.Attributes["json"], Text: strings.TrimSpace(node.Original)}
	for next := node.Next; next != nil; next = next.Next {
		in.Args = append(in.Args, next.Value)
		if in.Name == "HEALTHCHECK" || in.Name == "ONBUILD" {
			for _, child := range next.Children {
				in.Args = append(in.Args, strings.TrimSpace(child.Original))
				if in.Name == "ONBUILD" {
					then := instruction(child)
					then.Line, then.EndLine = in.Line, in.EndLine
					in.then = &then
				}
			}
		}
	}
	for _, doc := range node.Heredocs {
		in.Heredocs = append(in.Heredocs, doc.Content)
	}
	return in
}

// triggers returns what ONBUILD among some instructions does in a stage that is built on theirs.
func triggers(all []Instruction) (then []Instruction) {
	for _, in := range all {
		if in.then != nil {
			then = append(then, *in.then)
		}
	}
	return then
}

// stage makes a stage of a FROM.
func (f *File) stage(in Instruction) Stage {
	s := Stage{From: -1, Line: in.Line}
	if len(in.Args) > 0 {
		s.from, s.Base = in.Args[0], f.expand(in.Args[0])
	}
	if len(in.Args) == 3 && strings.EqualFold(in.Args[1], "as") {
		s.Name = in.Args[2]
	}
	s.From = f.stageIndex(s.Base)
	return s
}

// stageIndex returns the stage of that name or number so far, or -1.
func (f *File) stageIndex(name string) int {
	for i, s := range f.Stages {
		if s.Name != "" && strings.EqualFold(s.Name, name) {
			return i
		}
	}
	return -1
}

// expand puts the defaults of the ARGs before the first FROM into a word.
func (f *File) expand(word string) string {
	lex := shell.NewLex('\\')
	var env []string
	for _, arg := range f.Global {
		for _, assignment := range arg.Args {
			name, value, _ := strings.Cut(assignment, "=")
			value, _, _ = lex.ProcessWord(value, shell.EnvsFromSlice(env))
			env = append(env, name+"="+value)
		}
	}
	expanded, _, err := lex.ProcessWord(word, shell.EnvsFromSlice(env))
	if err != nil || expanded == "" {
		return word
	}
	return expanded
}

// Layers returns the instructions of a stage that BuildKit numbers as steps: [stage k/n], where
// FROM is the first.
func (s *Stage) Layers() []Instruction {
	var out []Instruction
	for _, in := range s.Instructions {
		switch in.Name {
		case "COPY", "ADD", "RUN", "WORKDIR":
			out = append(out, in)
		}
	}
	return out
}

var (
	atLine  = regexp.MustCompile(`(?i)(?:dockerfile )?(?:parse )?(?:error )?(?:on )?line (\d+): `)
	unknown = regexp.MustCompile(`unknown instruction: ([^\s(]+)(?: \(did you mean ([^)]+)\?\))?`)
)

// syntaxError returns BuildKit's complaint with its line, in fewer words.
func syntaxError(name string, err error) *Error {
	e := &Error{File: name, Message: err.Error()}
	var located *parser.LocationError
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		e.Line, e.lastLine = located.Locations[0][0].Start.Line, located.Locations[0][0].End.Line
	}
	if m := atLine.FindStringSubmatchIndex(e.Message); m != nil {
		if e.Line == 0 {
			e.Line, _ = strconv.Atoi(e.Message[m[2]:m[3]])
		}
		e.Message = e.Message[:m[0]] + e.Message[m[1]:]
	}
	e.Message = strings.TrimPrefix(e.Message, "dockerfile parse error ")
	e.Hint = "Compare the line with the lesson's: an instruction is one word in capitals, then its arguments."
	if m := unknown.FindStringSubmatch(e.Message); m != nil && m[2] != "" {
		e.Hint = fmt.Sprintf("Write %s instead of %s.", m[2], m[1])
	}
	if strings.Contains(e.Message, "file with no instructions") {
		e.Message, e.Hint = "the file is empty", "Begin with FROM python:3.12-slim."
	}
	return e
}

// parts counts instructions and what they are made of, and says where the first too many is.
func parts(nodes []*parser.Node) (n, line int) {
	for _, node := range nodes {
		words := 0
		for next := node.Next; next != nil; next = next.Next {
			words++
		}
		switch strings.ToUpper(node.Value) {
		case "ARG":
			n += max(words, 1)
		case "ENV", "LABEL": // name, value and what stands between them
			n += max(words/3, 1)
		case "COPY", "ADD", "VOLUME":
			n += max(words, 1)
		default:
			n++
		}
		n += len(node.Flags)
		if n > maxParts && line == 0 {
			line = node.StartLine
		}
	}
	return n, line
}
