package readings

import (
	"fmt"
	"net"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

const (
	reasons = `(?:\[Errno -\d\]|Temporary failure in name resolution|Name or service not known|nodename nor servname|` +
		`No address associated|ENOTFOUND|EAI_AGAIN)`
)

// databases are the words of the drivers that reach no server.
var databases = tool{name: "databases", entries: []entry{
	on("postgres-name", `could not translate host name "([^"]+)" to address`, "",
		"").with(server("PostgreSQL", "5432")),
	on("psycopg-name", `failed to resolve host '([^']+)'`, "", "").with(server("PostgreSQL", "5432")),
	on("postgres-refused",
		`connection to server at "([^"]+)"(?: \([^)]*\))?, port (\d+) failed: (?:Connection refused|timeout expired|`+
			`No route|Network is unreachable|Cannot assign)`, "", "").with(server("PostgreSQL", "")),
	on("postgres-old",
		`could not connect to server: [^\n]*\n\s*Is the server running on host "([^"]+)"(?: \([^)]*\))? and `+
			`accepting\s+TCP/IP connections on port (\d+)`, "", "").with(server("PostgreSQL", "")),
	on("postgres-socket", `connection to server on socket "([^"]+)" failed`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		return server("PostgreSQL", "5432")(s, []string{m[0], "localhost"}, h)
	}),
	on("mysql", `Can't connect to (?:local )?MySQL server (?:on|through socket) '([^':\n]+)(?::(\d+))?`, "",
		"").with(server("MySQL", "3306")),
	on("mysql-name", `Unknown (?:MySQL|MariaDB)? ?server host '([^']+)'`, "", "").with(server("MySQL", "3306")),
	on("mongo",
		`(?:ServerSelectionTimeoutError|AutoReconnect|Mongo\w*Error|Mongoose\w*Error): (?:connect |`+
			`getaddrinfo )?(?:ECONNREFUSED |ENOTFOUND |EAI_AGAIN )?([\w.-]+|::1):?(\d+)?[^\n]*`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool { return server("MongoDB", "27017")(s, m, h) }),
	on("mongo-cloud", `(?:answer the query|DNS query name does not exist:|querySrv \w+) `+
		`_mongodb\._tcp\.([\w-]+(?:\.[\w-]+)*)`,
		"", "").with(server("MongoDB", "")),
	on("redis", `(?:Error (?:-?\d+|while) connecting to|connecting to) ([\w.-]+):(\d+)[^\n]*`, "",
		"").with(server("Redis", "6379")),
	on("pool", `PoolTimeout: (?:pool initialization incomplete|couldn't get a connection) after [^\n]*|`+
		`SequelizeConnectionAcquireTimeoutError[^\n]*|buffering timed out after \d+ms`, "", "").with(addressed),
	on("sqlite-locked", `OperationalError: database is locked|SQLITE_BUSY[^\n]*`,
		`Two connections write to the SQLite file at once, and one of them waited in vain.`,
		`Close each connection, or commit, before another writes; and start one worker.`),
	on("prisma", "Can't reach database server at `?([\\w.-]+)`?:`?(\\d+)`?", "", "").with(server("", "")),
	on("kafka", `NoBrokersAvailable[^\n]*`, "", "").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, got := s.grep(regexp.MustCompile(`["']([\w.-]+):(9\d\d\d)["']`), "")
		if p.file == "" {
			return somewhere(s, "Kafka", h)
		}
		return server("Kafka", "")(s, got, h)
	}),
	on("amqp", `(?:AMQPConnectionError|AMQPConnectorException|kombu\.exceptions\.OperationalError)[^\n]*`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, got := s.grep(
			regexp.MustCompile(`(?:amqp://[^@"'\s]*@?|ConnectionParameters\(\s*(?:host\s*=\s*)?["'])([\w.-]+)`), "")
		if p.file == "" {
			return somewhere(s, "RabbitMQ", h)
		}
		return server("RabbitMQ", "5672")(s, []string{m[0], got[1]}, h)
	}),
	on("broker", `Cannot connect to \w+://(?:[^@\s]*@)?([\w.-]+):(\d+)[^\n]*`, "", "").with(server("", "")),
	on("elastic", `(?:elastic_transport\.ConnectionError|elasticsearch\.exceptions\.ConnectionError)[^\n]*`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		p, got := s.grep(regexp.MustCompile(`https?://([\w.-]+):(9200)`), "")
		if p.file == "" {
			return somewhere(s, "Elasticsearch", h)
		}
		return server("Elasticsearch", "")(s, got, h)
	}),
	on("connect-call", `Connect call failed \('([^']+)', (\d+)[^\n]*`, "", "").with(server("", "")),
	on("node-refused", `connect (?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) ([\w.:]+):(\d+)`, "",
		"").with(server("", "")),
	on("node-name", `getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)`, "", "").with(server("", "")),
	on("go-dial",
		`dial tcp:? (?:lookup )?([\w.-]+)(?::(\d+))?[^\n]*(?:connection refused|no such host|server misbehaving|`+
			`i/o timeout|failure in name)`, "", "").with(server("", "")),
	on("jdbc", `Connection to ([\w.-]+):(\d+) refused`, "", "").with(server("", "")),
	on("java-host", `java\.net\.UnknownHostException: ([\w.-]+)`, "", "").with(server("", "")),
	on("any-host", `host='([\w.-]+)', port=(\d+)\)?[^\n]*(?:Max retries|timed out|`+reasons+`)`, "",
		"").with(server("", "")),
	on("any-name", `(?m)^[^\n]*(?:gaierror|ConnectError|ConnectionError|OperationalError|URLError)[^\n]*`+reasons+
		`[^\n]*`, "", "").with(addressed),
	on("any-refused", `(?m)^[^\n]*(?:ConnectionRefusedError|Connection refused|Network is unreachable)[^\n]*`, "",
		"").with(addressed),
	on("nest-retries", `(?m)^[^\n]*Unable to connect to the database\. Retrying[^\n]*`, "", "").with(func(s *Scene,
		m []string, h *check.Hint) bool {
		return addressed(s, m, h) || somewhere(s, "a database", h)
	}),
	on("sqlite-cannot-open",
		`(?:unable to open database file|SQLITE_CANTOPEN|Cannot open database because the directory does not exist)`,
		"", "").with(sqlite),
	on("sqlite-read-only", `(?:attempt to write a readonly database|SQLITE_READONLY)`, "", "").with(sqlite),
	on("no-such-table", `no such table: (\w+)`, `The database has no table $1: nothing has made it.`,
		`Make the tables before they are used, as with Base.metadata.create_all(engine).`).with(noTable),
	on("no-dialect", `Can't load plugin: sqlalchemy\.dialects:(\w+)`, "",
		"").with(func(s *Scene, m []string, h *check.Hint) bool {
		h.Cause = fmt.Sprintf("SQLAlchemy knows no database called %s.", m[1])
		h.Advice = "Write the address as it wants it, such as postgresql://."
		if m[1] == "postgres" {
			if p, _ := s.grep(regexp.MustCompile(`postgres://`), ""); p.file != "" {
				h.Edit = p.replace(regexp.MustCompile(`postgres://`), "postgresql://")
			}
		} else if p, _ := s.grep(regexp.MustCompile(`\b`+m[1]+`(?:\+\w+)?://`), ""); p.file != "" {
			h.Cause = fmt.Sprintf("%s, has an address that begins with %s://, and SQLAlchemy knows no such "+
				"database.", p, m[1])
			if m[1] == "driver" {
				h.Cause = fmt.Sprintf("%s, still has the address of alembic's sample, driver://…, which is no "+
					"database.", p)
				h.Advice = "Write the program's own address there, such as sqlite:///tasks.db."
			}
		}
		return true
	}),
	on("not-a-url", `Could not parse (?:rfc1738|SQLAlchemy) URL from (?:string|given URL string)[^\n]*`,
		`The address of the database is none that SQLAlchemy can read.`,
		`Write it as postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE.`).with(func(s *Scene, m []string,
		h *check.Hint) bool {
		if p, ok := s.frame(); ok && strings.Contains(p.text, "env") {
			unset := *h
			if noneForSetting(s, m, &unset) {
				*h = unset
			}
		}
		return true
	}),
}}

// ports tell what is most likely asked for.
var ports = map[string]string{"5432": "PostgreSQL", "5433": "PostgreSQL", "3306": "MySQL", "27017": "MongoDB",
	"6379": "Redis", "5672": "RabbitMQ", "9092": "Kafka", "9200": "Elasticsearch", "1433": "SQL Server"}

// goesOnBehind returns the edit that lets the program go on when a block fails.
func (s *Scene) goesOnBehind(p place, indent string) *check.Edit {
	all, end := s.lines(p.file), p.line
	for end < len(all) && (all[end] == "" || strings.HasPrefix(all[end], indent+" ")) {
		end++
	}
	for end > p.line && all[end-1] == "" {
		end--
	}
	block := all[p.line-1 : end]
	if len(block) < 2 || strings.Contains(strings.Join(block, "\n"), `"""`) || slices.ContainsFunc(block,
		func(line string) bool { return regexp.MustCompile(`^\s*(?:yield|return)\b`).MatchString(line) }) {
		return nil
	}
	return tried(p, block, indent, nil)
}

// tried returns the edit that puts lines of Python, which begin at a place, into a try that goes on: the
// names that they give are None then.
func tried(p place, block []string, indent string, names []string) *check.Edit {
	lines := []string{indent + "try:"}
	for _, line := range block {
		if line != "" {
			line = "    " + line
		}
		lines = append(lines, line)
	}
	lines = append(lines, indent+"except Exception as error:")
	if len(names) > 0 {
		lines = append(lines, indent+"    "+strings.Join(names, " = ")+" = None")
	}
	lines = append(lines, indent+"    print(error)")
	return &check.Edit{File: p.file, Line: p.line, Old: strings.Join(block, "\n"), New: strings.Join(lines, "\n")}
}

// addressed reports whether a line of the program names the server that the log does not name.
func addressed(s *Scene, m []string, h *check.Hint) bool {
	if p, ok := s.frame(); ok {
		if got := regexp.MustCompile(`https?://([\w.-]+)(?::(\d+))?`).FindStringSubmatch(p.text); got != nil {
			return server("", "")(s, got, h)
		}
	}
	for _, pattern := range []string{`(?:postgres(?:ql)?|mysql|mariadb|mongodb|redis|` +
		`amqp)(?:\+\w+)?://(?:[^@"'\s/]*@)?([\w.-]+)(?::(\d+))?`,
		`create_connection\(\(\s*["']([\w.-]+)["']\s*,\s*(\d+)`,
		`(?i)\bhost\s*[=:]\s*["']([\w.-]+)["'](?:.*\bport\s*[=:]\s*["']?(\d+))?`} {
		if p, got := s.grep(regexp.MustCompile(pattern), ""); p.file != "" {
			return server("", "")(s, got, h)
		}
	}
	if p, ok := s.frame(); ok {
		h.Cause = fmt.Sprintf(
			"The program asks for another server while it starts (%s), and nothing answers there: it runs alone.", p)
		h.Advice, h.Edit = s.alone(), s.goesOn()
		return true
	}
	return false
}

// alone returns what a program can do that asks for a server when it starts, in its language's
// words.
func (s *Scene) alone() string {
	if s.answers {
		return "Answer without it where it is not there (try … except)."
	}
	word := "except"
	if files := s.files(); slices.ContainsFunc(files, scripted) && !slices.ContainsFunc(files,
		func(name string) bool { return strings.HasSuffix(name, ".py") }) {
		word = "catch"
	}
	return "Let the start go on without it (try … " + word + "), or connect at the first request."
}

var (
	withBlock = regexp.MustCompile(`^(\s*)(?:async )?with .*:$`)
	statement = regexp.MustCompile(`^(\s*)(?:(\w+)\s*=\s*)?((?:await\s+)?[\w.]+\(.*\))$`)
	promised  = regexp.MustCompile(`^(\s*(?:client|pool|db|connection|mongoose|sequelize|redis)\w*\.(?:connect|query|` +
		`authenticate|sync)\([^()]*\))\s*;?\s*$`)
	connects = regexp.MustCompile(`^(?:client|pool|db|connection|redis)\w*\.connect\(\)\s*;?\s*$`)
	awaited  = regexp.MustCompile(`^(\s*)await\s+(.*\))\s*;?\s*$`)
)

// goesOn returns the edit by which the line that asks for a server lets the start go on where there is none;
// nil where that line is not a whole statement, or others use what it gives while the program starts.
func (s *Scene) goesOn() *check.Edit {
	p, ok := s.frame()
	if !ok { // a promise that nobody waits for fails outside of all that is the student's
		p, _ = s.grep(connects, ".js.mjs.cjs.ts")
		ok = p.file != ""
	}
	if !ok || !s.started || s.answers || strings.Count(p.text, "(") != strings.Count(p.text, ")") {
		return nil
	}
	edit := &check.Edit{File: p.file, Line: p.line, Old: p.text}
	if m := awaited.FindStringSubmatch(p.text); m != nil && scripted(p.file) {
		edit.New = m[1] + m[2] + ".catch((error) => console.error(error));"
		return edit
	}
	if m := promised.FindStringSubmatch(p.text); m != nil && scripted(p.file) {
		edit.New = m[1] + ".catch((error) => console.error(error));"
		return edit
	}
	if m := withBlock.FindStringSubmatch(p.text); m != nil && strings.HasSuffix(p.file, ".py") {
		return s.goesOnBehind(p, m[1])
	}
	m := statement.FindStringSubmatch(p.text)
	if m == nil || !strings.HasSuffix(p.file, ".py") || makesApp.MatchString(p.text) {
		return nil
	}
	all, names, end := s.lines(p.file), []string{}, p.line
	uses := func(line string) bool {
		return strings.HasPrefix(line, m[1]) && !strings.HasPrefix(line, m[1]+" ") &&
			regexp.MustCompile(`\b(?:`+strings.Join(names, "|")+`)\b`).MatchString(line)
	}
	for got := m; got != nil; end++ { // with what is done with it just below
		if got[2] != "" {
			names = append(names, got[2])
		}
		if got = nil; end < len(all) && len(names) > 0 && uses(all[end]) {
			got = statement.FindStringSubmatch(all[end])
		}
	}
	end--
	if len(names) > 0 && slices.ContainsFunc(all[end:], uses) {
		return nil
	}
	return tried(p, all[p.line-1:end], m[1], names)
}

// scripted reports whether a file is of a program of Node.
func scripted(name string) bool {
	return slices.Contains([]string{".js", ".mjs", ".cjs", ".ts"}, path.Ext(name))
}

// serverURL is the address of a database, to the quote behind it, and inAFile one that needs no
// server, where every user may write.
const (
	serverURL = `(?:postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?://[^"'\n]*`
	inAFile   = "sqlite:////tmp/tasks.db"
)

var (
	given   = regexp.MustCompile(`((?:getenv|environ\.get)\([^,)\n]*,\s*["'])` + serverURL)
	setting = regexp.MustCompile(`^(\s+\w+\s*:\s*str\s*=\s*["'])` + serverURL)
	literal = regexp.MustCompile(`^((?:\w+\s*(?::\s*str\s*)?=\s*|\w+\s*=\s*create_engine\(\s*)["'])` +
		serverURL)
	serverAddress = regexp.MustCompile(`^` + serverURL)
	engines       = regexp.MustCompile(`\bcreate_engine\(|\bSQLAlchemy\(`)
	oneDatabase   = regexp.MustCompile(`create_async_engine|["']\w+_args["']|pool_size|` +
		`dialects(?:\.| import )postgresql`)
)

// anyDatabase reports whether the program keeps its data by SQLAlchemy in whatever database it is given
// the address of.
func (s *Scene) anyDatabase() bool {
	makes, _ := s.grep(engines, ".py")
	one, _ := s.grep(oneDatabase, ".py")
	return makes.file != "" && one.file == ""
}

// withoutServer returns the line by which a program of SQLAlchemy keeps its data in a file where no
// address is given; nil where none of its lines has the address, or it is no such program.
func (s *Scene) withoutServer() *check.Edit {
	if !s.anyDatabase() {
		return nil
	}
	for _, in := range s.File.Effective() {
		for _, a := range in.Assignments() {
			if in.Name == "ENV" && serverAddress.MatchString(a.Value) {
				return s.inInstruction(&in, regexp.MustCompile(`\b`+a.Name+`([= ]["']?)`+serverURL),
					a.Name+"${1}"+inAFile)
			}
		}
	}
	for _, pattern := range []*regexp.Regexp{given, setting, literal} {
		if p, _ := s.grep(pattern, ".py"); p.file != "" {
			return p.replace(pattern, "${1}"+inAFile)
		}
	}
	return nil
}

// whileBuilt says of a step of a build that no server is there for it.
func (s *Scene) whileBuilt(h *check.Hint) {
	h.Cause = strings.Replace(h.Cause, "The program asks", "This step asks", 1)
	if h.Advice != s.alone() {
		return
	}
	if cause, _, ok := strings.Cut(h.Cause, ": "); ok {
		h.Cause = cause + ", and while an image is built there is none."
	}
	h.Advice = "Do it when the program runs, and take it out of the build."
	if in := s.Step; in != nil && in.Line == in.EndLine && len(in.Commands()) == 1 && !in.Commands()[0].Installs() {
		h.Edit = check.EditOf(s.File.Name, s.File.Change(*in))
	}
}

// somewhere reports whether a server is asked for, of which the log does not say where.
func somewhere(s *Scene, what string, h *check.Hint) bool {
	h.Cause, h.Advice = fmt.Sprintf(
		"The program asks for %s while it starts%s, and nothing answers: here it runs alone.", what, s.at()), s.alone()
	h.Edit = s.goesOn()
	return true
}

// server returns which server the program asks for, and why none is there.
func server(what, port string) func(*Scene, []string, *check.Hint) bool {
	return func(s *Scene, m []string, h *check.Hint) bool {
		host := m[1]
		at := port
		if len(m) > 2 && m[2] != "" {
			at = m[2]
		}
		name := what
		if name == "" {
			name = ports[at]
		}
		asked := "a server"
		switch name {
		case "PostgreSQL", "MySQL", "MongoDB", "SQL Server":
			asked = "a database (" + name + ")"
		case "":
		default:
			asked = name
		}
		where := s.serverLine(host, at)
		address := host
		if at != "" {
			address = net.JoinHostPort(host, at)
		}
		h.Advice, h.Edit = s.alone(), s.goesOn()
		if name == "PostgreSQL" || name == "MySQL" {
			if e := s.withoutServer(); e != nil {
				h.Advice, h.Edit = "Let SQLAlchemy keep the tables in a file, which needs no server.", e
			}
		}
		ip := net.ParseIP(host)
		if ip != nil && ip.IsLoopback() && at != "" {
			address = "localhost:" + at
		}
		switch {
		case host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) || path.IsAbs(host):
			if path.IsAbs(host) {
				address = host
			}
			h.Cause = fmt.Sprintf(
				"The program asks for %s at %s%s: that is the container's own localhost, and no such server "+
					"runs in it.", asked, address, where)
		case host == "None" || host == "undefined":
			h.Cause = fmt.Sprintf("The program asks for %s at %s%s: that is what a variable comes to in a text when "+
				"nothing sets it.", asked, address, where)
			if p, ok := s.frame(); ok {
				unset := s.unset(p)
				if _, got := s.grep(regexp.MustCompile(`@\$?\{\s*(?:os\.)?`+readsVariable.String()),
					".py.js.cjs.mjs.ts"); len(unset) == 0 && got != nil {
					unset = []string{got[1]}
				}
				if len(unset) > 0 {
					h.Cause = fmt.Sprintf("The program asks for %s at %s%s: nothing sets %s, and %s is what that "+
						"comes to "+
						"in a text.", asked, address, where, variables(unset), host)
				}
			}
		case strings.HasSuffix(host, ".docker.internal"):
			h.Cause = fmt.Sprintf("The program asks for %s at %s%s, which is one's own machine where Docker "+
				"Desktop runs: "+
				"here the container runs alone, and that is nobody's name.", asked, address, where)
		case s.composed(host) != "":
			h.Cause = fmt.Sprintf(
				"The program asks for %s at %s%s, which is a service of %s: here the container runs alone, without "+
					"compose.", asked, address, where, s.composed(host))
		case ip == nil && !strings.Contains(host, "."):
			h.Cause = fmt.Sprintf(
				"The program asks for %s at %s%s, a name that compose would give to a service: here the container "+
					"runs alone, and %s is nobody's name.", asked, address, where, host)
		default:
			h.Cause = fmt.Sprintf("The program asks for %s at %s%s, and nothing answers there.", asked, address, where)
		}
		return true
	}
}

var composeFiles = []string{"docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"}

// composed returns the compose file that has a service of that name, or empty.
func (s *Scene) composed(host string) string {
	for _, name := range composeFiles {
		for _, line := range s.lines(name) {
			if strings.TrimRight(line, " ") == "  "+host+":" || strings.TrimSpace(line) == "container_name: "+host {
				return name
			}
		}
	}
	return ""
}

// serverLine returns where the program asks: the line of its traceback, or that which has the
// address.
func (s *Scene) serverLine(host, port string) string {
	if at := s.at(); at != "" {
		return at
	}
	for _, pattern := range []string{`[/@"'=]` + regexp.QuoteMeta(host) + `:` + port + `\b`,
		`[/@"'=]` + regexp.QuoteMeta(host) + `[:/"']`, `\b` + port + `\b`} {
		if pattern == `\b\b` {
			continue
		}
		if p, _ := s.grep(regexp.MustCompile(pattern), ".py.js.mjs.cjs.ts.go.java.rb.php"); p.file != "" {
			return " (" + p.String() + ")"
		}
	}
	return ""
}

var sqlitePaths = regexp.MustCompile(
	`(?:sqlite(?:\+\w+)?:///|sqlite3?\.connect\(\s*["']|aiosqlite\.connect\(\s*["']|` +
		`new (?:sqlite3\.)?Database\(\s*["']|DatabaseSync\(\s*["']|storage:\s*["'])(/?[\w./-]+)`)

var (
	sqliteName = regexp.MustCompile(`(?:connect|Database|DatabaseSync)\(\s*([A-Za-z_]\w*)\s*[,)]`)
	sqliteFile = regexp.MustCompile(`["'](/?[\w./-]+\.(?:db|sqlite3?))["']`)
)

// sqliteVariable returns the file that a variable names which a line hands to SQLite; where no line
// does, the one file of a database that the program names.
func (s *Scene) sqliteVariable(line string) (place, []string) {
	if m := sqliteName.FindStringSubmatch(line); m != nil {
		if p, got := s.grep(regexp.MustCompile(`\b`+m[1]+`\s*(?::\s*\w+\s*)?=[^=\n]*?["'](/?[\w./-]+)["']\)?\s*;?\s*$`),
			""); got != nil {
			return p, got
		}
	}
	return s.grep(sqliteFile, ".py.js.mjs.cjs.ts")
}

// sqlite says why a file of SQLite cannot be opened or written: its folder is not there, or is not
// the user's.
func sqlite(s *Scene, m []string, h *check.Hint) bool {
	name := ""
	var p place
	if f, ok := s.frame(); ok {
		if got := sqlitePaths.FindStringSubmatch(f.text); got != nil {
			p, name = f, got[1]
		}
	}
	if name == "" {
		var got []string
		if p, got = s.grep(sqlitePaths, ""); got == nil {
			f, _ := s.frame()
			p, got = s.sqliteVariable(f.text)
		}
		if got != nil {
			name = got[1]
		} else {
			for _, in := range s.File.Effective() {
				for _, a := range in.Assignments() {
					if got := sqlitePaths.FindStringSubmatch(a.Value); got != nil {
						p, name = place{s.File.Name, in.Line, in.Text}, got[1]
					}
				}
			}
		}
	}
	if name == "" {
		h.Cause = "The program cannot open or write the file of its SQLite database" + s.at() + "."
		h.Advice = "Its folder must be in the image, and belong to the user that the program runs as: mkdir and " +
			"chown make it so."
		return true
	}
	at := inside(s.workdir(), name)
	dir := path.Dir(at)
	who, line := s.user()
	absent := dir != "/" && dir != s.workdir() && !s.landsIn(dir) && !s.mkdirs(dir) &&
		!strings.HasPrefix(s.workdir(), dir+"/")
	switch {
	case absent:
		h.Cause = fmt.Sprintf("The program keeps its database in %s (%s), and the image has no folder %s.", name, p,
			dir)
		h.Advice = "Make it in the image with mkdir."
		if h.Edit = s.makes(dir); h.Edit != nil {
			h.Advice = "Make the folder."
		}
	case who != "":
		h.Cause = fmt.Sprintf(
			"The program keeps its database in %s (%s) and runs as %s (USER, line %d), who may not write in %s.", name,
			p, who, line, dir)
		h.Advice = "Give the folder to that user with chown."
		if dir == "/" {
			h.Advice = "Keep it below WORKDIR, in a folder that chown gives to that user."
			return true
		}
		if h.Edit = s.owns(dir); h.Edit != nil {
			h.Advice = "Give the folder to that user."
		}
	default:
		h.Cause = fmt.Sprintf("The program cannot open the file of its database, %s (%s).", at, p)
		h.Advice = "Look whether something else stands at that path in the image, or an ignore line keeps the folder " +
			"out: mkdir makes it."
	}
	return true
}

// mkdirs reports whether a step makes a folder.
func (s *Scene) mkdirs(dir string) bool {
	for _, in := range s.File.Effective() {
		if in.Name == "RUN" && regexp.MustCompile(`\bmkdir\b[^&;|]*`+
			regexp.QuoteMeta(strings.TrimPrefix(dir, strings.TrimSuffix(s.workdir(), "/")+"/"))+
			`\b`).MatchString(in.Text) || in.Name == "WORKDIR" && strings.Contains(in.Text, dir) {
			return true
		}
	}
	return false
}
