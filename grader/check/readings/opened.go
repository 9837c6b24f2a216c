package readings

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// ofLaptop is a path as the student's own machine has it.
var ofLaptop = regexp.MustCompile(`^(?:[A-Za-z]:[\\/]|/(?:home|Users|mnt/[a-z])/)`)

// pathOfElsewhere says of a path that the program opens that it is not written as this image has
// it: with the separators of Windows, of another machine, in other letters, or from another folder.
func (s *Scene) pathOfElsewhere(name string, h *check.Hint) bool {
	name = strings.ReplaceAll(name, `\\`, `\`)
	plain := strings.ReplaceAll(name, `\`, "/")
	if home := s.noHome(plain, h); home {
		return true
	}
	if ofLaptop.MatchString(name) && !s.mentions(plain) {
		h.Cause = fmt.Sprintf("The program opens %s%s, a path of another machine: the image has no such file.",
			name, s.at())
		h.Advice = "Name it from the folder of the program on, and COPY it into the image."
		s.renamed(name, s.only(path.Base(plain)), h)
		return true
	}
	if plain != name {
		h.Cause = fmt.Sprintf("The program opens %s%s: on Linux \\ does not part folders, so that is the name of "+
			"one file, and there is none.", name, s.at())
		h.Advice = "Write / in its place."
		s.renamed(name, plain, h)
		return true
	}
	at := inside(s.workdir(), name)
	rest := s.folderPath(at)
	for _, file := range s.files() {
		if strings.EqualFold(file, rest) && file != rest && s.where(file) != "" {
			h.Cause = fmt.Sprintf("The program opens %s%s, and the folder has %s: Linux tells capital letters "+
				"apart.", name,
				s.at(), file)
			h.Advice = "Write it as the folder does."
			s.renamed(name, strings.Replace(name, rest, file, 1), h)
			return true
		}
	}
	if own := s.ownPath(rest); own != "" && own != rest && s.isFolder(own) && s.arrives(own) {
		for inner, file := range s.landed() {
			there, ok := strings.CutSuffix(inner, strings.TrimPrefix(file, own))
			if !strings.HasPrefix(file, own+"/") || !ok || there == at {
				continue
			}
			h.Cause = fmt.Sprintf("The program opens %s%s, and the folder's %s is at %s in the image.", name,
				s.at(), own, there)
			h.Advice = "Name it as it is called there."
			s.renamed(name, there, h)
			return true
		}
	}
	file := s.only(path.Base(name))
	p, _ := s.frame()
	if there := s.where(file); path.IsAbs(name) && there != "" && there != at && !writes.MatchString(p.text) {
		h.Cause = fmt.Sprintf("The program opens %s%s, and the folder's %s is at %s in the image.", name, s.at(),
			file, there)
		h.Advice = "Name it as it is called there."
		s.renamed(name, there, h)
		return true
	} else if file != "" && there != "" && there != at && !s.has(rest) {
		h.Cause = fmt.Sprintf("The program opens %s%s, which is %s to it, since it runs in %s: the file is at %s.",
			name,
			s.at(), at, s.workdir(), there)
		h.Advice = "Name it from there on, or from the folder of the file that opens it: Path(__file__).parent."
		if beside, ok := strings.CutPrefix(there, strings.TrimSuffix(s.workdir(), "/")+"/"); ok {
			s.renamed(name, beside, h)
		} else {
			s.renamed(name, there, h)
		}
		return true
	}
	return false
}

// only returns the one file of the folder that has a base name, or empty.
func (s *Scene) only(base string) string {
	if found := s.named(base); len(found) == 1 {
		return found[0]
	}
	return ""
}

// mentions reports whether the Dockerfile names the folder above a path, or makes the account below
// whose home it is, so that it is of the image.
func (s *Scene) mentions(name string) bool {
	text := strings.Join(s.File.Lines, "\n")
	home := regexp.MustCompile(`^/home/([\w-]+)`).FindStringSubmatch(name)
	return strings.Contains(text, path.Dir(name)) || home != nil && (strings.Contains(text, home[0]) ||
		regexp.MustCompile(`\b(?:useradd|adduser)\b.*\b`+home[1]+`\b`).MatchString(text))
}

// renamed adds to a hint the line of the program that has a path, with another in its place.
func (s *Scene) renamed(name, by string, h *check.Hint) {
	if by == "" {
		return
	}
	pattern := regexp.MustCompile(`(r?)(["'])` + strings.ReplaceAll(regexp.QuoteMeta(name), `\\`, `\\{1,2}`) + `(["'])`)
	p, ok := s.frame()
	if ok {
		if h.Edit = p.replace(pattern, "${2}"+by+"${3}"); h.Edit != nil {
			return
		}
	}
	if p, _ = s.grep(pattern, ".py"); p.file != "" {
		h.Edit = p.replace(pattern, "${2}"+by+"${3}")
		return
	}
	h.Edit = s.inValue(regexp.MustCompile(`(=["']?)`+regexp.QuoteMeta(name)+`($|[\s"'])`), "${1}"+by+"${2}")
	if h.Edit != nil {
		h.Advice = fmt.Sprintf("Line %d of %s sets that path: name the file as it is called there.", h.Edit.Line,
			h.Edit.File)
	}
}

// noHome says of a path below a home folder that the account was made without one.
func (s *Scene) noHome(name string, h *check.Hint) bool {
	who, line := s.user()
	if who == "" || !strings.HasPrefix(name, "/home/"+who+"/") ||
		strings.Contains(strings.Join(s.File.Lines, "\n"), "/home/"+who) {
		return false
	}
	for _, in := range s.File.Effective() {
		made := regexp.MustCompile(`\buseradd\b([^&;|]*)\s` + regexp.QuoteMeta(who) + `\b`).FindStringSubmatch(in.Text)
		if in.Name != "RUN" || made == nil || regexp.MustCompile(`\s(?:-\w*m|--create-home)\b`).MatchString(made[1]) {
			continue
		}
		h.Cause = fmt.Sprintf("The program opens %s%s as %s (USER, line %d), and useradd on line %d makes no home "+
			"folder.",
			name, s.at(), who, line, in.Line)
		h.Advice = "Let it make one."
		h.Edit = s.inInstruction(&in, regexp.MustCompile(`\buseradd\b`), "useradd --create-home")
		return true
	}
	return false
}

// writes is how a line of Python writes a file, makes it or takes it away.
var writes = regexp.MustCompile(
	`["'][wax]b?\+?t?["']|r\+|mode\s*=|write|mkdir|makedirs|touch|Handler\(|basicConfig|connect\(|save|dump|unlink|` +
		`remove|rename|chmod|chown|copy|move|\.add\(|create_engine|upload`)

// mayNotRead says of a file of the image that the program's user may not read it, and reports
// whether that is so: the line that failed only reads.
func (s *Scene) mayNotRead(name, at string, h *check.Hint) bool {
	who, line := s.user()
	p, ok := s.frame()
	if !ok && who != "" && s.landed()[at] != "" && regexp.MustCompile(`\bopen '`).MatchString(s.log) && scripted(name) {
		h.Cause = fmt.Sprintf("%s (USER, line %d) may not read %s, which is to be run.", who, line, name)
		h.Advice = "Let everybody read it, with chmod a+r."
		if h.Edit = s.asRoot("RUN chmod a+r " + at); h.Edit != nil {
			h.Advice = "Let everybody read it."
		}
		return true
	}
	if !ok || who == "" || writes.MatchString(p.text) || s.landed()[at] == "" {
		return false
	}
	h.Cause = fmt.Sprintf("%s, reads %s as %s (USER, line %d), who may not read it.", p, name, who, line)
	h.Advice = "Give it to that user with chown."
	if !strings.Contains(who, "$") {
		if h.Edit = s.asRoot("RUN chown " + who + " " + at); h.Edit != nil {
			h.Advice = "Give it to that user."
		}
	}
	return true
}

// opensFolder says of a path that the program opens as a file that it is a folder.
func opensFolder(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("The program opens %s%s as a file, and in the image that is a folder.", m[1], s.at())
	h.Advice = "Name the file in it."
	var within []string
	for inner := range s.landed() {
		if path.Dir(inner) == inside(s.workdir(), m[1]) {
			within = append(within, path.Base(inner))
		}
	}
	if len(within) == 1 {
		h.Advice = fmt.Sprintf("Is %s/%s meant?", strings.TrimSuffix(m[1], "/"), within[0])
		s.renamed(m[1], strings.TrimSuffix(m[1], "/")+"/"+within[0], h)
	}
	return true
}

// fileOfOption says which file that an option of CMD names is not in the image.
func fileOfOption(s *Scene, _ []string, h *check.Hint) bool {
	in := s.commandInstruction()
	if in == nil {
		return false
	}
	for _, m := range regexp.MustCompile(`(--(?:ssl-)?(?:keyfile|certfile|ca-certs))[\s=]+(\S+)`).FindAllStringSubmatch(
		strings.Join(in.Args, " "), -1) {
		if s.landed()[inside(s.workdir(), m[2])] == "" {
			return optionPath(s, m, h)
		}
	}
	return false
}

// quotedFile is a name of a file in quotes.
var quotedFile = regexp.MustCompile(`["']([\w./ -]+\.\w{1,6})["']`)

// reads returns the file of the folder that a line of the program opens, or that a line a little
// above it does; or empty.
func (s *Scene) reads(p place) string {
	lines := s.lines(p.file)
	for n := p.line; n > 0 && n > p.line-6; n-- {
		for _, m := range quotedFile.FindAllStringSubmatch(lines[n-1], -1) {
			if file := s.own(m[1]); file != "" && !strings.HasSuffix(file, ".py") {
				return file
			}
		}
	}
	return ""
}

// notReadINI says of a section that configparser has not that its file is not in the image, which
// read passes over in silence; and reports whether that is so.
func notReadINI(s *Scene, m []string, h *check.Hint) bool {
	p, got := s.grep(regexp.MustCompile(`(\w+)\.read\(\s*["']([\w./-]+\.(?:ini|cfg|conf))["']`), ".py")
	if got == nil || !s.started {
		return false
	}
	if f, _ := s.frame(); strings.HasPrefix(m[0], "KeyError") && !strings.Contains(f.text, got[1]) {
		return false // the key of something else
	}
	at := inside(s.workdir(), got[2])
	if s.landed()[at] != "" {
		return false
	}
	h.Cause = fmt.Sprintf("The section %s is missing%s, since %s, reads %s, and the image has no such file: read "+
		"passes over "+
		"that in silence.", m[1], s.at(), p, got[2])
	h.Advice = "Hand it in and COPY it."
	if file := s.only(path.Base(got[2])); file != "" {
		if line := s.hidden(file); line != "" {
			h.Cause = fmt.Sprintf("The section %s is missing%s, since %s, reads %s, and %s, keeps it out of the "+
				"image: read passes "+
				"over that in silence.", m[1], s.at(), p, got[2], line)
			h.Advice = "Take that line out of the ignore file, or add !" + file + " below it."
		} else if there := s.where(file); there != "" {
			h.Cause = fmt.Sprintf("The section %s is missing%s, since %s, reads %s, which is at %s in the image: "+
				"read passes over "+
				"that in silence.", m[1], s.at(), p, at, there)
			h.Advice = "Name it as it is called there."
			s.renamed(got[2], there, h)
		} else {
			h.Edit = s.beside(file + " " + strings.TrimPrefix(at, strings.TrimSuffix(s.workdir(), "/")+"/"))
		}
	}
	return true
}

// notInUTF8 says which file is not in the encoding that it is read in.
func notInUTF8(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	what := s.reads(p)
	if what == "" {
		if got := quotedFile.FindStringSubmatch(p.text); got != nil {
			what = got[1]
		}
	}
	if what == "" {
		what = "a file"
	}
	h.Cause = fmt.Sprintf("%s, reads %s as %s, and it is in another encoding: the byte %s is none of it. The line "+
		"is `%s`.",
		p, what, strings.ToUpper(m[1]), m[2], p.code())
	h.Advice = `Save the file as UTF-8, or name its encoding: open(…, encoding="latin-1").`
	if strings.HasPrefix(m[1], "ascii") {
		h.Advice = `Name its encoding: open(…, encoding="utf-8").`
	}
	return true
}

// brokenJSON says which line of which file is no JSON.
func brokenJSON(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	file := s.reads(p)
	if file == "" {
		return false
	}
	n := 0
	_, _ = fmt.Sscan(m[2], &n)
	lines := s.lines(file)
	if n < 1 || n > len(lines) {
		return false
	}
	h.Cause = fmt.Sprintf("%s, reads %s as JSON, and it is none, from line %s on (column %s): %s. The line is "+
		"`%s`.", p, file,
		m[2], m[3], m[1], short(strings.TrimSpace(lines[n-1])))
	h.Advice = "JSON has double quotes, no comment, and no comma behind the last of a list."
	for at := n; at > 0 && at > n-2; at-- {
		if strings.Contains(m[1], "quotes") && strings.Contains(lines[at-1], "'") {
			break
		}
		ends := regexp.MustCompile(`,(\s*)$`)
		if next := strings.TrimSpace(strings.Join(lines[at:], "")); ends.MatchString(lines[at-1]) &&
			(strings.HasPrefix(next, "]") || strings.HasPrefix(next, "}")) {
			h.Advice = "Take the comma behind the last of the list out."
			h.Edit = place{file, at, lines[at-1]}.replace(ends, "${1}")
			break
		}
	}
	return true
}
