package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/class"
	"github.com/taskgrader/taskgrader/grader/person"
	"github.com/taskgrader/taskgrader/grader/result"
)

// handedIn returns a student with points; number is the learning platform's, "" for none. Who has
// an address is in the roster.
func handedIn(scope person.Scope, number, id, name, address string, points float64) Student {
	s := student(id, name, check("builds", result.Partial, points, 100))
	s.Email, s.Account = address, person.ID{Scope: scope, Value: number}
	s.File = name + "_" + number
	if address != "" {
		s.Matched = "name"
	}
	return s
}

// filled returns the grades in a file by the name in the row, and what was said.
func filled(t *testing.T, format string, c Class, o Options, who, grade int) (map[string]string, []string) {
	t.Helper()
	text, notes := writeAll(t, format, c, o)
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	got := map[string]string{}
	for _, row := range all[1:] {
		if row[grade] != "" && !strings.Contains(row[who], "Points Possible") {
			got[row[who]] = row[grade]
		}
	}
	var left []string
	for _, n := range notes {
		if n.Left {
			left = append(left, n.String())
		}
	}
	return got, left
}

// TestWhoseRowIsIt: whatever does not agree, no grade stands in a row that is not its student's,
// and who was left out is named with whoever it was taken for.
func TestWhoseRowIsIt(t *testing.T) {
	const moodle, canvas = person.Participant, person.CanvasUser
	head := "Identifier,Full name,Email address,Group,Username,Grade,Maximum Grade,Last modified (grade)\n"
	row := func(cells string) string { return "Participant " + cells + ",,100,-\n" }
	for what, c := range map[string]struct {
		students []Student
		sheet    string
		want     map[string]string
		left     []string
	}{
		"all agree": {
			[]Student{handedIn(moodle, "77", "jroe", "Jane Roe", "jane@x.edu", 10),
				handedIn(moodle, "78", "kpoe", "Karl Poe", "", 5)},
			row("77,Jane Roe,jane@x.edu,,jroe") + row("78,Karl Poe,karl@x.edu,,kpoe"),
			map[string]string{"Jane Roe": "10.00", "Karl Poe": "5.00"}, nil,
		},
		"the worksheet of another assignment": {
			[]Student{handedIn(moodle, "77", "jroe", "Jane Roe", "jane@x.edu", 10),
				handedIn(moodle, "78", "78", "Karl Poe", "", 5)},
			row("77,Karl Poe,karl@x.edu,,") + row("78,Lena Coe,lena@x.edu,,") + row("79,Jane Roe,jane@x.edu,,"),
			map[string]string{}, []string{
				"Jane Roe (jroe): left out: by the number it is the row of Karl Poe (77) in w.csv, by the address " +
					"that of Jane Roe (79): is it the file of another assignment or section?",
				"Karl Poe (78): left out: by the number it is the row of Lena Coe (78) in w.csv, and the names Karl " +
					"Poe and Lena Coe differ: is it the file of another assignment or section?"},
		},
		"two of one name, one of them elsewhere": {
			[]Student{handedIn(moodle, "", "kl1", "Kim Lee", "kim1@x.edu", 10),
				handedIn(moodle, "", "jroe", "Jane Roe", "jane@x.edu", 7)},
			row("5,Kim Lee,kim2@x.edu,,kl2") + row("6,Jane Roe,jane@x.edu,,jroe"),
			map[string]string{"Jane Roe": "7.00"},
			[]string{"Kim Lee (kl1): left out: by the name it is the row of Kim Lee (5) in w.csv, and the addresses " +
				"kim1@x.edu and kim2@x.edu differ: is it the file of another assignment or section?"},
		},
		"two of one name": {
			[]Student{handedIn(moodle, "", "kl1", "Kim Lee", "", 10), handedIn(moodle, "", "kl3", "Kim Lee", "", 9),
				handedIn(moodle, "", "jroe", "Jane Roe", "jane@x.edu", 7)},
			row("5,Kim Lee,kim2@x.edu,,") + row("6,Jane Roe,jane@x.edu,,"),
			map[string]string{"Jane Roe": "7.00"},
			[]string{"Kim Lee (kl1): left out: the row of Kim Lee (5) is claimed by Kim Lee (kl3), too",
				"Kim Lee (kl3): left out: the row of Kim Lee (5) is claimed by Kim Lee (kl1), too"},
		},
		"a name that changed its spelling": {
			[]Student{handedIn(moodle, "77", "jroe", "Jörg Straße", "", 10),
				handedIn(moodle, "78", "lker", "Lucie Poe", "lucie@x.edu", 5)},
			row("77,Joerg Strasse,j@x.edu,,") + row("78,Lucie Kérouac,lucie@x.edu,,"),
			map[string]string{"Joerg Strasse": "10.00", "Lucie Kérouac": "5.00"}, nil,
		},
		"an address in capitals": {
			[]Student{handedIn(moodle, "", "jroe", "Jane Roe", "Jane@X.EDU", 10)},
			row("77,Jane Roe,jane@x.edu,,"), map[string]string{"Jane Roe": "10.00"}, nil,
		},
		"a student with two accounts": {
			[]Student{handedIn(moodle, "80", "jroe", "Jane Roe", "jane@x.edu", 10)},
			row("79,Jane Roe,jane@x.edu,,") + row("80,Jane Roe,jane2@x.edu,,"), map[string]string{},
			[]string{"Jane Roe (jroe): left out: by the number it is the row of Jane Roe (80) in w.csv, by the " +
				"address that of Jane Roe (79): is it the file of another assignment or section?"},
		},
		"two submissions of one row": {
			[]Student{handedIn(moodle, "77", "77", "Jane Roe", "", 10), handedIn(moodle, "", "x", "Jane Roe",
				"jane@x.edu", 5)},
			row("77,Jane Roe,jane@x.edu,,"), map[string]string{},
			[]string{"Jane Roe (77): left out: the row of Jane Roe (77) is claimed by Jane Roe (x), too",
				"Jane Roe (x): left out: the row of Jane Roe (77) is claimed by Jane Roe (77), too"},
		},
		"an address with another's name": {
			[]Student{handedIn(moodle, "", "jroe", "Jane Roe", "karl@x.edu", 10)},
			row("77,Karl Poe,karl@x.edu,,"), map[string]string{},
			[]string{"Jane Roe (jroe): left out: by the address it is the row of Karl Poe (77) in w.csv, and the " +
				"names Jane Roe and Karl Poe differ: is it the file of another assignment or section?"},
		},
		"a team of three, by its name": {
			[]Student{handedIn(moodle, "12", "12", "Team Blue", "", 10)},
			row("12,Rita Red,rita@x.edu,Team Red,") + row("15,Bea Blue,bea@x.edu,Team Blue,") +
				row("77,Bob Blue,bob@x.edu,team blue,") + row("78,Ben Blue,ben@x.edu,\"Team Blue, Lab 2\","),
			map[string]string{"Bea Blue": "10.00", "Bob Blue": "10.00", "Ben Blue": "10.00"}, nil,
		},
		"a team, and no column for it": {
			[]Student{handedIn(moodle, "12", "12", "Team Blue", "", 10),
				handedIn(moodle, "15", "jroe", "Jane Roe", "jane@x.edu", 7)},
			row("12,Rita Red,rita@x.edu,,") + row("15,Jane Roe,jane@x.edu,,"), map[string]string{"Jane Roe": "7.00"},
			[]string{"Team Blue (12): left out: by the number it is the row of Rita Red (12) in w.csv, and the names " +
				"Team Blue and Rita Red differ: is it the file of another assignment or section?"},
		},
		"a team of the roster: the group's number is nobody's": {
			[]Student{inTeam(handedIn(moodle, "12", "bea", "Bea Blue", "bea@x.edu", 10)),
				inTeam(handedIn(moodle, "12", "bob", "Bob Blue", "bob@x.edu", 10))},
			row("12,Rita Red,rita@x.edu,,") + row("15,Bea Blue,bea@x.edu,,") + row("77,Bob Blue,bob@x.edu,,"),
			map[string]string{"Bea Blue": "10.00", "Bob Blue": "10.00"}, nil,
		},
		"an id of the roster that is a participant's number": {
			[]Student{handedIn(moodle, "", "77", "Jane Roe", "jane@x.edu", 10)},
			row("77,Karl Poe,karl@x.edu,,") + row("79,Jane Roe,jane@x.edu,,"), map[string]string{"Jane Roe": "10.00"},
			nil,
		},
		"Canvas's number in Moodle": {
			[]Student{handedIn(canvas, "77", "77", "roejane", "", 10)},
			row("77,Karl Poe,karl@x.edu,,") + row("79,Jane Roe,jane@x.edu,,"), map[string]string{"Jane Roe": "10.00"},
			nil,
		},
	} {
		t.Run(what, func(t *testing.T) {
			got, left := filled(t, "moodle", classOf(c.students...),
				Options{Sheet: &Sheet{Name: "w.csv", Text: []byte(head + c.sheet)}}, 1, 5)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.left, left)
		})
	}
}

func inTeam(s Student) Student { s.Team, s.Matched = "Team Blue", "team"; return s }

func TestWhoseRowIsItInCanvas(t *testing.T) {
	const canvas = person.CanvasUser
	head := "Student,ID,SIS User ID,SIS Login ID,Section,Task API (4711),Final Score\n,,,,,Manual Posting,\n    " +
		"Points Possible,,,,,100,(read only)\n"
	for what, c := range map[string]struct {
		students []Student
		sheet    string
		want     map[string]string
		left     int
	}{
		"by the number, and the name joined": {[]Student{handedIn(canvas, "503", "503", "coelena", "", 10)},
			"\"Coe, Lena\",503,1003,lcoe,A,,\n", map[string]string{"Coe, Lena": "10.00"}, 0},
		"another course's number": {[]Student{handedIn(canvas, "503", "503", "coelena", "", 10)},
			"\"Poe, Karl\",503,1003,kpoe,A,,\n", map[string]string{}, 1},
		"a roster's id is no internal number": {[]Student{handedIn("", "", "503", "Lena Coe", "lena@x.edu", 10),
			handedIn("", "", "jroe", "Jane Roe", "jane@x.edu", 7)},
			"\"Poe, Karl\",503,1003,kpoe,A,,\n\"Roe, Jane\",504,1004,jroe,A,,\n",
			map[string]string{"Roe, Jane": "7.00"}, 1},
		"another section, a student of the same name": {[]Student{handedIn("", "", "kl1", "Kim Lee", "kim1@x.edu", 10),
			handedIn("", "", "jroe", "Jane Roe", "jane@x.edu", 7)},
			"\"Lee, Kim\",600,1600,kl2,B,,\n\"Roe, Jane\",504,1004,jroe,B,,\n", map[string]string{"Roe, Jane": "7.00"},
			1},
		"two accounts of one name": {[]Student{handedIn(canvas, "503", "lcoe", "Lena Coe", "lena@x.edu", 10)},
			"\"Coe, Lena\",503,1003,lcoe,A,,\n\"Coe, Lena\",903,1903,lcoe2,A,,\n",
			map[string]string{"Coe, Lena": "10.00"}, 0},
	} {
		t.Run(what, func(t *testing.T) {
			o := Options{Assignment: "4711", Sheet: &Sheet{Name: "g.csv", Text: []byte(head + c.sheet)}}
			got, left := filled(t, "canvas", classOf(c.students...), o, 0, 5)
			assert.Equal(t, c.want, got)
			assert.Len(t, left, c.left, left)
		})
	}
	_, err := writeCanvas(&bytes.Buffer{}, three(), Options{Assignment: "9",
		Sheet: &Sheet{Name: "g.csv", Text: []byte(
			"Student,ID,Section,Total (9)\n    Points Possible,,,(read only)\n\"Roe, Jane\",1,A,\n")}})
	assert.EqualError(t, err,
		`g.csv:2: the column "Total (9)" is one that Canvas works out itself, and does not import`)
}

// TestNobodyElsesRow: whatever numbers, names and addresses are mixed up, every grade in a
// worksheet and in a gradebook is in a row of the person who earned it.
func TestNobodyElsesRow(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		names := []string{"Jane Roe", "Karl Poe", "Kim Lee", "Kim Lee", "Jörg Straße", "Lena Coe", "Bo Li", "Ann Bo"}
		var students []Student
		worksheet := "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade)\n"
		gradebook := "Student,ID,SIS User ID,SIS Login ID,Section,Task API (4711)\n"
		owner := map[string]float64{} // by address
		numbers, others := r.Perm(20), r.Perm(20)
		for i, name := range names {
			address, points := fmt.Sprintf("p%d@x.edu", i), float64(i+1)
			owner[address] = points
			s := handedIn([]person.Scope{person.Participant, person.CanvasUser, ""}[r.IntN(3)], fmt.Sprint(numbers[i]),
				fmt.Sprintf("p%d", i), name, address, points)
			if r.IntN(4) == 0 {
				s.ID = s.Account.Value
			}
			if r.IntN(4) > 0 {
				students = append(students, s)
			}
			number := numbers[i]
			if seed%2 == 0 { // of another assignment
				number = others[i]
			}
			if r.IntN(4) > 0 {
				worksheet += fmt.Sprintf("Participant %d,%s,%s,,100,-\n", number, name, address)
				gradebook += fmt.Sprintf("%s,%d,s%d,%s,A,\n", name, number, i, address)
			}
		}
		for format, o := range map[string]Options{"moodle": {Sheet: &Sheet{Name: "w.csv", Text: []byte(worksheet)}},
			"canvas": {Assignment: "4711", Sheet: &Sheet{Name: "g.csv", Text: []byte(gradebook)}}} {
			var b bytes.Buffer
			f := formatOf(t, format)
			if _, err := f.All(&b, classOf(students...), o); err != nil {
				continue // nobody was found, and nothing is written
			}
			all, err := csv.NewReader(&b).ReadAll()
			require.NoError(t, err)
			address, grade := slices.Index(all[0], "Email address"), slices.Index(all[0], "Grade")
			if format == "canvas" {
				address, grade = 3, 5
			}
			for _, row := range all[1:] {
				if row[grade] != "" && row[address] != "" {
					require.Equal(t, fixed(owner[row[address]]), row[grade], "seed %d, %s: %v", seed, format, row)
				}
			}
		}
	}
}

func formatOf(t *testing.T, name string) Format { return format(t, name) }

// TestNineFormatsKnowWhose: of two submissions of one student none writes the one that does not
// count as theirs, and a platform's number is nobody's id.
func TestNineFormatsKnowWhose(t *testing.T) {
	counts := handedIn(person.CanvasUser, "503", "lcoe", "Lena Coe", "lena@x.edu", 10)
	counts.Submission, counts.File = "coelena_503_9007_b", "coelena_503_9007_b"
	other := handedIn(person.CanvasUser, "503", "lcoe", "Lena Coe", "lena@x.edu", 3)
	other.Submission, other.File, other.Second = "503", "coelena_503_9003_a", true
	stranger := handedIn(person.Participant, "77", "77", "Jane Roe", "", 7)
	c := classOf(counts, other, stranger)
	for _, f := range All() {
		if f.All == nil {
			assert.NotNil(t, SecondOf(other), f.Name)
			continue
		}
		o := Options{}
		if f.Name == "moodle" {
			o.Sheet = &Sheet{Name: "w.csv", Text: []byte(
				"Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade)\nParticipant 503,Karl " +
					"Poe,karl@x.edu,,100,-\nParticipant 9,Lena Coe,lena@x.edu,,100,-\n")}
		}
		text, _ := writeAll(t, f.Name, c, o)
		assert.Contains(t, string(text), "10", f.Name)
		switch f.Name {
		case "junit":
			assert.NotContains(t, string(text), `name="503"`)
		case "csv":
			assert.Contains(t, string(text), "coelena_503_9003_a,Lena Coe,lena@x.edu,graded,not counted,100,")
		default:
			assert.NotContains(t, string(text), ",3", f.Name)
			assert.NotContains(t, string(text), ",77,", f.Name)
		}
	}
}

// TestFilled: each row is told with the submission that fills it and what tells so.
func TestFilled(t *testing.T) {
	var got []string
	o := Options{Filled: func(f Filled) { got = append(got, f.Row+"|"+f.Student.ID+"|"+f.By) },
		Sheet: &Sheet{Name: "w.csv", Text: []byte(
			"Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade)\nParticipant 77,Jane " +
				"Roe,jane@x.edu,,100,-\nParticipant 78,Karl Poe,karl@x.edu,,100,-\n")}}
	writeAll(t, "moodle", classOf(handedIn(person.Participant, "77", "jroe", "Jane Roe", "jane@x.edu", 10),
		handedIn("", "", "x", "Karl Poe", "", 10)), o)
	assert.Equal(t, []string{"Jane Roe (77)|jroe|number, address, name", "Karl Poe (78)|x|name"}, got)
}

// TestOldClassKnowsItsNumbers: a class.json of before has a platform and no number.
func TestOldClassKnowsItsNumbers(t *testing.T) {
	var c class.Class
	require.NoError(t,
		json.Unmarshal(
			[]byte(`{"students":[{"id":"77","platform":"moodle","state":"graded"},{"id":"x","state":"graded"}]}`), &c))
	got := Of(c)
	assert.Equal(t, person.ID{Scope: person.Participant, Value: "77"}, got.Students[0].Account)
	assert.Equal(t, person.ID{}, got.Students[1].Account)
}
