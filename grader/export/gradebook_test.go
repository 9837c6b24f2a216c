package export

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/sheet"
)

func three() Class {
	return classOf(student("ada", "Ada Lovelace", check("builds", result.Pass, 100, 100)),
		student("bob", "Bob Low", check("builds", result.Partial, 61.5, 100)),
		student("cyd", "Cyd Nil", check("builds", result.Error, 0, 100)))
}

func said(notes []Note) (out []string) {
	for _, n := range notes {
		out = append(out, n.String())
	}
	return out
}

const moodleHeader = "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade),Feedback comments\n"

func TestMoodleErrors(t *testing.T) {
	for name, c := range map[string]struct {
		sheet   string
		options Options
		want    string
		fix     string
	}{
		"nothing": {"", Options{}, "w.csv:1: the file is empty", ""},
		"no grade": {"Identifier,Last modified (grade)\n", Options{},
			`w.csv:1: no column is called "Grade", only "Identifier", "Last modified (grade)"`,
			`Say what it is called in your Moodle's language: --header "Grade=…"`},
		"no id": {"Grade,Last modified (grade)\n", Options{},
			`w.csv:1: no column is called "Identifier", only "Grade", "Last modified (grade)"`,
			`Say what it is called in your Moodle's language: --header "Identifier=…"`},
		"no modified": {"Identifier,Grade\n", Options{},
			`w.csv:1: no column is called "Last modified (grade)", only "Identifier", "Grade"`,
			`Say what it is called in your Moodle's language: --header "Last modified (grade)=…"`},
		"no comments": {"Identifier,Grade,Last modified (grade)\n", Options{Feedback: true},
			`w.csv:1: no column is called "Feedback comments", only "Identifier", "Grade", "Last modified (grade)"`,
			"Switch on feedback comments in the assignment's settings and download the worksheet again, or leave " +
				"--feedback out."},
		"wrong header": {moodleHeader, Options{Headers: map[string]string{"Grade": "Voto"}},
			`w.csv:1: no column is called "Voto", only "Identifier", "Full name", "Email address", "Grade", "Maximum ` +
				`Grade", "Last modified (grade)", "Feedback comments"`,
			`Say what it is called in your Moodle's language: --header "Grade=…"`},
		"unknown header": {moodleHeader, Options{Headers: map[string]string{"Mark": "Voto"}},
			`no column of the worksheet is "Mark" in English`,
			`they are "Identifier", "Grade", "Last modified (grade)", "Email address", "ID number", "Full name", ` +
				`"Maximum Grade" and "Feedback comments"`},
		"low maximum": {moodleHeader + "Participant 1,Ada,a@x.edu,,\"10,00\",-,\n", Options{},
			"w.csv:2: the maximum grade is 10 and the rubric has 100 points: Moodle would pass over the higher grades",
			"set the assignment's maximum grade to 100 in Moodle, and download the worksheet again"},
		"another class's": {moodleHeader + "Participant 1,Zoe Other,zoe@x.edu,,100,-,\n", Options{},
			"w.csv:1: none of the students with a score (2) has a row of their own in it",
			"name the worksheet of this class's assignment; a --roster with Moodle's e-mail addresses or id numbers, " +
				"given to class, finds the rest"},
		"a bare quote": {moodleHeader + "Participant 1,\"Ada\"x\n", Options{},
			`w.csv:2: extraneous or missing " in quoted-field`,
			"put a text that holds a quote in quotes, and write the quote twice"},
		"too wide": {moodleHeader + "1,2,3,4,5,6,7,8\n", Options{}, "w.csv:2: 8 cells, and the header has 7",
			"put a text that holds the separator in quotes"},
		"not UTF-8": {moodleHeader + "Participant 1,\xdcnal\n", Options{}, "w.csv:2: this line is not UTF-8 text",
			`save it as "CSV UTF-8"`},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Sheet = &Sheet{Name: "w.csv", Text: []byte(c.sheet)}
			var b bytes.Buffer
			_, err := writeMoodle(&b, three(), c.options)
			require.EqualError(t, err, c.want)
			assert.Equal(t, c.fix, err.(interface{ Hint() string }).Hint())
			assert.Empty(t, b.String())
		})
	}
	_, err := writeMoodle(nil, three(), Options{})
	assert.EqualError(t, err, "moodle needs --worksheet FILE.csv")
}

// TestMoodleLanguages: what comes out is what Moodle of that language takes.
func TestMoodleLanguages(t *testing.T) {
	for _, language := range []map[string]string{
		{"Participant": "Participant ", "Identifier": "Identifier", "Grade": "Grade",
			"Last modified (grade)": "Last modified (grade)", "Email address": "Email address",
			"Maximum Grade": "Maximum Grade"},
		{"Participant": "Teilnehmer/in", "Identifier": "ID", "Grade": "Bewertung",
			"Last modified (grade)": "Zuletzt geändert (Bewertung)", "Email address": "E-Mail-Adresse",
			"Maximum Grade": "Bestwertung"},
		{"Participant": "Participant", "Identifier": "Identifiant", "Grade": "Note",
			"Last modified (grade)": "Dernière modification (note)", "Email address": "Adresse de courriel",
			"Maximum Grade": "Note maximale"},
		{"Participant": "Participante ", "Identifier": "Identificador", "Grade": "Calificación",
			"Last modified (grade)": "Última modificación (calificación)", "Email address": "Dirección de correo",
			"Maximum Grade": "Calificación máxima"},
		{"Participant": "Partecipante ", "Identifier": "Identificativo", "Grade": "Voto",
			"Last modified (grade)": "Ultima modifica (voto)", "Email address": "Indirizzo",
			"Maximum Grade": "Massimo"},
	} {
		columns := []string{"Identifier", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"}
		var header []string
		for _, c := range columns {
			header = append(header, language[c])
		}
		sheet := "\xef\xbb\xbf" + strings.Join(header, ";") + "\r\n" + language["Participant"] +
			"11;ADA@x.edu;;100,00;-\r\n" + language["Participant"] + "12;bob@x.edu;5,00;100,00;-\r\n" +
			language["Participant"] + "13;cyd@x.edu;7,00;100,00;-\r\n"
		o := Options{Sheet: &Sheet{Name: "w.csv", Text: []byte(sheet)}}
		if language["Grade"] == "Voto" {
			o.Headers = map[string]string{}
			for _, c := range columns {
				o.Headers[c] = language[c]
			}
		}
		text, notes := writeAll(t, "moodle", three(), o)
		grades, err := moodleImport(text, language, 100, map[string]string{"11": "", "12": "5,00", "13": "7,00"})
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"11": "100.00", "12": "61.50", "13": "7,00"}, grades, language["Grade"])
		assert.Equal(t, []string{"cyd: no score: the grader failed: check: the daemon is gone"}, said(notes))
	}
}

// TestMoodleKeepsTheRest: columns that nobody knows, rows of others, line breaks and quotes stay
// where they are.
func TestMoodleKeepsTheRest(t *testing.T) {
	sheet := "Extra,Identifier,Full name,Email address,Grade,Grade can be changed,Last modified (grade),Online text\n" +
		"=1+1,Participant 9,\"Low, \"\"Bob\"\"\",bob@x.edu,,Yes,-,\"two\nlines\"\n" +
		"x,Participant 3,Zoe Other,zoe@x.edu,44.00,Yes,-,\n" +
		"y,Participant 4,\u200fAda Lovelace,ada@x.edu,1.00,No,\"Monday, 5 January\",-\n"
	text, notes := writeAll(t, "moodle", three(), Options{Sheet: &Sheet{Name: "w.csv", Text: []byte(sheet)}})
	assert.Equal(t, strings.Replace(sheet, "bob@x.edu,,", "bob@x.edu,61.50,", 1), string(text))
	assert.Equal(t, []string{"cyd: no score: the grader failed: check: the daemon is gone",
		"ada: left out: Moodle says that this grade cannot be changed"}, said(notes))
}

// TestMoodleFindsStudents: what is sure goes first, and what fits two fits none.
func TestMoodleFindsStudents(t *testing.T) {
	pass := check("builds", result.Pass, 100, 100)
	handedIn := func(number, id, name, email string) Student {
		s := student(id, name, pass)
		s.Submission, s.Email, s.Account = number, email, person.ID{Scope: person.Participant, Value: number}
		return s
	}
	named := func(id, name string) Student { s := student(id, name, pass); s.Email = ""; return s }
	c := classOf(handedIn("7", "u1", "Twin Name", ""), named("u2", "Twin Name"), named("7", "Number Seven"),
		named("u4", "Name, Other"), named("u5", "Same Same"), named("u6", "Same Same"), named("u7", "Doubled"))
	sheet := moodleHeader
	for _, row := range []string{"7,Twin Name", "8,Twin Name", "9,Number Seven", "10,Other Name", "11,Same Same",
		"12,Doubled", "13,Doubled"} {
		sheet += "Participant " + row + ",,,100,-,\n"
	}
	text, notes := writeAll(t, "moodle", c, Options{Sheet: &Sheet{Name: "w.csv", Text: []byte(sheet)}})
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var got []string
	for _, row := range all[1:] {
		if row[3] != "" {
			got = append(got, row[0])
		}
	}
	assert.Equal(t, []string{"Participant 7", "Participant 9", "Participant 10"}, got)
	assert.Equal(t, []string{"Twin Name (u2): left out: no row of w.csv is this student's alone",
		"Same Same (u5): left out: the row of Same Same (11) is claimed by Same Same (u6), too",
		"Same Same (u6): left out: the row of Same Same (11) is claimed by Same Same (u5), too",
		"Doubled (u7): left out: no row of w.csv is this student's alone"}, said(notes))
}

func TestMoodleBonusAboveTheMaximum(t *testing.T) {
	c := classOf(student("ada", "Ada", check("builds", result.Pass, 100, 100), bonus(check("slim", result.Pass, 5, 5))))
	text, notes := writeAll(t, "moodle", c, Options{Sheet: &Sheet{Name: "w.csv",
		Text: []byte(moodleHeader + "Participant 1,Ada,ada@x.edu,,100.00,-,\n")}})
	assert.Contains(t, string(text), ",105.00,")
	assert.Equal(t,
		[]string{"ada: 105 points are more than Moodle's maximum of 100, and Moodle passes over such a grade: raise " +
			"the maximum"}, said(notes))
}

func TestMoodleFeedbackIsHTML(t *testing.T) {
	k := check("create", result.Fail, 0, 100)
	k.Title, k.Hint = "<b>POST</b>", `Say "201" & mean it.`
	c := classOf(student("ada", "Ada", k))
	text, _ := writeAll(t, "moodle", c, Options{Feedback: true, Sheet: &Sheet{Name: "w.csv",
		Text: []byte(moodleHeader + "Participant 1,Ada,ada@x.edu,,100.00,-,old\n")}})
	assert.Contains(t, string(text),
		"0 of 100 points.<br>&lt;b&gt;POST&lt;/b&gt;: 0 of 100. Say &#34;201&#34; &amp; mean it.")
}

const canvasHeader = "Student,ID,SIS User ID,SIS Login ID,Section,Other (7),Task API (12345),Task API (777),Final " +
	"Score\n    Points Possible,,,,,10.00,50.00,50.00,(read only)\n"

func TestCanvasErrors(t *testing.T) {
	for name, c := range map[string]struct {
		sheet   string
		options Options
		want    string
		fix     string
	}{
		"another file": {"Name,Grade\n", Options{},
			"g.csv:1: this is no gradebook of Canvas: its columns do not begin with Student and ID, or there is no " +
				"Section", "export the gradebook from Canvas: Grades, Export, Export Entire Gradebook"},
		"two of it": {canvasHeader, Options{}, `g.csv:1: 2 assignments are called "Task API"`,
			`name it with its number: --assignment "Task API (12345)"`},
		"none of it": {canvasHeader, Options{Assignment: "Tusk"}, `g.csv:1: no assignment is called "Tusk"`,
			`name one of these with --assignment: "Other (7)", "Task API (12345)", "Task API (777)"`},
		"none at all": {"Student,ID,Section\n", Options{}, "g.csv:1: there are no assignments in this gradebook",
			"make it in Canvas, and export the gradebook again"},
		"a reserved": {"", Options{Assignment: "Final Grade"},
			`Canvas takes "Final Grade" for a column of its own, and passes it over`,
			"give another title with --assignment"},
		"a odd column": {"", Options{IDColumn: "login"}, `Canvas has no column "login" for ids`,
			`use "SIS Login ID", "SIS User ID" or "ID"`},
		"another class": {canvasHeader + "\"Other, Zoe\",13,s3,zoe,One,,9,,\n", Options{Assignment: "12345"},
			"g.csv:1: none of the students with a score (2) has a row of their own in it",
			"name the gradebook of this class; a --roster with Canvas's ids, logins or e-mail addresses, given to " +
				"class, finds the rest"},
		"another quote": {canvasHeader + "\"a\"b\n", Options{}, `g.csv:3: extraneous or missing " in quoted-field`,
			"put a text that holds a quote in quotes, and write the quote twice"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.sheet != "" {
				c.options.Sheet = &Sheet{Name: "g.csv", Text: []byte(c.sheet)}
			}
			var b bytes.Buffer
			_, err := writeCanvas(&b, three(), c.options)
			require.EqualError(t, err, c.want)
			assert.Equal(t, c.fix, err.(interface{ Hint() string }).Hint())
			assert.Empty(t, b.String())
		})
	}
}

func TestCanvasGradebook(t *testing.T) {
	sheet := canvasHeader +
		"\"Nil, Cyd\",13,s3,cyd,One,,9,,\n\"Lovelace, Ada\",11,s1,al1,One,,8,,\n\"=Low, " +
		"Bob\",12,-s2,BOB,Two,,7,,\n\"Student, Test\",99,,,One,,,,\n"
	for _, name := range []string{"Task API (12345)", "12345", "Renamed (12345)"} {
		text, notes := writeAll(t, "canvas", three(), Options{Sheet: &Sheet{Name: "g.csv", Text: []byte(sheet)},
			Assignment: name})
		assert.Equal(t,
			"Student,ID,SIS User ID,SIS Login ID,Section,Task API (12345)\n\"    Points "+
				"Possible\",,,,,100.00\n\"Lovelace, Ada\",11,s1,al1,One,100.00\n\"'=Low, "+
				"Bob\",12,-s2,BOB,Two,61.50\n", string(text))
		assert.Equal(t, []string{"cyd: no score: the grader failed: check: the daemon is gone",
			"the assignment has 50 points in Canvas, and the rubric 100; the points are written as they are"},
			said(notes))
	}
	c := three()
	c.Students[1].ID, c.Students[1].Email, c.Students[1].Name = "stranger", "", "Nobody"
	_, notes := writeAll(t, "canvas", c, Options{Sheet: &Sheet{Name: "g.csv", Text: []byte(sheet)},
		Assignment: "12345"})
	assert.Contains(t, said(notes), "Nobody (stranger): left out: no row of g.csv is this student's alone")
}

func TestCanvasIDs(t *testing.T) {
	c := three()
	c.Students[0].Account = person.ID{Scope: person.CanvasUser, Value: "4711"}
	for column, want := range map[string][][]string{
		"":            {{"Ada Lovelace", "4711", "", "ada"}, {"Bob Low", "", "", "bob"}},
		"SIS User ID": {{"Ada Lovelace", "4711", "ada", ""}, {"Bob Low", "", "bob", ""}},
		"ID":          {{"Ada Lovelace", "4711", "", ""}, {"Bob Low", "bob", "", ""}},
	} {
		text, _ := writeAll(t, "canvas", c, Options{IDColumn: column})
		all, err := records(text, 6)
		require.NoError(t, err)
		var got [][]string
		for _, row := range all[2:] {
			got = append(got, row[:4])
		}
		assert.Equal(t, want, got, column)
	}
}

// FuzzMoodle: whatever the worksheet is, it is refused, or it comes out with the same columns and
// rows.
func FuzzMoodle(f *testing.F) {
	for _, s := range []string{"", moodleHeader, moodleHeader + "Participant 1,Ada,ada@x.edu,,100.00,-,\n",
		"ID;Bewertung;Zuletzt geändert (Bewertung)\nTeilnehmer/in1;;-\n",
		"\xef\xbb\xbfIdentifier\tGrade\tLast modified (grade)\r\n\"Participant 2\"\t\"1\n2\"\t-\r\n",
		"Identifier,Grade,Last modified (grade),\"a\rb\"\n1,2\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := Options{Sheet: &Sheet{Name: "w.csv", Text: []byte(text)}}
		before, err := sheet.Read(o.Sheet.Name, o.Sheet.Text)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if _, err := writeMoodle(&b, three(), o); err != nil {
			return
		}
		if err := legal(b.Bytes()); err != nil {
			t.Fatal(err)
		}
		// A line of commas before the header leaves no doubt of the separator.
		after, err := sheet.Read("", append([]byte(strings.Repeat(",", len(before.Header))+"\n"), b.Bytes()...))
		if err != nil {
			t.Fatal(err)
		}
		if len(before.Header) > 1 && !slices.Equal(after.Header, before.Header) {
			t.Fatalf("%q became %q", before.Header, after.Header)
		}
		if len(before.Header) > 1 && len(after.Rows) != len(before.Rows) {
			t.Fatalf("%d rows became %d", len(before.Rows), len(after.Rows))
		}
	})
}

// FuzzCanvas: whatever the gradebook is, it is refused, or Canvas takes what comes out.
func FuzzCanvas(f *testing.F) {
	f.Add(canvasHeader + "\"Lovelace, Ada\",11,s1,ada,One,,8,,\n")
	f.Add("Student,ID,Section,A (1)\nAda Lovelace,1,,\n")
	f.Add("Student;ID;Section;A (1)\r\n=Ada;1;ada;\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		var b bytes.Buffer
		if _, err := writeCanvas(&b, three(), Options{Sheet: &Sheet{Name: "g.csv", Text: []byte(text)},
			Assignment: "1"}); err != nil {
			return
		}
		if err := legal(b.Bytes()); err != nil {
			t.Fatal(err)
		}
		all, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range all[2:] {
			if grade := row[len(row)-1]; grade != "100.00" && grade != "61.50" {
				t.Fatalf("grade %q", grade)
			}
		}
	})
}
