package readings

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/taskgrader/taskgrader/grader/check"
)

// libraries are the words of what programs import where they use it as another version of it has
// it, or in another way than it wants.
var libraries = tool{name: "libraries", entries: []entry{
	on("renamed-argument",
		"(?m)`(\\w+)` is removed[.,] use `(\\w+)` instead|^TypeError: con(?:str|int|list|float|decimal)\\(\\) got an "+
			"unexpected keyword argument '(regex|min_items|max_items)'", "", "").with(renamedArgument),
	on("language-model", `\[E050\] Can't find model '(\w+)'`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program loads the model %s%s, which is a package of its own, and is not installed.",
			m[1], s.at())
		h.Advice, h.Edit = "Let the build fetch it.", s.above(true, "RUN python -m spacy download "+m[1])
		return true
	}),
	on("root-model", "To define root models, use `pydantic\\.RootModel`", "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		p, _ := s.grep(regexp.MustCompile(`^\s+__root__\s*:`), ".py")
		h.Cause = "A model has __root__, which pydantic 2 does not have any more."
		if p.file != "" {
			h.Cause = fmt.Sprintf("%s, has __root__, which pydantic 2 does not have any more.", p)
		}
		h.Advice = "Write class NAME(RootModel[TYPE]), and import RootModel from pydantic; or ask for pydantic<2."
		return true
	}),
	on("response-field", `Invalid args for response field! Hint: check that (.+?) is a valid Pydantic field type`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		if withoutDepends(s, m[1], h) {
			return true
		}
		h.Cause = fmt.Sprintf("%s is no type of pydantic's, and FastAPI makes the answer's schema of it%s.",
			strings.Trim(m[1], "<>"), s.at())
		h.Advice = "Name a class there that is made from pydantic's BaseModel, not one of the database or of another " +
			"kind; or write response_model=None."
		return true
	}),
	on("app-context", `Working outside of application context`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("%s, uses the app where none is at work: `%s`.", p, strings.TrimSpace(p.text))
		h.Advice = "Put it below with app.app_context():."
		if name, _ := s.appIn(p.file); name != "" && !strings.HasSuffix(p.text, ":") {
			h.Advice = "Let it run within the app's context."
			h.Edit = p.replace(regexp.MustCompile(`^(\S.*)$`), "with "+name+".app_context():\n    ${1}")
		}
		return true
	}),
	on("no-database-uri", `Either 'SQLALCHEMY_DATABASE_URI' or 'SQLALCHEMY_BINDS' must be set`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		p, got := s.grep(regexp.MustCompile(`SQLALCHEMY_DATABASE_URI\b.*(?:environ|getenv|config\()`), ".py")
		if got != nil {
			if names := s.read1(&p); len(names) > 0 && !s.sets(names[0]) {
				missing(s, names[:1], h)
				h.Cause = fmt.Sprintf("The database's address comes from the variable %s (%s), which nothing sets.",
					names[0], p)
				return true
			}
		}
		h.Cause = fmt.Sprintf("SQLAlchemy(app) is called%s before app.config has SQLALCHEMY_DATABASE_URI.", s.at())
		h.Advice = `Set it above that line: app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///tasks.db".`
		return true
	}),
	on("plain-sql",
		`ObjectNotExecutableError: Not an executable object: [^\n]*|Textual SQL expression [^\n]*should be explicitly `+
			`declared as text[^\n]*`, "", "").with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("SQLAlchemy 2 wants text(…) around SQL that is written as a string%s.", s.at())
		h.Advice = "Write execute(text(\"…\")) there, and from sqlalchemy import text at the top of the file."
		return true
	}),
	on("endpoint-twice", `View function mapping is overwriting an existing endpoint function: (\w+)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("Two routes lead to functions of one name, %s%s, and Flask wants a name for each.", m[1],
			s.at())
		h.Advice = "Give the second function another name; a decorator of your own keeps names with functools.wraps."
		return true
	}),
	on("returns-nothing", `The view function for '(\w+)' did not return a valid response`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, _ := s.grep(regexp.MustCompile(`^\s*(?:async )?def `+m[1]+`\(`), ".py")
		h.Cause = fmt.Sprintf("The function %s comes to its end without a return.", m[1])
		if p.file != "" {
			h.Cause = fmt.Sprintf("%s: the function %s comes to its end without a return.", p, m[1])
		}
		h.Advice = "Let it return the answer, in each of its branches."
		return true
	}),
	on("not-serializable", `(?m)^TypeError: Object of type (\w+) is not JSON serializable`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("JSON is made of a %s, which it has no form for%s.", m[1], s.at())
		h.Advice = "Give it a dict of its values."
		switch m[1] {
		case "UUID":
			h.Advice = "Make it text where it is made: str(uuid4())."
			bare := regexp.MustCompile(`([:=,(\[]\s*)((?:uuid\.)?uuid[14]\(\))`)
			if p, _ := s.grep(bare, ".py"); p.file != "" && !strings.Contains(p.text, "str(uuid") {
				h.Advice, h.Edit = "Make it text where it is made.", p.replace(bare, "${1}str(${2})")
			}
		case "date", "datetime", "time":
			h.Advice = "Make it text: .isoformat()."
		case "set":
			h.Advice = "Make it a list: list(…)."
		case "Decimal":
			h.Advice = "Make it a number: float(…)."
		}
		return true
	}),
	on("async-views", `Install Flask with the 'async' extra in order to use async views`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		p, _ := s.grep(regexp.MustCompile(`^\s*async def `), ".py")
		h.Cause = "A view of Flask's is an async def, which wants the package asgiref."
		if p.file != "" {
			h.Cause = fmt.Sprintf("%s, has an async def, for which Flask wants the package asgiref.", p)
		}
		h.Advice = "Ask for flask[async], or write def."
		if h.Edit = s.pin("flask", "flask[async]"); h.Edit != nil {
			h.Advice = "Ask for it with Flask."
		}
		return true
	}),
	on("nltk-data", "Resource (?:\x1b\\[93m)?(\\w+)(?:\x1b\\[0m)? not found\\.\\s+Please use the NLTK Downloader", "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("NLTK wants its %s%s, which are fetched apart from the package.", m[1], s.at())
		h.Advice = "Fetch them while the image is built, to where every user finds them."
		h.Edit = s.above(true, "RUN python -m nltk.downloader -d /usr/local/share/nltk_data "+m[1])
		return true
	}),
	on("other-thread", `SQLite objects created in a thread can only be used in that same thread`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		p, _ := s.grep(regexp.MustCompile(`sqlite3\.connect\(`), ".py")
		h.Cause = "The connection to SQLite is made in one thread and used in another."
		h.Advice = "Connect with check_same_thread=False, or anew for each request."
		if p.file != "" && !strings.Contains(p.text, "check_same_thread") {
			h.Cause = fmt.Sprintf("The connection to SQLite (%s) is made in one thread and used in another.", p)
			h.Edit = p.replace(regexp.MustCompile(`(sqlite3\.connect\([^()]*[^(),\s])\s*,?\s*\)`),
				"${1}, check_same_thread=False)")
		}
		return true
	}),
	on("empty-json", `(?m)^json\.decoder\.JSONDecodeError: Expecting value: line 1 column 1 \(char 0\)`, "",
		"").with(emptyJSON),
	on("locale", `(?m)^locale\.Error: unsupported locale setting`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program asks for a locale that the image does not have%s.", s.at())
		h.Advice = "Take C.UTF-8, which every image has, or let the build make the other with the package locales."
		if p, ok := s.frame(); ok {
			if h.Edit = p.replace(regexp.MustCompile(`(["'])[a-z]{2}_[A-Z]{2}(?:\.[\w-]+)?["']`),
				"${1}C.UTF-8${1}"); h.Edit != nil {
				h.Advice = "C.UTF-8 is in every image."
			}
		}
		return true
	}),
	on("lifespan",
		`'(?:coroutine|(?:async_)?generator)' object does(?:n't| not) support the asynchronous context manager`, "",
		"").with(lifespan),
	on("bcrypt-5", `ValueError: password cannot be longer than 72 bytes`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		if !strings.Contains(s.log, "passlib") {
			return false
		}
		h.Cause = "The newest passlib does not go with bcrypt 5, which is installed."
		h.Advice = "Ask for an older bcrypt."
		if h.Edit = s.pin("bcrypt", "bcrypt<5"); h.Edit == nil {
			h.Edit = s.add("bcrypt<5")
		}
		return true
	}),
	on("router-module",
		`AttributeError: module '([\w.]+)' has no attribute '(?:_contains_router|routes|on_startup|lifespan_context|`+
			`default_response_class|name|register)'`, "", "").with(routerModule),
	on("no-libpq", `ImportError: no pq wrapper available`,
		`psycopg wants PostgreSQL's library libpq, and the image has none.`,
		`psycopg[binary] brings it along.`).with(func(s *Scene, _ []string, h *check.Hint) bool {
		h.Edit = s.pin("psycopg", "psycopg[binary]")
		return true
	}),
	on("not-text", `source code (?:string )?cannot contain null bytes|Non-UTF-8 code starting with|`+
		`\(unicode error\) 'utf-?8' codec can't decode byte`, "", "").with(notText),
	on("no-member", `(?m)^AttributeError: (?:type object )?'(\w+)'(?: object)? has no attribute '(\w+)'`+
		`(?:\. Did you mean[^\n]*'(\w+)'\?)?`, "", "").with(noMember),
}}

// withoutDepends says of a type that FastAPI knows nothing of that a parameter has it, which
// Depends is to give; and reports whether that is so.
func withoutDepends(s *Scene, kind string, h *check.Hint) bool {
	p, ok := s.frame()
	name := regexp.MustCompile(`(\w+)'?>?$`).FindStringSubmatch(kind)
	if !ok || name == nil {
		return false
	}
	lines := s.lines(p.file)
	for n := p.line; n <= len(lines) && n < p.line+12; n++ {
		at := place{p.file, n, lines[n-1]}
		typed := regexp.MustCompile(`\b(\w+\s*:\s*(?:\w+\.)*` + name[1] + `)(\s*(?:[,)]|$))`)
		if got := typed.FindStringSubmatch(at.text); got != nil && !strings.HasPrefix(strings.TrimSpace(at.text),
			"->") {
			h.Cause = fmt.Sprintf("%s, has the parameter %s, which FastAPI cannot take from a request: Depends(…) "+
				"is missing.",
				at, strings.TrimSpace(got[1]))
			h.Advice = "Write = Depends(FUNCTION) behind it, with the function that gives it."
			if _, f := s.grep(regexp.MustCompile(`^(?:async )?def (\w*(?:db|session|conn)\w*)\(\s*\)`),
				".py"); f != nil {
				h.Advice = fmt.Sprintf("Write it; Depends comes from fastapi, %s from where it is defined.", f[1])
				h.Edit = at.replace(typed, "${1} = Depends("+f[1]+")${2}")
			}
			return true
		}
		if strings.HasSuffix(strings.TrimSpace(at.text), ":") {
			break
		}
	}
	return false
}

// lifespan says what the function lacks that is to go on from start to stop.
func lifespan(s *Scene, _ []string, h *check.Hint) bool {
	h.Cause = "What lifespan names is no context manager: the function lacks @asynccontextmanager above it."
	h.Advice = "Write it there, import it from contextlib, and let the function yield once."
	_, got := s.grep(regexp.MustCompile(`\blifespan\s*=\s*(\w+)`), ".py")
	if got == nil {
		return true
	}
	p, _ := s.grep(regexp.MustCompile(`^async def `+got[1]+`\(`), ".py")
	if p.file == "" {
		return true
	}
	h.Cause = fmt.Sprintf("%s, makes the lifespan and lacks @asynccontextmanager above it.", p)
	h.Edit = &check.Edit{File: p.file, Line: p.line - 1,
		New: "from contextlib import asynccontextmanager\n@asynccontextmanager"}
	h.Advice = "Write it there."
	body := strings.Join(s.lines(p.file)[p.line:], "\n")
	if end := regexp.MustCompile(`(?m)^\S`).FindStringIndex(body); end != nil {
		body = body[:end[0]]
	}
	if !strings.Contains(body, "yield") {
		h.Cause = fmt.Sprintf("%s, makes the lifespan, lacks @asynccontextmanager above it, and never yields.", p)
		h.Advice, h.Edit = "Write yield where the program is to run, and above the function @asynccontextmanager, "+
			"which contextlib has.", nil
	}
	return true
}

var makesRouter = regexp.MustCompile(`^(\w+)\s*=\s*(?:\w+\.)?(?:APIRouter|Blueprint)\(`)

// routerModule says of a module that was given where its router is wanted what the router is
// called.
func routerModule(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	given := regexp.MustCompile(`((?:include_router|register_blueprint)\(\s*(?:\w+\.)*` +
		regexp.QuoteMeta(m[1][strings.LastIndex(m[1], ".")+1:]) + `)(\s*[,)])`)
	if !ok || !given.MatchString(p.text) {
		return false
	}
	h.Cause = fmt.Sprintf("%s, gives the module %s where its router is wanted.", p, m[1])
	h.Advice = "Name the variable of the router behind it, with a dot."
	for i, line := range s.lines(s.moduleFile(m[1])) {
		if got := makesRouter.FindStringSubmatch(line); got != nil {
			h.Cause = fmt.Sprintf("%s, gives the module %s where the router is wanted that line %d of it makes.", p,
				m[1], i+1)
			h.Advice = "Name that."
			h.Edit = p.replace(given, "${1}."+got[1]+"${2}")
			break
		}
	}
	return true
}

// renamedArgument writes an argument by its new name.
func renamedArgument(s *Scene, m []string, h *check.Hint) bool {
	old, by := m[1]+m[3], m[2]
	if by == "" {
		by = map[string]string{"regex": "pattern", "min_items": "min_length", "max_items": "max_length"}[old]
	}
	if by == "Literal" || by == "Set" { // types, and no arguments
		h.Cause = fmt.Sprintf("pydantic 2 has no argument %s any more%s.", old, s.at())
		h.Advice = "Take it out; Literal[\"…\"], from typing, is the type of a value that is always the same."
		if by == "Set" {
			h.Advice = "Take it out; set[str] in place of list[str] keeps each value once."
		}
		if p, ok := s.frame(); ok {
			h.Edit = p.replace(regexp.MustCompile(`,\s*`+old+`\s*=\s*\w+|\b`+old+`\s*=\s*\w+\s*,?\s*`), "")
		}
		return true
	}
	h.Cause = fmt.Sprintf("pydantic 2 has %s in place of %s%s.", by, old, s.at())
	h.Advice = fmt.Sprintf("Write %s, or ask for pydantic<2.", by)
	if p, ok := s.frame(); ok {
		if h.Edit = p.replace(regexp.MustCompile(`\b`+old+`(\s*=)`), by+"${1}"); h.Edit != nil {
			h.Advice = "Write it so."
		}
	}
	return true
}

// emptyJSON reports whether a file that the program reads as JSON is empty.
func emptyJSON(s *Scene, _ []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	lines := s.lines(p.file)
	for n := p.line; n > 0 && n > p.line-4; n-- {
		for _, m := range regexp.MustCompile(`["']([^"']+\.json)["']`).FindAllStringSubmatch(lines[n-1], -1) {
			file := s.own(m[1])
			if file == "" || strings.TrimSpace(strings.Join(s.lines(file), "")) != "" {
				continue
			}
			h.Cause = fmt.Sprintf("%s, reads %s as JSON, and that file is empty, which is no JSON.", p, file)
			h.Advice = "Write into it what an empty store is, [] or {}, as the program wants it."
			return true
		}
	}
	return false
}

// notText says which file is not in the encoding that Python reads.
func notText(s *Scene, _ []string, h *check.Hint) bool {
	for _, file := range s.files() {
		if strings.HasSuffix(file, ".py") && !s.readable(file) {
			h.Cause = fmt.Sprintf("%s is not text in UTF-8, so Python cannot read it.", file)
			h.Advice = "Save it as UTF-8: editors have that under Save with Encoding (PowerShell's > writes UTF-16)."
			return true
		}
	}
	return false
}

// since is when a library lost what programs still use, and what is in its place.
var since = map[[2]string][2]string{
	{"Flask", "before_first_request"}: {"Flask has no more since 2.3",
		"Call the function below with app.app_context(): at the end of the file, in place of the decorator."},
	{"Flask", "json_encoder"}: {"Flask has no more since 2.3", "Set app.json to a provider of your own."},
	{"Engine", "execute"}: {"SQLAlchemy has no more since 2.0",
		"Write with engine.begin() as connection: connection.execute(text(\"…\")), and import text from sqlalchemy."},
	{"Engine", "table_names"}: {"SQLAlchemy has no more since 2.0", "Write inspect(engine).get_table_names()."},
	{"Starlette", "on_event"}: {"Starlette has no more since 1.0", "Give Starlette a lifespan."},
	{"Starlette", "route"}:    {"Starlette has no more since 1.0", "List Route(…) in Starlette(routes=[…])."},
}

// noMember says of what an object has not whether its library had it.
func noMember(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok || m[1] == "NoneType" {
		return false
	}
	was, known := since[[2]string{m[1], m[2]}]
	switch {
	case known:
		h.Cause = fmt.Sprintf("%s, uses .%s of %s, which %s.", p, m[2], m[1], was[0])
		h.Advice = was[1]
	case strings.Contains(p.text, "."+m[2]):
		h.Cause = fmt.Sprintf("%s, uses .%s of what is a %s, and that has none: `%s`.", p, m[2], m[1],
			p.code())
		h.Advice = fmt.Sprintf("Look at what stands before the dot, and at the spelling of %s.", m[2])
		near := m[3]
		if near == "" && strings.HasPrefix(strings.TrimSpace(p.text), "@") {
			near = nearest(m[2], []string{"get", "post", "put", "patch", "delete", "route", "on_event", "middleware",
				"exception_handler"})
		}
		class, own := s.grep(regexp.MustCompile(`^class `+regexp.QuoteMeta(m[1])+`\b`), ".py")
		switch {
		case near != "":
			h.Advice = fmt.Sprintf("Is %s meant?", near)
			h.Edit = p.replace(regexp.MustCompile(`\.`+m[2]+`\b`), "."+near)
		case own != nil:
			h.Cause = fmt.Sprintf("%s, uses .%s of a %s, and that class has none (%s): `%s`.", p, m[2], m[1], class,
				p.code())
			h.Advice = fmt.Sprintf("Give the class a %s, or write the name that it has.", m[2])
		}
	default:
		return false
	}
	return true
}

// readable reports whether a file is text in UTF-8.
func (s *Scene) readable(file string) bool {
	text, err := fs.ReadFile(s.Folder, file)
	return err != nil || utf8.Valid(text) && !strings.Contains(string(text), "\x00")
}
