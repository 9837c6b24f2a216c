package readings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// noPrimaryKey says which model has no primary key, and gives it one in the words of its file.
func noPrimaryKey(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("The table %s has no column with primary_key=True%s, and SQLAlchemy wants one of each.", m[1],
		s.at())
	h.Advice = "Write primary_key=True in the column that tells its rows apart, such as id."
	p, ok := s.frame()
	if !ok || !strings.HasPrefix(p.text, "class ") {
		return true
	}
	h.Cause = fmt.Sprintf("%s: the class makes the table %s, and no column of it has primary_key=True.", p, m[1])
	lines := s.lines(p.file)
	text := strings.Join(lines, "\n")
	for n := p.line; n < len(lines) && (strings.HasPrefix(lines[n], " ") || strings.TrimSpace(lines[n]) == ""); n++ {
		at := place{p.file, n + 1, lines[n]}
		if regexp.MustCompile(`^\s+id\s*(?::.*)?=\s*(?:Column|mapped_column|Field|db\.Column)\(`).MatchString(at.text) {
			h.Advice, h.Edit = "Say it of id.", at.replace(regexp.MustCompile(`\)\s*$`), ", primary_key=True)")
			return true
		}
	}
	line := ""
	switch {
	case strings.Contains(p.text, "table=True") && strings.Contains(text, "Field"):
		line = "    id: int | None = Field(default=None, primary_key=True)"
	case strings.Contains(text, "mapped_column(") && strings.Contains(text, "Mapped["):
		line = "    id: Mapped[int] = mapped_column(primary_key=True)"
	case strings.Contains(text, "db.Column("):
		line = "    id = db.Column(db.Integer, primary_key=True)"
	case regexp.MustCompile(`(?m)^from sqlalchemy import .*\bColumn\b`).MatchString(text) &&
		regexp.MustCompile(`(?m)^from sqlalchemy import .*\bInteger\b`).MatchString(text):
		line = "    id = Column(Integer, primary_key=True)"
	}
	if line != "" {
		h.Advice, h.Edit = "Give it one.", &check.Edit{File: p.file, Line: p.line, New: line}
	}
	return true
}

// tableTwice says whether two classes make one table, or one file is loaded under two names.
func tableTwice(s *Scene, m []string, h *check.Hint) bool {
	names := regexp.MustCompile(`^\s+__tablename__\s*(?::.*)?=\s*["']` + regexp.QuoteMeta(m[1]) + `["']`)
	var found []string
	for _, file := range s.files() {
		for i, line := range s.lines(file) {
			if strings.HasSuffix(file, ".py") && names.MatchString(line) {
				found = append(found, place{file: file, line: i + 1}.String())
			}
		}
	}
	switch {
	case len(found) > 1:
		h.Cause = fmt.Sprintf("Two classes make the table %s: %s, and %s.", m[1], found[0], found[1])
		h.Advice = "Give each a table of its own, or take one out."
	default:
		h.Cause = fmt.Sprintf("The class of the table %s is made twice%s: its file is loaded under two names, such "+
			"as models and app.models.", m[1], s.at())
		h.Advice = "Import it by one name everywhere, and let CMD name it so too."
	}
	return true
}

// noColumnType says which field of a table has a type that no column can hold.
func noColumnType(s *Scene, m []string, h *check.Hint) bool {
	kind := strings.TrimPrefix(m[1]+m[2], "typing.")
	h.Cause = fmt.Sprintf("A table has a field of the type %s%s, and no column can hold one.", kind, s.at())
	h.Advice = "Keep it as JSON, with sa_column=Column(JSON), or in a table of its own."
	p, ok := s.frame()
	if !ok || !strings.HasPrefix(p.text, "class ") {
		return true
	}
	lines := s.lines(p.file)
	typed := regexp.MustCompile(`^\s+(\w+)\s*:.*\b(?i:` + regexp.QuoteMeta(kind) + `)\b`)
	for n := p.line; n < len(lines) && (strings.HasPrefix(lines[n], " ") || strings.TrimSpace(lines[n]) == ""); n++ {
		if got := typed.FindStringSubmatch(lines[n]); got != nil {
			h.Cause = fmt.Sprintf("%s: the field %s of a table is a %s, and no column can hold one: `%s`.",
				place{file: p.file, line: n + 1}, got[1], kind, strings.TrimSpace(lines[n]))
			if kind == "list" || kind == "dict" {
				h.Advice = fmt.Sprintf("Keep it as JSON: Field(default_factory=%s, sa_column=Column(JSON)), with "+
					"Column and JSON of sqlalchemy; or in a table of its own.", kind)
			}
			break
		}
	}
	return true
}

// noForeignTable says which tables there are.
func noForeignTable(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("The column %s points to a table %s, and the program makes none of that name.", m[1], m[2])
	h.Advice = "Name a table there, as __tablename__ has it, and import the file that makes it."
	var tables []string
	for _, file := range s.files() {
		for _, line := range s.lines(file) {
			if got := regexp.MustCompile(`^\s+__tablename__\s*=\s*["'](\w+)["']`).FindStringSubmatch(line); got != nil {
				tables = append(tables, got[1])
			}
		}
	}
	if near := nearest(m[2], tables); near != "" {
		h.Advice = fmt.Sprintf("Is %s meant?", near)
		pattern := regexp.MustCompile(`(["'])` + m[2] + `\.`)
		if p, _ := s.grep(pattern, ".py"); p.file != "" {
			h.Edit = p.replace(pattern, "${1}"+near+".")
		}
	}
	return true
}

// sqliteSlashes writes the third slash of an address of SQLite.
func sqliteSlashes(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("An address of SQLite has three slashes before the file, and %s//%s has two%s.", m[1], m[2],
		s.at())
	h.Advice = fmt.Sprintf("Write %s///%s.", m[1], m[2])
	pattern := regexp.MustCompile(regexp.QuoteMeta(m[1]) + `//([^/"'])`)
	if p, _ := s.grep(pattern, ""); p.file != "" {
		h.Advice, h.Edit = "Write the third.", p.replace(pattern, m[1]+"///${1}")
	} else if in, _ := s.assignment(nil, `'`+m[1]+"//"+m[2]+`'`); in != nil {
		h.Advice, h.Edit = "Write the third.", s.inInstruction(in, pattern, m[1]+"///${1}")
	}
	return true
}

var (
	makesTables = regexp.MustCompile(`(?i)\bcreate table\b|\bcreate_all\(|\bcreate_tables\(`)
	startedAs   = regexp.MustCompile(`^if\s+__name__\s*==`)
	function    = regexp.MustCompile(`^def\s+(\w+)\(\s*\)`)
)

// noTable says which lines make the tables, where the program has them and no start by a server runs
// them: they are in a function that nothing calls, or that only the file started itself does.
func noTable(s *Scene, _ []string, h *check.Hint) bool {
	if s.has("manage.py") {
		h.Advice = "Let python manage.py migrate run before the server starts, and use no table while modules load."
		return true
	}
	for _, file := range s.files() {
		lines := s.lines(file)
		if !strings.HasSuffix(file, ".py") || !slices.ContainsFunc(lines, makesTables.MatchString) {
			continue
		}
		start := slices.IndexFunc(lines, startedAs.MatchString)
		makes := func(line string) bool { return makesTables.MatchString(line) }
		for n, line := range lines {
			m := function.FindStringSubmatch(line)
			if m == nil || !slices.ContainsFunc(block(lines, n), makesTables.MatchString) {
				continue
			}
			calls, elsewhere := regexp.MustCompile(`^\s+`+m[1]+`\(\)\s*$`), regexp.MustCompile(`\b`+m[1]+`\b`)
			p := place{file: file, line: n + 1}
			used := s.others(elsewhere, p)
			switch {
			case used == 0:
				end := len(lines)
				if start >= 0 {
					end = start
				}
				h.Cause += fmt.Sprintf(" The function %s (%s) makes the tables, and nothing calls it.", m[1], p)
				h.Advice = "Call it where the file is loaded."
				h.Edit = &check.Edit{File: file, Line: end, New: m[1] + "()"}
				return true
			case used == 1 && start >= 0 && slices.ContainsFunc(block(lines, start), calls.MatchString):
				makes = calls.MatchString
			}
		}
		if start < 0 {
			continue
		}
		inner := block(lines, start)
		i := slices.IndexFunc(inner, makes)
		if i < 0 || slices.ContainsFunc(lines[:start],
			func(line string) bool { return makes(line) && line[0] != ' ' }) {
			continue
		}
		moved := []string{strings.TrimSpace(inner[i])}
		if i > 0 && strings.HasPrefix(strings.TrimSpace(inner[i-1]), "with ") {
			moved = []string{strings.TrimSpace(inner[i-1]), "    " + moved[0]}
		}
		h.Cause += fmt.Sprintf(" %s, makes the tables, and only below `%s`, where the file is started itself; the "+
			"server that CMD starts imports it.", place{file: file, line: start + 2 + i},
			strings.TrimSpace(lines[start]))
		h.Advice = "Make them where the file is loaded."
		h.Edit = &check.Edit{File: file, Line: start, New: strings.Join(moved, "\n")}
		return true
	}
	s.createAll(h)
	return true
}

// createAll names the call that makes the tables with the library that the program has, and the line for
// it with Flask's, where no line of the program makes them.
func (s *Scene) createAll(h *check.Hint) {
	if p, _ := s.grep(makesTables, ".py"); p.file != "" {
		return
	}
	if p, _ := s.grep(regexp.MustCompile(`\bSQLModel\b`), ".py"); p.file != "" {
		h.Advice = "Make the tables before they are used: SQLModel.metadata.create_all(engine)."
	}
	made, m := s.grep(regexp.MustCompile(`^(\w+)\s*=\s*SQLAlchemy\((\w*)`), ".py")
	if m == nil {
		return
	}
	h.Advice = fmt.Sprintf("Make the tables before they are used: %s.create_all(), in the app's context.", m[1])
	at, indent, app := len(s.lines(made.file)), "", m[2]
	if start := slices.IndexFunc(s.lines(made.file), startedAs.MatchString); start >= 0 {
		at = start
	}
	if app == "" {
		init, found := s.grep(regexp.MustCompile(`^(\s*)`+m[1]+`\.init_app\((\w+)\)`), ".py")
		if found == nil || !slices.ContainsFunc(s.lines(init.file)[:init.line],
			regexp.MustCompile(`\(`+m[1]+`\.Model\)|^(?:from|import)\s.*\bmodels?\b`).MatchString) {
			return // the tables may not be known there yet
		}
		made, at, indent, app = init, init.line, found[1], found[2]
	}
	h.Advice = "Make them."
	h.Edit = &check.Edit{File: made.file, Line: at,
		New: fmt.Sprintf("%swith %s.app_context():\n%s    %s.create_all()", indent, app, indent, m[1])}
}

// block returns the lines behind one that are indented, as Python has what belongs to it.
func block(lines []string, n int) []string {
	end := n + 1
	for end < len(lines) && (strings.TrimSpace(lines[end]) == "" || lines[end][0] == ' ' || lines[end][0] == '\t') {
		end++
	}
	return lines[n+1 : end]
}

// others counts the lines of the program that a pattern matches, but for the one at a place and for
// those that import what they name.
func (s *Scene) others(pattern *regexp.Regexp, but place) (n int) {
	for _, file := range s.files() {
		if !strings.HasSuffix(file, ".py") {
			continue
		}
		for i, line := range s.lines(file) {
			if (file != but.file || i+1 != but.line) && pattern.MatchString(line) &&
				!strings.Contains(line, "import ") && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				n++
			}
		}
	}
	return n
}

// databaseFile is a file of SQLite.
var databaseFile = regexp.MustCompile(`\.(?:db|sqlite3?)$`)

// oldFile says of a column that the table has not that the file of the database is older.
func oldFile(s *Scene, m []string, h *check.Hint) bool {
	column, table := m[1]+m[3], "The table"
	if m[2] != "" {
		table = "The table " + m[2]
	}
	h.Cause = fmt.Sprintf("%s has no column %s%s.", table, column, s.at())
	h.Advice = "Check its name on both sides; a table that was there already keeps the columns that it had: make " +
		"the database anew, or change it with a migration."
	for _, file := range s.files() {
		if databaseFile.MatchString(file) && s.where(file) != "" {
			h.Cause += fmt.Sprintf(" The database comes from the folder, %s, which a COPY brings into the image: it "+
				"was made before the program had that column.", file)
			h.Advice = fmt.Sprintf("Take %s out of the folder, and write it into .dockerignore: the program makes "+
				"it anew.",
				file)
			break
		}
	}
	return true
}
