package readings

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// folderMissing says of a path that the program opens whether its folder is to be made, or the file
// to be copied.
func folderMissing(s *Scene, m []string, h *check.Hint) bool {
	name := m[1]
	at := inside(s.workdir(), name)
	if !s.started {
		return notThere(s, name, h)
	}
	if secret, ok := strings.CutPrefix(at, "/run/secrets/"); ok {
		h.Cause = fmt.Sprintf("The program opens %s%s, a secret that compose would give it: here the container runs "+
			"alone, and nobody does.", name, s.at())
		h.Advice = fmt.Sprintf("Where that file is not there, take the variable %s, or a default.",
			strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(secret)))
		return true
	}
	if r, _ := s.raised(); !strings.Contains(name, "/") && strings.HasSuffix(r.by, "subprocess") {
		where := s.at()
		if !notInPath(s, name, h) {
			return false
		}
		h.Cause = fmt.Sprintf("The program starts %s%s. %s", name, where, h.Cause)
		if h.Edit == nil && strings.HasPrefix(h.Advice, "Let CMD") {
			h.Advice = "Install what has it in a RUN, or let the program do without."
		}
		return true
	}
	rest := s.folderPath(at)
	if s.pathOfElsewhere(name, h) {
		return true
	}
	own := s.ownPath(rest)
	if own != "" {
		if line := s.hidden(own); line != "" {
			h.Cause = fmt.Sprintf("The program opens %s%s, which is in the folder; %s, keeps it out of the image.",
				name, s.at(), line)
			h.Advice, h.Edit = "Take that line out of the ignore file, or add !"+own+" below it.", s.shown(own)
			if check.IsPrivate(own) {
				h.Advice = "A secret does not belong into the image: let the program start without the file, and " +
					"hand it in " +
					"with docker run -v where it is wanted."
			}
			return true
		}
		if !s.arrives(own) {
			h.Cause = fmt.Sprintf(
				"The program opens %s%s: it is in the folder as %s, and no COPY brings it into the image.", name,
				s.at(), own)
			var to string
			if !path.IsAbs(name) || strings.HasPrefix(at, s.workdir()+"/") {
				to = strings.TrimPrefix(at, s.workdir()+"/")
			} else {
				to = at
			}
			h.Edit = s.beside(own + " " + to)
			if h.Edit == nil {
				h.Advice = "COPY it."
			}
			return true
		}
	}
	dir := path.Dir(at)
	if strings.Contains(m[0], "Directory '") {
		dir = at
	}
	if dir == s.workdir() || dir == "/" || s.landsIn(dir) && dir != at {
		h.Cause = fmt.Sprintf("The program opens %s%s, and neither the image nor the folder has it.", name, s.at())
		h.Advice = "Hand it in and COPY it, or let the program go on without it."
		if check.IsPrivate(name) {
			h.Advice = "A secret does not belong into the image: let the program start without it."
		}
		return true
	}
	if p, _ := s.grep(regexp.MustCompile(`(?:readFile|createReadStream|readdir|ReadFile|read_text|`+
		`open\(\s*)[^"']*["'](?:\./)?`+
		regexp.QuoteMeta(strings.TrimPrefix(name, "./"))+`["']\s*(?:\)|,\s*(?:["'](?:r|rb|utf-?8)["']|\{|encoding|`+
		`err\b))`),
		".js.mjs.cjs.ts.py.go"); p.file != "" && own == "" {
		h.Cause = fmt.Sprintf("%s, reads %s, and neither the image nor the folder has it.", p, name)
		h.Advice = "Hand it in and COPY it, or let the program go on without it."
		return true
	}
	h.Cause = fmt.Sprintf("The program opens %s%s, and the image has no folder %s.", name, s.at(), dir)
	h.Advice = "Make it in the image with mkdir."
	if h.Edit = s.makes(dir); h.Edit != nil {
		h.Advice = "Make it."
	}
	return true
}

// isLink reports whether a file of the folder is a link.
func (s *Scene) isLink(name string) bool {
	entries, _ := fs.ReadDir(s.Folder, path.Dir(name))
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return e.Name() == path.Base(name) && e.Type()&fs.ModeSymlink != 0
	})
}

// makes returns the edit that makes a folder in the image, for the user that the program runs as.
func (s *Scene) makes(dir string) *check.Edit {
	line := "RUN mkdir -p " + dir
	if name, _ := s.user(); name != "" {
		line += " && chown " + name + " " + dir
	}
	return s.above(true, line)
}

// folderPath returns a path of the image without the working directory.
func (s *Scene) folderPath(at string) string {
	return strings.TrimPrefix(strings.TrimPrefix(at, strings.TrimSuffix(s.workdir(), "/")), "/")
}

// ownPath returns the file or folder of the submission at the end of a path, or empty.
func (s *Scene) ownPath(rest string) string {
	for rest != "" && rest != "." {
		if s.has(rest) {
			return rest
		}
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			break
		}
		rest = after
	}
	return ""
}

// arrives reports whether COPY brings a path of the folder, or something below it, into the image.
func (s *Scene) arrives(own string) bool {
	for _, file := range s.landed() {
		if file == own || strings.HasPrefix(file, own+"/") {
			return true
		}
	}
	return false
}

// landsIn reports whether COPY brings something into a folder of the image.
func (s *Scene) landsIn(dir string) bool {
	for inner := range s.landed() {
		if strings.HasPrefix(inner, dir+"/") {
			return true
		}
	}
	return false
}

// mayNotWrite says who may not write where.
func mayNotWrite(s *Scene, name string, h *check.Hint) bool {
	at := inside(s.workdir(), name)
	who, line := s.user()
	if s.mayNotRead(name, at, h) {
		return true
	}
	if who == "" {
		h.Cause = fmt.Sprintf("The program may not write %s%s.", name, s.at())
		h.Advice = "Let it write elsewhere, such as in /tmp."
		return true
	}
	dir := path.Dir(at)
	h.Cause = fmt.Sprintf("The program writes %s%s as %s (USER, line %d), who may not write in %s.", name, s.at(), who,
		line, dir)
	h.Advice = "Give the folder to that user with chown."
	if slices.Contains([]string{"/", "/usr", "/etc", "/bin", "/var", "/root"}, dir) {
		h.Advice = "Let the program write below its WORKDIR, in a folder that chown gives to that user."
		return true
	}
	if h.Edit = s.owns(dir); h.Edit != nil {
		h.Advice = "Give the folder to that user."
	}
	return true
}

// owns returns the edit that gives a folder of the image to the user that the program runs as.
func (s *Scene) owns(dir string) *check.Edit {
	who, _ := s.user()
	if strings.ContainsAny(who, "$") {
		return nil
	}
	if dir != s.workdir() && !s.landsIn(dir) {
		return s.above(true, "RUN mkdir -p "+dir+" && chown -R "+who+" "+dir)
	}
	return s.asRoot("RUN chown -R " + who + " " + dir)
}
