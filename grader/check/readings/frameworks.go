package readings

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// refuses returns an entry of what a library says of a line of the student's. In its sentences {at}
// is that line, as in "main.py, line 3,"; where the log names none, it is the program. Where the
// line is written anew by the pattern change, so is the advice.
func refuses(name, pattern, cause, advice string, change ...string) entry {
	e := on(name, pattern, cause, advice)
	return e.with(func(s *Scene, m []string, h *check.Hint) bool {
		p, ok := s.frame()
		at := "The program"
		if ok {
			at = p.String() + ","
		}
		h.Cause = strings.ReplaceAll(h.Cause, "{at}", at)
		h.Advice = strings.ReplaceAll(h.Advice, "{at}", at)
		for i := 0; ok && i+1 < len(change) && h.Edit == nil; i += 2 {
			h.Edit = p.replace(regexp.MustCompile(change[i]), change[i+1])
		}
		return true
	})
}

// frameworks are the words by which libraries refuse what a program makes of them when it is
// loaded.
var frameworks = tool{name: "frameworks", entries: []entry{
	// FastAPI, Starlette, Flask
	on("default-before", `TypeError: non-default argument '(\w+)' follows default argument`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		return s.defaultBefore(m[1], h)
	}),
	refuses("path-without-slash", `(?:URL rule '(\S*)'|[Uu]rls|Routed paths|Path) must (?:start|begin) with (?:a `+
		`)?(?:leading )?(?:slash|'/')`, `{at} gives a route a path that does not begin with a slash.`,
		`Begin it with one.`, `(\(\s*["'])([\w{<])`, `${1}/${2}`),
	refuses("prefix-with-slash", `A path prefix must not end with '/'`,
		`{at} gives a prefix that ends with a slash, and the paths behind it begin with one.`, `End it without.`,
		`(prefix\s*=\s*["'][^"']*[^"'/])/+(["'])`, `${1}${2}`, `(prefix\s*=\s*["'])/(["'])`, `${1}${2}`),
	refuses("prefix-without-slash", `A path prefix must start with '/'`,
		`{at} gives a prefix that does not begin with a slash.`, `Begin it with one.`, `(prefix\s*=\s*["'])(\w)`,
		`${1}/${2}`),
	refuses("no-path-at-all", `Prefix and path cannot be both empty`,
		`{at} has a route without a path in a router without a prefix.`, `Write the path "/" in one of them.`),
	refuses("no-body", `Status code (\d+) must not have a response body`,
		`{at} makes a route that answers $1, which has no body, and says what its body is.`,
		`Leave response_model out, and the type behind -> too, and return nothing.`,
		`,\s*response_model\s*=\s*[\w.\[\]| ]+?\s*([,)])`, `${1}`),
	refuses("answer-refused", `ResponseValidationError: \d+ validation errors?:\s*\n?\s*\{'type': '\w+', 'loc': `+
		`\('response',(?: \d+,)?`+
		` '(\w+)'[^)]*\), 'msg': '([^'\n]+)'`,
		`{at} answers with what its own response_model does not take: $1: $2.`,
		`Put $1 into what the function returns as the model wants it, or give it a default in the model.`),
	refuses("bare-parameter", `non-body parameters must be in path, query, header or cookie: (\w+)`,
		`{at} has the parameter $1, of a type that no path or query can hold.`,
		`Make its type one of pydantic's BaseModel, or say where it comes from with Body() or Depends().`),
	refuses("dependency-called", `A parameter-less dependency must have a callable dependency`,
		`{at} gives Depends what is no function.`, `Name the function in it, without brackets: Depends(get_db).`,
		`(Depends\(\s*\w[\w.]*)\(\)`, `${1}`),
	on("late-blueprint", `The setup method '(\w+)' can no longer be called on the blueprint '([^']+)'`, "",
		"").with(lateBlueprint),
	on("late-route", `The setup method '(\w+)' can no longer be called on the application`, "", "").
		with(func(s *Scene, m []string, h *check.Hint) bool {
			h.Cause = fmt.Sprintf("The app has answered its first request already when .%s is called%s.", m[1], s.at())
			h.Advice = "Do it where the file is loaded, outside of what answers requests."
			return true
		}),
	refuses("blueprint-twice", `The name '([^']+)' is already registered for (?:this|a different) blueprint`,
		`{at} registers a blueprint under the name $1, which one has already.`,
		`Register each once; where it is meant twice, give it another name: register_blueprint(…, name="…").`),
	refuses("blueprint-dots", `'name' may not (?:contain a dot|be empty)`, `{at} gives a blueprint a name that may `+
		`not be.`,
		`Write a word without a dot.`),
	refuses("request-context", `Working outside of request context`,
		`{at} asks for the request where none is being answered.`,
		`Do it in the function of a route, and not where the file is loaded.`),
	refuses("no-loop", `RuntimeError: no running event loop|There is no current event loop`,
		`{at} starts a task of asyncio where no event loop runs yet: the file is being loaded.`,
		`Start it in the lifespan of the app, or in another async function.`),
	on("server-in-loop", `asyncio\.run\(\) cannot be called from a running event loop`, "",
		"").with(func(s *Scene, _ []string, h *check.Hint) bool {
		call := regexp.MustCompile(`^(\s+)uvicorn\.run\((.*)\)\s*$`)
		p, ok := s.frame()
		if !ok || !call.MatchString(p.text) {
			return false
		}
		h.Cause = fmt.Sprintf("%s, calls uvicorn.run in an async function, and it starts an event loop of its own.", p)
		h.Advice = "Let the server run in the loop that there is."
		h.Edit = p.replace(call, "${1}await uvicorn.Server(uvicorn.Config(${2})).serve()")
		return true
	}),
	refuses("loop-in-loop", `asyncio\.run\(\) cannot be called from a running event loop|This event loop is already `+
		`running`, `{at} starts an event loop, and the server runs one already.`,
		`Write await in an async function, such as the lifespan, in place of asyncio.run.`),
	on("class-for-app", `TypeError: (FastAPI|Flask|Starlette|Sanic|Quart|APIRouter|Blueprint)\.\w+\(\) (?:takes|`+
		`missing|got)[^\n]*`,
		"", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		pattern := regexp.MustCompile(`^(\w+\s*=\s*(?:\w+\.)?` + m[1] + `)\s*$`)
		p, _ := s.grep(pattern, ".py")
		if p.file == "" {
			return false
		}
		h.Cause = fmt.Sprintf("%s, names the class %s and makes nothing of it: the brackets are missing.", p, m[1])
		h.Edit = p.replace(pattern, "${1}()")
		return true
	}),
	on("other-server", `TypeError: (\w+)\.__call__\(\) missing 1 required positional argument: '(send|start_response)'`,
		"", "").with(otherServer),
	refuses("argument-missing", `TypeError: ([\w.]+(?:\.<locals>\.\w+)?)\(\) missing \d+ required (?:positional|`+
		`keyword-only) arguments?: ([^\n]+)`, `{at} calls $1() without $2, which it wants.`, `Give it that.`),
	on("argument-unknown", `TypeError: ([\w.]+)\(\) got an unexpected keyword argument '(\w+)'(?:\. Did you mean `+
		`'(\w+)'\?)?`, "",
		"").with(unknownArgument),
	refuses("not-awaited", `TypeError: '(?:coroutine|async_generator)' object is not (?:subscriptable|iterable|`+
		`callable)|`+
		`AttributeError: 'coroutine' object has no attribute|Object of type coroutine is not JSON serializable`,
		`{at} uses what an async function gives before that has run: await is missing.`,
		`Write await before the call, and async before the def that it stands in.`),
	on("arguments-too-many", `TypeError: ([\w.]+)\(\) takes (?:from \d+ to )?(\d+) positional arguments? but `+
		`(\d+) (?:was|were) given`, `{at} calls $1() with $3 arguments, and it takes $2 (self is one of them).`,
		`Give it as many as it has, or write their names before them.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		p, ok := s.frame()
		name := m[1][strings.LastIndexByte(m[1], '.')+1:]
		def, _ := s.grep(regexp.MustCompile(`^\s+(?:async )?def `+name+`\(`), ".py")
		if asked, attribute := s.asked(); attribute == name && !ok {
			return noAttribute(s, asked, attribute+"()", h) // the server calls what makes the app
		}
		switch {
		case !ok:
			return false
		case m[2] == "0" && m[3] == "1" && def.file != "" && strings.Contains(m[1], "."):
			h.Cause = fmt.Sprintf("%s: the method %s has no self, which each call gives it (%s).", def, name, p)
			h.Advice = "Write it."
			h.Edit = def.replace(regexp.MustCompile(`(def `+name+`\()`), "${1}self")
		default:
			h.Cause = strings.ReplaceAll(h.Cause, "{at}", p.String()+",")
		}
		return true
	}),
	refuses("type-in-brackets", `TypeError: '(?:type|ABCMeta|types\.GenericAlias)' object is not subscriptable`,
		`{at} writes a type with brackets, as list[str], which this Python is too old for.`,
		`Begin with a newer Python, or take List and Dict of typing.`),
	on("field-hides-type", `TypeError: unsupported operand type\(s\) for \|: '(\w+)' and '(\w+)'`, "",
		"").with(hiddenType),
	on("no-argument", `(?m)^IndexError: list index out of range`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		p, ok := s.frame()
		got := regexp.MustCompile(`sys\.argv\[(\d+)\]`).FindStringSubmatch(p.text)
		if !ok || got == nil {
			return false
		}
		h.Cause = fmt.Sprintf("%s, reads the program's argument %s, and CMD gives it none: `%s`.", p, got[1], p.code())
		h.Advice = "Write it behind the program in CMD, or let the program have a value of its own."
		return true
	}),
	on("local-variable", `UnboundLocalError: (?:cannot access )?local variable '(\w+)'`, "", "").with(localVariable),
	// pydantic
	on("validated-field", `Decorators defined with incorrect fields: \S+\.(\w+) `, "", "").with(validatedField),
	on("no-annotation", "A non-annotated attribute was detected: `(\\w+) = ([^`]*)`", "", "").with(notAnnotated),
	refuses("config-twice", `"Config" and "model_config" cannot be used together`,
		`{at} makes a model with both class Config and model_config, and pydantic takes one of them.`,
		`Move what class Config says into model_config = ConfigDict(…), and take class Config out.`),
	on("no-schema", `Unable to generate pydantic-core schema for <class '(?:[\w.]*\.)?(\w+)'>`, "", "").with(noSchema),
	refuses("not-defined-yet", "`?(\\w+)`? is not fully defined; you should define `?(\\w+)`?",
		`The model $1 names $2, which is not there where $1 is made.`,
		`Define or import $2 above it; where both name each other, call $1.model_rebuild() below both.`),
	refuses("undefined-annotation", `PydanticUndefinedAnnotation: name '(\w+)' is not defined`,
		`{at} makes a model that names the type $1, which nothing defines or imports.`,
		`Define or import $1 in that file.`),
	// SQLAlchemy and SQLModel
	on("no-primary-key", `could not assemble any primary key columns for mapped table '(\w+)'`, "",
		"").with(noPrimaryKey),
	refuses("reserved-column", `Attribute name '(\w+)' is reserved`,
		`{at} has a column called $1, and SQLAlchemy keeps that name for itself.`,
		`Give it another name; the table's column may keep its own: info = Column("$1", …).`),
	on("table-twice", `Table '([\w.]+)' is already defined for this MetaData instance`, "", "").with(tableTwice),
	on("no-column-type", `<class '([\w.]+)'> has no matching SQLAlchemy type|(?:Could not locate SQLAlchemy Core `+
		`type for Python type)[^\n]*?<?(?:class ')?([\w.]+)`, "", "").with(noColumnType),
	on("no-such-foreign-table", `Foreign key associated with column '([\w.]+)' could not find table '(\w+)'`, "",
		"").with(noForeignTable),
	refuses("no-join", `Could not determine join condition between parent/child tables on relationship (\w+)\.(\w+)`,
		`The relationship $2 of $1 joins two tables, and no column of theirs is a ForeignKey of the other.`,
		`Write ForeignKey("TABLE.id") in the column that points to it.`),
	refuses("no-such-class", `expression '(\w+)' failed to locate a name`,
		`A relationship names the class $1, and no file that the program imports makes a model of that name.`,
		`Check its spelling, and import the file that has it before the tables are used.`).with(noSuchClass),
	on("engine-argument", `Invalid argument\(s\) ([^\n]+?) sent to create_engine\(\), using configuration `+
		`(\w+?)Dialect`,
		"", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, ok := s.frame()
		if !ok {
			return false
		}
		h.Cause = fmt.Sprintf("%s, gives create_engine %s, which this kind of database (%s) does not take.", p,
			m[1], m[2])
		h.Advice = "Take that out."
		text := p.text
		for _, name := range regexp.MustCompile(`\w+`).FindAllString(m[1], -1) {
			text = regexp.MustCompile(`,\s*`+name+`\s*=\s*[\w.]+`).ReplaceAllString(text, "")
		}
		if text != p.text {
			h.Edit = &check.Edit{File: p.file, Line: p.line, Old: p.text, New: text}
		}
		return true
	}),
	on("same-thread", `invalid (?:dsn: invalid )?connection option "check_same_thread"|unexpected keyword argument `+
		`'check_same_thread'|'check_same_thread' is an invalid keyword`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		p, _ := s.grep(regexp.MustCompile(`check_same_thread`), ".py")
		if p.file == "" {
			return false
		}
		h.Cause = fmt.Sprintf("%s, gives the database check_same_thread, which SQLite alone knows.", p)
		h.Advice = "Take it out."
		h.Edit = p.replace(regexp.MustCompile(`,\s*connect_args\s*=\s*\{\s*["']check_same_thread["']\s*:\s*False\s*\}`),
			"")
		return true
	}),
	refuses("no-such-property", `Mapper 'Mapper\[(\w+)\([^)]*\)\]' has no property '(\w+)'`,
		`A relationship of another model says that $1 has $2, and it has none.`,
		`Add relationship(…) with that name to $1, or correct back_populates.`),
	on("sqlite-slashes", `Invalid SQLite URL: (sqlite(?:\+\w+)?:)//(\S+)`, "", "").with(sqliteSlashes),
	on("old-file", `no such column: ([\w.]+)|table (\w+) has no column named (\w+)`, "", "").with(oldFile),
	refuses("made-already", `table (\w+) already exists`,
		`{at} makes the table $1, and the database has it already, from an earlier start or in its file.`,
		`Write CREATE TABLE IF NOT EXISTS.`, `(?i)\b(create table)\s+(\w)`, `${1} if not exists ${2}`).
		with(madeAlready),
	refuses("written-already", `UNIQUE constraint failed: ([\w., ]+)`,
		`{at} writes a row whose $1 the database has already, from an earlier start or in its file.`,
		`Write it only where it is not there yet.`),
	// alembic
	on("several-heads", `Multiple head revisions are present`,
		`Two migrations follow on the same one, so alembic does not know which is the last.`,
		`Join them with alembic merge heads, and hand in the file that it makes; or upgrade to heads.`).
		with(func(s *Scene, _ []string, h *check.Hint) bool {
			h.Edit = s.inCommand(regexp.MustCompile(`\b(alembic(?:["', ]+)upgrade(?:["', ]+))head\b`), "${1}heads")
			return true
		}),
	refuses("not-up-to-date", `Target database is not up to date`,
		`alembic wants the database to have all migrations first, and it has not.`, `Run alembic upgrade head `+
			`before it.`),
	on("percent", `invalid interpolation syntax in [^\n]*|'%' must be followed by '%' or '\('[^\n]*`, "",
		"").with(percent),
	// drivers
	on("driver-in-address", `invalid DSN: scheme is expected to be either "postgresql" or "postgres", got `+
		`'([\w+]+)'|missing "=" after "(postgres(?:ql)?\+\w+)://`, "", "").with(driverInAddress),
	on("driver-missing", `(MySQL|Postgres) driver not installed`, `peewee wants a driver for $1, and nothing `+
		`installs one.`,
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		by := map[string]string{"MySQL": "pymysql", "Postgres": "psycopg2-binary"}[m[1]]
		h.Advice = fmt.Sprintf("Install %s.", by)
		return needs(by)(s, m, h)
	}),
	on("no-time-zone", `No time zone found with key ([\w/+-]+)`, "", "").with(func(s *Scene, m []string,
		h *check.Hint) bool {
		h.Cause = fmt.Sprintf("The program asks for the time zone %s%s, and the image has no list of time zones, or "+
			"none of that name.", m[1], s.at())
		h.Advice = "Check its spelling, and install tzdata."
		if h.Edit = s.add("tzdata"); h.Edit != nil {
			h.Advice = "Check its spelling, or install tzdata."
		}
		return true
	}),
	refuses("binary-mismatch", `numpy\.dtype size changed, may indicate binary incompatibility|compiled using NumPy `+
		`1\.x`,
		`A package was made for another numpy than is installed.`, `Ask for numpy<2, or for newer versions of the `+
			`packages that use it.`),
	on("async-driver", `MissingGreenlet: greenlet_spawn has not been called`, "", "").with(func(s *Scene, _ []string,
		h *check.Hint) bool {
		p, m := s.grep(regexp.MustCompile(`(?:^|[^_])create_engine\(\s*["']\w+\+(asyncpg|aiosqlite|aiomysql|`+
			`asyncmy)://`), ".py")
		if m == nil {
			return false
		}
		h.Cause = fmt.Sprintf("%s, gives create_engine an address of %s, which is async.", p, m[1])
		h.Advice = "Write create_async_engine, and await what it does; or name a driver that is not async."
		return true
	}),
	refuses("await-in-greenlet", `MissingGreenlet: greenlet_spawn has not been called`,
		`{at} reads what SQLAlchemy has not loaded yet, and asyncio's sessions load nothing by themselves.`,
		`Load it with the query, options(selectinload(…)), or set expire_on_commit=False in the session.`),
	refuses("not-registered", `The current Flask app is not registered with this 'SQLAlchemy' instance`,
		`{at} uses db, which has not been given this app.`, `Call db.init_app(app) where the app is made.`),
	refuses("no-session-key", `The session is unavailable because no secret key was set`,
		`{at} uses the session, and the app has no secret_key.`, `Set app.secret_key where the app is made.`),
	// others
	refuses("mongo-scheme", `Invalid URI scheme: URI must begin with 'mongodb://'`,
		`{at} gives MongoClient an address that does not begin with mongodb://.`, `Begin it so.`,
		`(["'])(?:https?://|mongo://)?([\w.-]+(?::\d+)?(?:/[^"']*)?["']\s*[,)])`, `${1}mongodb://${2}`),
	refuses("redis-scheme", `Redis URL must specify one of the following schemes`,
		`{at} gives redis an address that does not begin with redis://.`, `Begin it so: redis://HOST:6379/0.`),
	on("no-backend", `MissingBackendError: (\w+): no backends available -- recommend you install one \(e\.g\. 'pip `+
		`install ([\w-]+)'\)`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		by := map[string]string{"bcrypt": "bcrypt<5",
			"argon2_cffi": "argon2-cffi"}[m[2]] // passlib does not know bcrypt 5
		if by == "" {
			by = m[2]
		}
		h.Cause = fmt.Sprintf("passlib makes %s hashes with the package %s, and nothing installs it%s.", m[1], m[2],
			s.at())
		h.Advice = fmt.Sprintf("Install %s.", by)
		return needs(by)(s, m, h)
	}),
	refuses("metric-twice", `Duplicated timeseries in CollectorRegistry: \{?'?([\w]+)`,
		`{at} makes the metric $1 a second time: the file that makes it is loaded twice, under two names.`,
		`Import it by one name everywhere, and let CMD name it so too.`),
	// Django
	refuses("not-installed-app", `Model class ([\w.]+) doesn't declare an explicit app_label`,
		`Django meets the model $1, and INSTALLED_APPS does not list the app that it is in.`,
		`Add the app to INSTALLED_APPS in the settings.`).with(func(s *Scene, m []string, h *check.Hint) bool {
		if p, _ := s.grep(regexp.MustCompile(`^INSTALLED_APPS\s*=\s*\[\s*$`), ".py"); p.file != "" {
			h.Edit = &check.Edit{File: p.file, Line: p.line, New: `    "` + strings.Split(m[1], ".models")[0] + `",`}
			h.Advice = "Add it."
		}
		return true
	}),
	refuses("static-root", `without having set the STATIC_ROOT setting`,
		`collectstatic wants to know where to, and the settings have no STATIC_ROOT.`,
		`Write STATIC_ROOT = BASE_DIR / "static" in the settings.`),
}}

// noSuchClass says of a class that a relationship names which one is meant, or which file has it.
func noSuchClass(s *Scene, m []string, h *check.Hint) bool {
	named := regexp.MustCompile(`(["'])` + m[1] + `(["'])`)
	p, _ := s.grep(regexp.MustCompile(`(?i)relationship\(.*`+named.String()+`|Mapped\[.*`+named.String()), ".py")
	var classes []string
	for _, file := range s.files() {
		for _, line := range s.lines(file) {
			if got := regexp.MustCompile(`^class (\w+)\(`).FindStringSubmatch(line); got != nil &&
				strings.HasSuffix(file, ".py") {
				classes = append(classes, got[1])
			}
		}
	}
	if at, _ := s.grep(regexp.MustCompile(`^class `+m[1]+`\(`), ".py"); at.file != "" {
		h.Cause = fmt.Sprintf("A relationship names the class %s of %s, line %d, which the program has not "+
			"imported by "+
			"then.", m[1], at.file, at.line)
		h.Advice = "Import that file where the app is made."
		return true
	}
	if p.file == "" {
		return true
	}
	h.Cause = fmt.Sprintf("%s, names the class %s, and the program has no model of that name.", p, m[1])
	h.Advice = "Check its spelling."
	if near := nearest(m[1], classes); near != "" {
		h.Advice = fmt.Sprintf("Is %s meant?", near)
		h.Edit = p.replace(named, "${1}"+near+"${2}")
	}
	return true
}

// percent says of a value with a % that configparser reads it as the begin of a variable.
func percent(s *Scene, _ []string, h *check.Hint) bool {
	set := regexp.MustCompile(`(set_main_option\(\s*["'][\w.]+["']\s*,\s*)(.+)\)\s*$`)
	p, ok := s.frame()
	if ok && set.MatchString(p.text) {
		h.Cause = fmt.Sprintf("%s, gives alembic an address with a %%, as a password may have it, and its reader "+
			"takes "+
			"that for the begin of a variable.", p)
		h.Advice, h.Edit = "Write each one twice.", p.replace(set, `${1}(${2}).replace("%", "%%"))`)
		return true
	}
	alone := regexp.MustCompile(`^(\s*\w[\w.]*\s*=.*[^%])%([^%(].*)$`)
	if p, _ := s.grep(alone, ".ini.cfg"); p.file != "" {
		h.Cause = fmt.Sprintf("%s, has a %%, which stands for a variable in such a file.", p)
		h.Advice, h.Edit = "Write it twice.", p.replace(alone, "${1}%%${2}")
		return true
	}
	return false
}

// madeAlready says of a table that a statement or a migration makes what else makes it.
func madeAlready(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	create := regexp.MustCompile(`(?i)\b(create table)\s+(\w)`)
	if !strings.Contains(p.text, "create_table(") || !strings.HasSuffix(p.file, ".py") {
		h.Cause = strings.ReplaceAll(h.Cause, "{at}", p.String()+",")
		h.Edit = p.replace(create, "${1} if not exists ${2}")
		return true
	}
	h.Cause = fmt.Sprintf("%s, a migration, makes the table %s, and the database has it already, from elsewhere.", p,
		m[1])
	h.Advice = "Let the migrations alone make the tables, and begin with a database that is empty."
	other, _ := s.grep(regexp.MustCompile(`\bcreate_all\(|(?i:create table (?:if not exists `+
		`)?["'\x60]?`+m[1]+`\b)`), ".py")
	if other.file != "" {
		h.Cause = fmt.Sprintf("%s, a migration, makes the table %s, and so does %s: `%s`.", p, m[1], other,
			other.code())
		h.Advice = "Let the migrations alone make the tables: take that out."
		if all := s.lines(other.file); strings.TrimLeft(other.text, " ") == other.text &&
			strings.Count(other.text, "(") == strings.Count(other.text, ")") && len(all) > 1 &&
			!strings.Contains(other.text, "=") {
			h.Advice, h.Edit = "Let the migrations alone make the tables.", other.without()
		}
	}
	return true
}

// driverInAddress writes an address of PostgreSQL as the driver alone wants it.
func driverInAddress(s *Scene, m []string, h *check.Hint) bool {
	scheme := m[1] + m[2]
	h.Cause = fmt.Sprintf("An address begins with %s://, as SQLAlchemy has it, and the driver alone wants "+
		"postgresql://%s.",
		scheme, s.at())
	h.Advice = "Begin it so."
	pattern := regexp.MustCompile(regexp.QuoteMeta(scheme) + `://`)
	if p, ok := s.frame(); ok {
		h.Edit = p.replace(pattern, "postgresql://")
	}
	if p, _ := s.grep(pattern, ""); h.Edit == nil && p.file != "" {
		h.Edit = p.replace(pattern, "postgresql://")
	}
	return true
}

// localVariable says of a name that a function sets, and reads before, that it is meant to be the
// one outside.
func localVariable(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	lines := s.lines(p.file)
	h.Cause = fmt.Sprintf("%s, reads %s before the function has given it a value: `%s`.", p, m[1], p.code())
	h.Advice = "Give it one on a line above, in each branch."
	outside := regexp.MustCompile(`^` + m[1] + `\s*(?::[^=]+)?=`)
	for i, line := range lines {
		if !outside.MatchString(line) {
			continue
		}
		h.Cause = fmt.Sprintf("%s, reads %s, and since the function sets it as well, it is not the one of line %d: "+
			"`%s`.", p,
			m[1], i+1, p.code())
		h.Advice = fmt.Sprintf("Say at the function's begin that it is: global %s.", m[1])
		for n := p.line - 1; n > 0; n-- {
			if def := regexp.MustCompile(`^(\s*)(?:async )?def `).FindStringSubmatch(lines[n-1]); def != nil &&
				strings.HasSuffix(strings.TrimSpace(lines[n-1]), ":") {
				h.Advice, h.Edit = "Say that it is.", &check.Edit{File: p.file, Line: n, New: def[1] + "    global " +
					"" + m[1]}
				break
			}
		}
		break
	}
	return true
}

// validatedField says which field a validator names that its model has not.
func validatedField(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("The validator %s names a field that its model does not have%s.", m[1], s.at())
	h.Advice = "Name a field of the model, as it is spelt there."
	p, _ := s.grep(regexp.MustCompile(`^\s+(?:async )?def `+m[1]+`\(`), ".py")
	lines := s.lines(p.file)
	for n := p.line - 1; n > 0 && n > p.line-5; n-- {
		got := regexp.MustCompile(`@(?:\w+\.)?(?:field_)?validator\(\s*["'](\w+)["']`).FindStringSubmatch(lines[n-1])
		if got == nil {
			continue
		}
		var fields []string
		for at := n - 1; at > 0 && !strings.HasPrefix(lines[at-1], "class "); at-- {
			if field := regexp.MustCompile(`^    (\w+)\s*:`).FindStringSubmatch(lines[at-1]); field != nil {
				fields = append(fields, field[1])
			}
		}
		at := place{p.file, n, lines[n-1]}
		h.Cause = fmt.Sprintf("%s, names the field %s, and the model has none of that name.", at, got[1])
		if near := nearest(got[1], fields); near != "" {
			h.Advice = fmt.Sprintf("Is %s meant?", near)
			h.Edit = at.replace(regexp.MustCompile(`(["'])`+got[1]+`(["'])`), "${1}"+near+"${2}")
		}
		break
	}
	return true
}

// unknownArgument says which line gives a function an argument that it does not take.
func unknownArgument(s *Scene, m []string, h *check.Hint) bool {
	given := regexp.MustCompile(`(^|[\s(,])` + m[2] + `(\s*=)`)
	p, ok := s.frame()
	if !ok || !given.MatchString(p.text) {
		if other, _ := s.grep(given, ".py"); other.file != "" {
			p, ok = other, true
		}
	}
	at := "The program"
	if ok {
		at = p.String() + ","
	}
	if option := regexp.MustCompile(`([?&])` + m[2] + `=[\w-]*&?`); s.optionOfAddress(option, m[2], h) {
		return true
	}
	if r, raised := s.raised(); raised && r.by != "" && !given.MatchString(p.text) &&
		s.oldFor(r.by, strings.TrimSuffix(m[1], ".__init__")+"()", "the argument "+m[2], h) {
		return true
	}
	h.Cause = fmt.Sprintf("%s gives %s() the argument %s, which the installed version does not take.", at,
		strings.TrimSuffix(m[1], ".__init__"), m[2])
	h.Advice = "Look at how it is called there, or ask for the version that the program is written for."
	if m[3] != "" {
		h.Advice = fmt.Sprintf("Is %s meant?", m[3])
		h.Edit = p.replace(given, "${1}"+m[3]+"${2}")
	}
	return true
}

// optionOfAddress says of an option in the address of a database that its driver does not know it, and
// reports whether an address has it.
func (s *Scene) optionOfAddress(option *regexp.Regexp, name string, h *check.Hint) bool {
	p, _ := s.grep(option, "")
	for i, line := range s.File.Lines {
		if p.file == "" && option.MatchString(line) {
			p = s.dockerfileLine(i + 1)
		}
	}
	if p.file == "" {
		return false
	}
	h.Cause = fmt.Sprintf("%s, has the option %s in the address of the database, which the driver does not know.", p,
		name)
	h.Advice, h.Edit = "Take it out.", p.replace(option, "${1}")
	if name == "sslmode" { // which asyncpg has by another name
		h.Advice, h.Edit = "asyncpg calls it ssl.", p.replace(regexp.MustCompile(`([?&])sslmode=`), "${1}ssl=")
	}
	return true
}

// lateBlueprint says of a route that it stands below the line which registers its blueprint.
func lateBlueprint(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	h.Cause = fmt.Sprintf("A route is added to the blueprint %s after it was registered%s.", m[2], s.at())
	h.Advice = "Call register_blueprint below all of its routes."
	if !ok {
		return true
	}
	name := regexp.MustCompile(`@?(\w+)\.` + m[1]).FindStringSubmatch(p.text)
	if name == nil {
		return true
	}
	if at, _ := s.grep(regexp.MustCompile(`register_blueprint\(\s*(?:\w+\.)?`+name[1]+`\b`), ".py"); at.file != "" {
		h.Cause = fmt.Sprintf("%s, adds a route to the blueprint %s, which %s, has registered before.", p, m[2], at)
		h.Advice = "Put that line below all of its routes."
	}
	return true
}

// hiddenType says of a type in a model that a field above it has its name, or that this Python is
// older than X | None.
func hiddenType(s *Scene, m []string, h *check.Hint) bool {
	p, ok := s.frame()
	if !ok {
		return false
	}
	got := regexp.MustCompile(`:\s*(\w+)\s*\|`).FindStringSubmatch(p.text)
	if m[1] == "type" || m[2] == "type" {
		h.Cause = fmt.Sprintf("%s, writes a type with |, which this Python is too old for.", p)
		h.Advice = "Begin with Python 3.10 or newer, or write Optional[…], which typing has."
		return true
	}
	if got == nil || m[1] != "NoneType" {
		return false
	}
	lines := s.lines(p.file)
	for n := p.line - 1; n > 0 && n > p.line-40; n-- {
		if !regexp.MustCompile(`^\s+` + got[1] + `\s*(?::[^=]*)?=`).MatchString(lines[n-1]) {
			continue
		}
		h.Cause = fmt.Sprintf("%s, means the type %s, and line %d of that class has made %s a field, which is None: "+
			"`%s`.", p, got[1], n, got[1], strings.TrimSpace(lines[n-1]))
		h.Advice = fmt.Sprintf("Import the type under another name, as in from datetime import %s as %s, and write "+
			"that in both lines.", got[1], strings.ToUpper(got[1][:1])+got[1][1:]+"Type")
		return true
	}
	return false
}

// notAnnotated writes the type of a field of a model that has none.
func notAnnotated(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("The field %s of a model has no type%s, and pydantic wants one of each.", m[1], s.at())
	h.Advice = fmt.Sprintf("Write %s: TYPE = %s.", m[1], m[2])
	p, _ := s.grep(regexp.MustCompile(`^\s+`+m[1]+`\s*=\s*`+regexp.QuoteMeta(m[2])), ".py")
	if p.file == "" {
		return true
	}
	h.Cause = fmt.Sprintf("%s: the field %s of a model has no type, and pydantic wants one of each.", p, m[1])
	kind := ""
	switch {
	case m[2] == "True" || m[2] == "False":
		kind = "bool"
	case regexp.MustCompile(`^-?\d+$`).MatchString(m[2]):
		kind = "int"
	case regexp.MustCompile(`^-?\d+\.\d+$`).MatchString(m[2]):
		kind = "float"
	case strings.HasPrefix(m[2], "'") || strings.HasPrefix(m[2], `"`):
		kind = "str"
	case m[2] == "[]":
		kind = "list"
	case m[2] == "{}":
		kind = "dict"
	}
	if kind != "" {
		h.Advice, h.Edit = "Write it.", p.replace(regexp.MustCompile(`^(\s+`+m[1]+`)\s*=`), "${1}: "+kind+" =")
	}
	return true
}

// noSchema says of a class that is a field's type that pydantic does not know what is in it.
func noSchema(s *Scene, m []string, h *check.Hint) bool {
	h.Cause = fmt.Sprintf("A model has a field of the type %s%s, and pydantic does not know what is in one.", m[1],
		s.at())
	h.Advice = "Name a class there that is made from pydantic's BaseModel, or allow any with model_config = " +
		"ConfigDict(arbitrary_types_allowed=True)."
	if p, _ := s.grep(regexp.MustCompile(`^class `+m[1]+`\s*(?:\(\s*\))?:`), ".py"); p.file != "" {
		h.Cause = fmt.Sprintf("A model has a field of the type %s%s, and that is a class of no kind that pydantic "+
			"knows (%s).", m[1], s.at(), p)
		h.Advice = "Make it from BaseModel, with its fields and their types."
	}
	return true
}

// defaultBefore says of a field of a dataclass that it has no default and stands below one that has, and
// reports whether that is so.
func (s *Scene) defaultBefore(name string, h *check.Hint) bool {
	at, ok := s.frame()
	if !ok {
		return false
	}
	lines := s.lines(at.file)
	given := 0 // the first field of the class that has a default
	for n := at.line; n <= min(len(lines), at.line+30); n++ {
		line := lines[n-1]
		switch {
		case given == 0 && regexp.MustCompile(`^\s+\w+\s*:[^=]+=`).MatchString(line):
			given = n
		case regexp.MustCompile(`^\s+`+name+`\s*:[^=]+$`).MatchString(line) && given > 0:
			p := place{at.file, n, line}
			h.Cause = fmt.Sprintf("%s: the field %s has no default, and stands below one that has: `%s` (line %d).",
				p, name, strings.TrimSpace(lines[given-1]), given)
			h.Advice = fmt.Sprintf("Write it above line %d.", given)
			if n-given < 6 {
				h.Advice = "Write it above that."
				h.Edit = &check.Edit{File: at.file, Line: given, Old: strings.Join(lines[given-1:n], "\n"),
					New: strings.Join(append([]string{line}, lines[given-1:n-1]...), "\n")}
			}
			return true
		}
	}
	return false
}
