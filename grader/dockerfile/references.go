package dockerfile

import (
	"encoding/csv"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// reference is one place where the file names an image from outside.
type reference struct {
	line   int    // where its instruction begins
	before string // what stands before it, as a pattern; no other platform, whose image is another
	text   string // as written
	image  string // with ARG defaults put in
}

// references returns the places in the order of the text; `scratch` is none.
func (f *File) references() (all []reference) {
	add := func(r reference) {
		if r.image != "" && r.image != "scratch" {
			all = append(all, r)
		}
	}
	for i, s := range f.Stages {
		if s.From < 0 {
			add(reference{s.Line, `(?i)^\s*FROM\s+(?:--platform=["']?\$\{?(?:BUILD|TARGET)PLATFORM\}?["']?\s+)?`,
				s.from, s.Base})
		}
		from := func(line int, before, text string) {
			earlier := File{Stages: f.Stages[:i]} // a stage can be named only after it
			if n, err := strconv.Atoi(text); (err != nil || n >= i) && earlier.stageIndex(text) < 0 {
				add(reference{line, before, text, f.expand(text)})
			}
		}
		for _, in := range s.Instructions {
			for _, f := range in.froms() {
				from(in.Line, f.before, f.text)
			}
		}
	}
	return all
}

// References returns the images from outside that the file names in FROM, COPY --from and RUN
// --mount, each once, in the order of the text, ARG defaults put in; `scratch` is none.
func (f *File) References() (refs []string) {
	for _, r := range f.references() {
		if !slices.Contains(refs, r.image) {
			refs = append(refs, r.image)
		}
	}
	return refs
}

// Rebased returns the lines with other names for images from outside; other is told also how a name
// is written, and returns an empty one where it stays. A name that is not on the first line of its
// instruction stays, too, and one with an argument where BuildKit puts none in.
func (f *File) Rebased(other func(image, written string) string) []string {
	lines := slices.Clone(f.Lines)
	for _, r := range f.references() {
		if strings.Contains(r.text, "$") && f.At(r.line) != nil {
			continue
		}
		name := other(r.image, r.text)
		if name == "" {
			continue
		}
		line := lines[r.line-1]
		m := regexp.MustCompile(`(` + r.before + `["']?)` + regexp.QuoteMeta(r.text) +
			`(?:["'\s,]|$)`).FindStringSubmatchIndex(line)
		if m != nil {
			lines[r.line-1] = line[:m[3]] + name + line[m[3]+len(r.text):]
		}
	}
	return lines
}

// Reference is an image from outside, and the line that names it.
type Reference struct {
	Image string
	Line  int
}

// Outside returns all places where the file names an image from outside.
func (f *File) Outside() (refs []Reference) {
	for _, r := range f.references() {
		refs = append(refs, Reference{r.image, r.line})
	}
	return refs
}

// taken is an image or a stage that an instruction takes files from, as written, and a pattern of
// what stands before it.
type taken struct{ before, text string }

// froms returns what an instruction takes files from, beside the context.
func (in Instruction) froms() (all []taken) {
	for _, flag := range in.Flags {
		if text, ok := strings.CutPrefix(flag, "--from="); ok {
			all = append(all, taken{`\s--from=`, text})
		}
	}
	for _, mount := range in.mounts() {
		if from := mount["from"]; from != "" {
			all = append(all, taken{`\s--mount=(?:\S*,)?from=`, from})
		}
	}
	return all
}

// mounts returns the options of each RUN --mount, by their names in small letters.
func (in Instruction) mounts() (all []map[string]string) {
	for _, flag := range in.Flags {
		text, ok := strings.CutPrefix(flag, "--mount=")
		if !ok {
			continue
		}
		words, err := csv.NewReader(strings.NewReader(text)).Read() // as BuildKit reads them
		if err != nil {
			words = strings.Split(text, ",")
		}
		options := map[string]string{"type": "bind"}
		for _, word := range words {
			name, value, _ := strings.Cut(word, "=")
			options[strings.ToLower(strings.TrimSpace(name))] = value
		}
		all = append(all, options)
	}
	return all
}

// CacheIDs returns the ids of all mounts that are a cache, or that a variable may make one; empty
// where one has none.
func (f *File) CacheIDs() (ids []string) {
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			for _, mount := range in.mounts() {
				if mount["type"] == "cache" || strings.Contains(mount["type"], "$") {
					ids = append(ids, mount["id"])
				}
			}
		}
	}
	return ids
}

// TakesFromStage reports whether the image takes files from a stage that it is not built on.
func (f *File) TakesFromStage() bool {
	for i, s := range f.Stages {
		before := File{Stages: f.Stages[:i]}
		if !f.builtOn(i) {
			continue
		}
		for _, in := range s.Instructions {
			for _, from := range in.froms() {
				if n, err := strconv.Atoi(from.text); err == nil && n < i || before.stageIndex(from.text) >= 0 {
					return true
				}
			}
		}
	}
	return false
}

// builtOn reports whether the image is built on a stage, or is that stage.
func (f *File) builtOn(stage int) bool {
	for i := len(f.Stages) - 1; i >= 0; i = f.Stages[i].From {
		if i == stage {
			return true
		}
	}
	return false
}
