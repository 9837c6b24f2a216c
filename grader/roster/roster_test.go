package roster

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/submission"
)

func excel(s string) string {
	out := "\xff\xfe"
	for _, u := range utf16.Encode([]rune(s)) {
		out += string([]byte{byte(u), byte(u >> 8)})
	}
	return out
}

var rosterCases = []struct {
	name, text string
	want       []string // id|name|email|line
	err        string
}{
	{"plain", "id,name,email\n1,Ann,a@x.edu\n2,\"Low, Bob\",\n", []string{"1|Ann|a@x.edu|2", "2|Low, Bob||3"}, ""},
	{"mark, CRLF, blank lines", "\ufeffID, Full Name ,E-Mail\r\n\r\n1,Ann,a@x.edu\r\n,,\r\n",
		[]string{"1|Ann|a@x.edu|3"}, ""},
	{"old Mac", "id,name\r1,Ann\r", []string{"1|Ann||2"}, ""},
	{"a space before a quote", "id, name\n1, \"Low, Bob\"\n", []string{"1|Low, Bob||2"}, ""},
	{"semicolons", "Matrikelnummer;First name;Last name;Mail\n1;Ann;Low;a@x.edu\n", []string{"1|Ann Low|a@x.edu|2"},
		""},
	{"tabs, an empty cell", "student_id\temail\tname\n1\t\tAnn\n", []string{"1|Ann||2"}, ""},
	{"Excel's Unicode text", excel("id\tname\r\n1\tJosé\r\n"), []string{"1|José||2"}, ""},
	{"Canvas",
		"Student,ID,SIS User ID,SIS Login ID,Section,HW (1)\n    Points Possible,,,,,100\n\"Doe, " +
			"Jane\",77,s77,jdoe,A,\n\"Student, Test\",,,,A,\n", []string{"jdoe|Doe, Jane||3"}, ""},
	{"Moodle", "Identifier,Full name,Email address,Status\nParticipant 12345,Jane Doe,j@x.edu,-\n",
		[]string{"j@x.edu|Jane Doe|j@x.edu|2"}, ""},
	{"GitHub Classroom", "identifier,github_username,github_id,name\njane@x.edu,jane-gh,42,Jane\n",
		[]string{"jane@x.edu|Jane||2"}, ""},
	{"e-mail as id", "name,email\nAnn,a@x.edu\n", []string{"a@x.edu|Ann|a@x.edu|2"}, ""},
	{"short row", "id,name,email\n1\n", []string{"1|||2"}, ""},
	{"line break in a cell", "id,name\n1,\"Ann\nLow\"\n2,Bob\n", []string{"1|Ann Low||2", "2|Bob||4"}, ""},

	{"empty", "", nil, "roster.csv:1: the file is empty"},
	{"header alone", "id,name\n", nil, "roster.csv:1: the roster has a header and no students"},
	{"no header", "1,Ann,x\n", nil, `roster.csv:1: no column holds the students' ids, only "1", "Ann", "x"`},
	{"same id", "id,name\nA1,Ann\n2,Bob\na1,Cyd\n", nil, `roster.csv:4: the id "a1" is that of line 2 too`},
	{"no id", "id,name\n1,Ann\n,Bob\n", nil, `roster.csv:3: "Bob" has no id`},
	{"nobody", "id,name,email\n1,Ann,\n,,x@y\n", nil, `roster.csv:3: this row has no id`},
	{"two columns", "id,ID ,name\n1,2,Ann\n", nil, `roster.csv:1: columns 1 and 2 are both called "ID"`},
	{"e-mail", "id,email\n1,ann\n", nil, `roster.csv:2: "ann" is no e-mail address`},
	{"Latin 1", "id,name\n1,Jos\xe9\n", nil, "roster.csv:2: this line is not UTF-8 text"},
	{"a comma in a name", "id,name,email\n1,Low, Bob,b@x.edu\n", nil, "roster.csv:2: 4 cells, and the header has 3"},
	{"quote", "id,name\n1,\"Ann\n", nil, `roster.csv:2: extraneous or missing " in quoted-field`},
	{"quote inside", "id,name\n1,An\"n\n", nil, `roster.csv:2: bare " in non-quoted-field`},
}

func TestParse(t *testing.T) {
	for _, test := range rosterCases {
		t.Run(test.name, func(t *testing.T) {
			r, err := Parse("roster.csv", strings.NewReader(test.text))
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			var got []string
			for _, s := range r.Students {
				got = append(got, fmt.Sprintf("%s|%s|%s|%d", s.ID, s.Name, s.Email, s.Line))
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, test := range rosterCases {
		f.Add(test.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse("roster.csv", strings.NewReader(text))
		if err != nil {
			require.ErrorContains(t, err, "roster.csv:")
			return
		}
		for _, s := range r.Students {
			require.NotEmpty(t, s.ID)
			require.Positive(t, s.Line)
		}
	})
}

func TestMatch(t *testing.T) {
	r, err := Parse("roster.csv", strings.NewReader(`id,name,email,login
s1,Jane Doe,jdoe@x.edu,jane-gh
s2,"Cruz, José de la",jc@x.edu,cruz
99,Sue Low,low@x.edu,sue
s4,Kim Lee,kim1@x.edu,kl1
s5,Kim Lee,kim2@x.edu,kl2
leekim,,,
lovelace-ada,,,
doejane,Somebody Else,,
kl.twin,,,
kltwin,,,
`))
	require.NoError(t, err)
	for _, test := range []struct {
		what  string
		entry submission.Entry
		want  int
	}{
		{"id", submission.Entry{ID: "s1"}, 0},
		{"id in capitals", submission.Entry{ID: "S2"}, 1},
		{"login", submission.Entry{ID: "jane-gh", Form: submission.GitHubClassroom}, 0},
		{"e-mail's name", submission.Entry{ID: "jdoe"}, 0},
		{"Moodle's name", submission.Entry{ID: "12", Name: "jane  doe", Form: submission.Moodle}, 0},
		{"decomposed", submission.Entry{ID: "12", Name: "Jose\u0301 de la Cruz", Form: submission.Moodle}, 1},
		{"Canvas's name", submission.Entry{ID: "12", Name: "doejane", Form: submission.Canvas}, 0},
		{"a platform's number that is another's id", submission.Entry{ID: "99", Name: "Jane Doe",
			Form: submission.Moodle}, 0},
		{"a platform's number is nobody's id", submission.Entry{ID: "99", Name: "nobody", Form: submission.Canvas,
			Account: person.ID{Scope: person.CanvasUser, Value: "99"}}, -1},
		{"two of that name", submission.Entry{ID: "12", Name: "Kim Lee", Form: submission.Moodle}, -1},
		{"Canvas's name is two names and an id", submission.Entry{ID: "12", Name: "leekim", Form: submission.Canvas},
			-1},
		{"Canvas's name is a name and another's id", submission.Entry{ID: "12", Name: "doejane",
			Form: submission.Canvas}, 0},
		{"Canvas's name is an id", submission.Entry{ID: "12", Name: "lovelaceada", Form: submission.Canvas}, 6},
		{"Canvas's name is a login", submission.Entry{ID: "12", Name: "janegh", Form: submission.Canvas}, 0},
		{"Canvas's name is an id, the number another's", submission.Entry{ID: "99", Name: "lovelaceada",
			Form: submission.Canvas}, 6},
		{"Canvas's name is two ids", submission.Entry{ID: "12", Name: "kltwin", Form: submission.Canvas}, -1},
		{"folder's name", submission.Entry{ID: "Jane-Doe", File: "Jane Doe.zip"}, 0},
		{"assignment-username", submission.Entry{ID: "task-api-jane-gh", File: "task-api-jane-gh"}, 0},
		{"nobody", submission.Entry{ID: "zed", File: "zed"}, -1},
		{"nothing", submission.Entry{}, -1},
	} {
		var want []int
		if test.want >= 0 {
			want = []int{test.want}
		}
		assert.Equal(t, want, r.Match([]submission.Entry{test.entry})[0].Students, test.what)
	}
}
