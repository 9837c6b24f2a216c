package export

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What is in this file reads each format as the other program does, and refuses what it refuses.

// legal holds of every output: it is UTF-8 without control characters.
func legal(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("not UTF-8")
	}
	for _, r := range strings.ReplaceAll(string(text), "\r\n", "\n") {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return fmt.Errorf("a control character: %q", r)
		}
	}
	return nil
}

func records(text []byte, width int) ([][]string, error) {
	if err := legal(text); err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = width
	all, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	for _, record := range all {
		for _, c := range record {
			if strings.ContainsAny(c, "\n\r") {
				return nil, fmt.Errorf("a line break in %q", c)
			}
		}
	}
	return all, nil
}

// formula reports whether a spreadsheet would run a cell.
func formula(c string) bool { return c != "" && strings.ContainsRune("=+-@\t\r|%", rune(c[0])) }

func safe(c string) error {
	if _, err := strconv.ParseFloat(c, 64); err != nil && formula(c) {
		return fmt.Errorf("a spreadsheet runs %q", c)
	}
	return nil
}

// canvasStudent is a student of a Canvas course, with the grade so far.
type canvasStudent struct {
	id, sis, login, name string
	grade                string
}

// canvasCourse imports gradebooks.
type canvasCourse struct {
	students    []canvasStudent
	assignments map[string]string // title by number
	created     []string
	unmatched   []string
}

var canvasReserved = regexp.MustCompile(`^\s*(.* )?(Current|Final|Override) (Score|Points|Grade)\s*$`)

func (k *canvasCourse) importGrades(text []byte) error {
	all, err := records(text, 0)
	if err != nil {
		return err
	}
	header := all[0]
	section := slices.Index(header, "Section")
	if !strings.Contains(header[0], "Student") || !strings.Contains(header[1], "ID") || len(header) <= 3 ||
		section < 2 {
		return errors.New("Invalid header row")
	}
	if slices.Contains(header, "SIS User ID") && !slices.Contains(header, "SIS Login ID") {
		return errors.New("Invalid header row: SIS User ID without SIS Login ID")
	}
	if section != len(header)-2 {
		return errors.New("columns that are no assignment")
	}
	if err := k.assignment(header[len(header)-1]); err != nil {
		return err
	}
	if !strings.Contains(all[1][0], "Points Possible") {
		return errors.New("no row of points possible")
	}
	if _, err := strconv.ParseFloat(all[1][len(header)-1], 64); err != nil {
		return err
	}
	for _, row := range all[2:] {
		get := func(name string) string {
			if i := slices.Index(header, name); i >= 0 {
				return row[i]
			}
			return ""
		}
		grade := row[len(row)-1]
		at := k.find(get("ID"), get("SIS User ID"), get("SIS Login ID"), row[0])
		if at < 0 {
			k.unmatched = append(k.unmatched, row[0])
			continue
		}
		if _, err := strconv.ParseFloat(grade, 64); err != nil && grade != "EX" && grade != "" {
			return fmt.Errorf("grade %q", grade)
		}
		if err := safe(row[0]); err != nil {
			return err
		}
		k.students[at].grade = grade // an empty one, too
	}
	return nil
}

func (k *canvasCourse) assignment(header string) error {
	if canvasReserved.MatchString(header) {
		return fmt.Errorf("%q is a column of Canvas's own", header)
	}
	if utf8.RuneCountInString(header) > 255 {
		return errors.New("the title is too long")
	}
	if m := regexp.MustCompile(`\((\d+)\)$`).FindStringSubmatch(header); m != nil && k.assignments[m[1]] != "" {
		return nil
	}
	for _, title := range k.assignments {
		if title == header {
			return nil
		}
	}
	k.created = append(k.created, header)
	return nil
}

func (k *canvasCourse) find(id, sis, login, name string) int {
	for _, by := range []func(canvasStudent) bool{
		func(s canvasStudent) bool { return id != "" && s.id == id },
		func(s canvasStudent) bool { return sis != "" && s.sis == sis },
		func(s canvasStudent) bool { return login != "" && s.login == login },
		func(s canvasStudent) bool { return name != "" && s.name == name },
	} {
		if i := slices.IndexFunc(k.students, by); i >= 0 {
			return i
		}
	}
	return -1
}

// gradebook returns what Canvas exports of the course.
func (k *canvasCourse) gradebook() []byte {
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	_ = out.Write([]string{"Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Other (7)", "Task API (12345)",
		"Assignments Current Score", "Final Score"})
	_ = out.Write([]string{"    Points Possible", "", "", "", "", "10.00", "100.00", "(read only)", "(read only)"})
	for _, s := range k.students {
		_ = out.Write([]string{strings.ToValidUTF8(s.name, "?"), s.id, s.sis, s.login, "One", "1", s.grade, "", ""})
	}
	_ = out.Write([]string{"Student, Test", "99999", "", "0123abcd", "One", "", "", "", ""})
	out.Flush()
	return b.Bytes()
}

// moodleImport returns the grades by participant, after an import into an assignment with this
// maximum.
func moodleImport(text []byte, language map[string]string, maximum float64,
	before map[string]string) (map[string]string, error) {
	if err := legal(text); err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	if bytes.Count(text, []byte(";")) > bytes.Count(text, []byte(",")) { // who uploads says so
		r.Comma = ';'
	}
	all, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	id, grade, modified := -1, -1, -1
	for i, h := range all[0] {
		switch h {
		case language["Identifier"]:
			id = i
		case language["Grade"]:
			grade = i
		case language["Last modified (grade)"]:
			modified = i
		}
	}
	if id < 0 || grade < 0 || modified < 0 {
		return nil, errors.New("invalid grade import")
	}
	out := map[string]string{}
	for k, v := range before {
		out[k] = v
	}
	for _, row := range all[1:] {
		participant := strings.TrimPrefix(row[id], language["Participant"])
		if _, enrolled := before[participant]; !enrolled || row[grade] == "" {
			continue
		}
		n, err := strconv.ParseFloat(strings.Replace(row[grade], ",", ".", 1), 64)
		if err != nil {
			return nil, fmt.Errorf("the grade provided could not be understood: %s", row[grade])
		}
		if n < 0 || n > maximum {
			continue // without a word
		}
		out[participant] = row[grade]
	}
	return out, nil
}

// readNbgrader returns the scores by student.
func readNbgrader(text []byte) (map[string]float64, error) {
	all, err := records(text, 11)
	if err != nil {
		return nil, err
	}
	if strings.Join(all[0],
		",") != "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"+
		"late_submission_penalty,score,max_score" {
		return nil, errors.New("other columns")
	}
	out := map[string]float64{}
	for _, row := range all[1:] {
		var n [4]float64
		for i := range n {
			if n[i], err = strconv.ParseFloat(row[7+i], 64); err != nil {
				return nil, err
			}
		}
		if n[2] != max(0, n[0]-n[1]) {
			return nil, errors.New("the score is not what remains of the raw score")
		}
		for _, c := range row {
			if err := safe(c); err != nil {
				return nil, err
			}
		}
		out[row[3]] = n[2]
	}
	return out, nil
}

// readCSV returns the rows by id.
func readCSV(text []byte) (map[string]map[string]string, error) {
	all, err := records(text, 0)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]string{}
	for _, row := range all[1:] {
		cells := map[string]string{}
		for i, c := range row {
			if err := safe(c); err != nil {
				return nil, err
			}
			cells[all[0][i]] = c
		}
		out[cells["id"]] = cells
	}
	return out, nil
}

// suite is a student in JUnit XML.
type suite struct {
	properties               map[string]string
	failures, errors, skipps int
	cases                    []string
}

var junitShape = map[string]struct {
	in       []string
	required []string
	optional []string
}{
	"testsuites": {[]string{""}, []string{"tests", "failures", "errors", "skipped", "time"}, nil},
	"testsuite": {[]string{"testsuites"}, []string{"name", "tests", "failures", "errors", "skipped", "time"},
		[]string{"timestamp"}},
	"properties": {[]string{"testsuite"}, nil, nil},
	"property":   {[]string{"properties"}, []string{"name", "value"}, nil},
	"testcase":   {[]string{"testsuite"}, []string{"classname", "name", "time"}, nil},
	"failure":    {[]string{"testcase"}, []string{"message", "type"}, nil},
	"error":      {[]string{"testcase"}, []string{"message", "type"}, nil},
	"skipped":    {[]string{"testcase"}, []string{"message"}, nil},
}

// readJUnit checks the shape of every element and every count.
func readJUnit(text []byte) (map[string]*suite, error) {
	if err := legal(text); err != nil {
		return nil, err
	}
	out := map[string]*suite{}
	var path []string
	var now *suite
	var counts, total [4]int
	d := xml.NewDecoder(bytes.NewReader(text))
	number := func(attrs map[string]string, want [4]int) error {
		for i, name := range []string{"tests", "failures", "errors", "skipped"} {
			if attrs[name] != strconv.Itoa(want[i]) {
				return fmt.Errorf("%s=%q, and there are %d", name, attrs[name], want[i])
			}
		}
		_, err := strconv.ParseFloat(attrs["time"], 64)
		return err
	}
	var suitesAttrs, suiteAttrs map[string]string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, number(suitesAttrs, total)
		}
		if err != nil {
			return nil, err
		}
		switch e := token.(type) {
		case xml.StartElement:
			name, in := e.Name.Local, ""
			if len(path) > 0 {
				in = path[len(path)-1]
			}
			shape, ok := junitShape[name]
			if !ok || !slices.Contains(shape.in, in) {
				return nil, fmt.Errorf("<%s> in <%s>", name, in)
			}
			attrs := map[string]string{}
			for _, a := range e.Attr {
				if !slices.Contains(append(shape.required, shape.optional...), a.Name.Local) {
					return nil, fmt.Errorf("<%s %s>", name, a.Name.Local)
				}
				attrs[a.Name.Local] = a.Value
			}
			for _, r := range shape.required {
				if attrs[r] == "" {
					return nil, fmt.Errorf("<%s> without %s", name, r)
				}
			}
			path = append(path, name)
			switch name {
			case "testsuites":
				suitesAttrs = attrs
			case "testsuite":
				suiteAttrs, counts, now = attrs, [4]int{}, &suite{properties: map[string]string{}}
				if out[attrs["name"]] != nil {
					return nil, fmt.Errorf("two suites %q", attrs["name"])
				}
				out[attrs["name"]] = now
				if t := attrs["timestamp"]; t != "" {
					if _, err := time.Parse("2006-01-02T15:04:05", t); err != nil {
						return nil, err
					}
				}
			case "property":
				now.properties[attrs["name"]] = attrs["value"]
			case "testcase":
				counts[0]++
				now.cases = append(now.cases, attrs["name"])
			case "failure":
				counts[1]++
				now.failures++
			case "error":
				counts[2]++
				now.errors++
			case "skipped":
				counts[3]++
				now.skipps++
			}
		case xml.EndElement:
			path = path[:len(path)-1]
			if e.Name.Local == "testsuite" {
				if err := number(suiteAttrs, counts); err != nil {
					return nil, err
				}
				for i := range total {
					total[i] += counts[i]
				}
			}
		}
	}
}

// exactly decodes JSON and refuses keys that the reader does not know.
func exactly(text []byte, into any) error {
	if err := legal(text); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something after the JSON")
	}
	return texts(text)
}

// texts checks that no text in JSON holds a control character when it is decoded.
func texts(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if s, ok := token.(string); ok {
			if err := legal([]byte(s)); err != nil {
				return err
			}
		}
	}
}

// readGradescope returns the score that Gradescope shows, and the sum of the tests, and all that
// may be seen.
func readGradescope(text []byte) (score, sum float64, err error) {
	var r struct {
		Score            *float64       `json:"score"`
		ExecutionTime    float64        `json:"execution_time"`
		Output           string         `json:"output"`
		OutputFormat     string         `json:"output_format"`
		TestOutputFormat string         `json:"test_output_format"`
		TestNameFormat   string         `json:"test_name_format"`
		Visibility       string         `json:"visibility"`
		StdoutVisibility string         `json:"stdout_visibility"`
		ExtraData        map[string]any `json:"extra_data"`
		Tests            []struct {
			Score      *float64 `json:"score"`
			MaxScore   *float64 `json:"max_score"`
			Status     string   `json:"status"`
			Name       string   `json:"name"`
			Output     string   `json:"output"`
			Tags       []string `json:"tags"`
			Visibility string   `json:"visibility"`
		} `json:"tests"`
	}
	if err := exactly(text, &r); err != nil {
		return 0, 0, err
	}
	if r.Score == nil && r.Tests == nil {
		return 0, 0, errors.New("neither score nor tests")
	}
	for _, format := range []string{r.OutputFormat, r.TestOutputFormat, r.TestNameFormat} {
		if format != "text" {
			return 0, 0, fmt.Errorf("format %q lets a student write HTML", format)
		}
	}
	visibilities := []string{"hidden", "after_due_date", "after_published", "visible"}
	if !slices.Contains(visibilities, r.Visibility) || !slices.Contains(visibilities, r.StdoutVisibility) {
		return 0, 0, errors.New("visibility")
	}
	for _, t := range r.Tests {
		if t.Score == nil || t.MaxScore == nil || t.Name == "" || t.Status != "passed" && t.Status != "failed" ||
			!slices.Contains(visibilities, t.Visibility) {
			return 0, 0, fmt.Errorf("a test without what it needs: %+v", t)
		}
		sum += *t.Score
	}
	return *r.Score, sum, nil
}

// reporter is what GitHub Classroom's reporter makes of one runner's result.
type reporter struct {
	printed  string  // "87.50"
	notified float64 // totalPoints of the notice
	most     float64
	failed   bool
	log      string
	tests    int
}

func readClassroom(text []byte) (reporter, error) {
	var out reporter
	encoded := strings.TrimSuffix(string(text), "\n")
	if len(encoded) >= 96<<10 {
		return out, fmt.Errorf("%d bytes do not fit into an environment variable", len(encoded))
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return out, err
	}
	var r struct {
		Version  int     `json:"version"`
		Status   string  `json:"status"`
		MaxScore float64 `json:"max_score"`
		Tests    []struct {
			Name     string   `json:"name"`
			Status   string   `json:"status"`
			Score    *float64 `json:"score"`
			TestCode string   `json:"test_code"`
			LineNo   *int     `json:"line_no"`
		} `json:"tests"`
	}
	if err := exactly(decoded, &r); err != nil {
		return out, err
	}
	if r.Version != 1 || !slices.Contains([]string{"pass", "fail", "error"}, r.Status) || r.MaxScore == 0 {
		return out, errors.New("the runner would not be counted")
	}
	passed := 0
	var log strings.Builder
	for _, t := range r.Tests {
		if t.Score == nil || t.LineNo == nil || *t.LineNo != 0 || t.Name == "" {
			return out, fmt.Errorf("a test without what it needs: %+v", t)
		}
		mark := "❌ "
		if t.Status == "pass" {
			passed++
			mark = "✅ "
		} else if t.Status != "fail" {
			return out, fmt.Errorf("status %q", t.Status)
		}
		log.WriteString(mark + t.Name + "\n")
		if t.TestCode != "" {
			log.WriteString("Test code:\n" + t.TestCode + "\n\n")
		}
		out.notified += *t.Score
	}
	out.log = log.String()
	out.printed = fmt.Sprintf("%.2f", float64(passed)/float64(len(r.Tests))*r.MaxScore)
	out.most, out.failed, out.tests = r.MaxScore, r.Status == "fail", len(r.Tests)
	for _, line := range strings.Split(out.log, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			return out, fmt.Errorf("a workflow command: %q", line)
		}
	}
	if out.failed == (passed == len(r.Tests)) {
		return out, fmt.Errorf("status %q with %d of %d tests", r.Status, passed, len(r.Tests))
	}
	return out, nil
}

var classroom50Env = map[string]string{"CLASSROOM": "cs101", "ASSIGNMENT": "task-api", "SUBMISSION_TAG": "submit/1",
	"COMMIT_URL":  "https://git.example/c/1",
	"RELEASE_URL": "https://git.example/r/1", "REVIEW_URL": "https://git.example/v/1", "USERNAME": "ada",
	"ASSIGNMENT_TYPE": "individual"}

// collectClassroom50 returns the score and the sum of the tests, in hundredths.
func collectClassroom50(text []byte) (score, sum int, err error) {
	var r struct {
		Schema, Classroom, Assignment, Owner, Submission, Commit, Release, Review, Datetime string

		AssignmentType string `json:"assignment_type"`
		GradedAt       string `json:"graded_at"`
		Score          *int   `json:"score"`
		MaxScore       *int   `json:"max-score"`
		Tests          []struct {
			Name      string  `json:"test-name"`
			Passed    *bool   `json:"passed"`
			Score     *int    `json:"score"`
			MaxScore  *int    `json:"max-score"`
			Points    float64 `json:"points"`
			MaxPoints float64 `json:"max-points"`
			Status    string  `json:"status"`
			Output    string  `json:"output"`
		} `json:"tests"`
	}
	if err := exactly(text, &r); err != nil {
		return 0, 0, err // a number with a fraction is no int
	}
	if r.Schema != "classroom50/result/v1" || r.Score == nil || r.MaxScore == nil {
		return 0, 0, errors.New("not of version 1")
	}
	for got, want := range map[string]string{r.Classroom: "cs101", r.Assignment: "task-api", r.Owner: "ada",
		r.AssignmentType: "individual", r.Submission: "submit/1"} {
		if got != want {
			return 0, 0, fmt.Errorf("identity mismatch: %q, not %q", got, want)
		}
	}
	for _, s := range []string{r.Commit, r.Release, r.Review} {
		if s == "" {
			return 0, 0, errors.New("a URL is missing")
		}
	}
	if _, err := time.Parse(time.RFC3339, r.Datetime); err != nil {
		return 0, 0, err
	}
	for _, t := range r.Tests {
		if t.Name == "" || t.Passed == nil || t.Score == nil || t.MaxScore == nil {
			return 0, 0, fmt.Errorf("a test without what it needs: %+v", t)
		}
		if hundredths(t.Points) != *t.Score {
			return 0, 0, fmt.Errorf("%v points are not %d hundredths", t.Points, *t.Score)
		}
		sum += *t.Score
	}
	return *r.Score, sum, nil
}

// readPrairielearn returns the share and the sum of the points; it is not gradable when share is
// nil.
func readPrairielearn(text []byte) (share *float64, sum, most float64, err error) {
	if len(text) > 1<<20 {
		return nil, 0, 0, fmt.Errorf("%d bytes are too many", len(text))
	}
	var r struct {
		Gradable     *bool    `json:"gradable"`
		Score        *float64 `json:"score"`
		FormatErrors []string `json:"format_errors"`
		Output       string   `json:"output"`
		Tests        []struct {
			Name        string   `json:"name"`
			Description string   `json:"description"`
			Points      *float64 `json:"points"`
			MaxPoints   *float64 `json:"max_points"`
			Message     string   `json:"message"`
			Output      string   `json:"output"`
		} `json:"tests"`
	}
	if err := exactly(text, &r); err != nil {
		return nil, 0, 0, err
	}
	switch {
	case r.Gradable == nil:
		return nil, 0, 0, errors.New("no word on gradable")
	case !*r.Gradable:
		if r.Score != nil || len(r.FormatErrors) == 0 {
			return nil, 0, 0, errors.New("a score, or no reason, of what is not gradable")
		}
		return nil, 0, 0, nil
	case r.Score == nil || *r.Score < 0 || *r.Score > 1 || math.IsNaN(*r.Score):
		return nil, 0, 0, errors.New("no score from 0 to 1")
	}
	for _, t := range r.Tests {
		if t.Points == nil || t.MaxPoints == nil || t.Name == "" {
			return nil, 0, 0, errors.New("a test without points hides the points of all")
		}
		sum, most = sum+*t.Points, most+*t.MaxPoints
	}
	return r.Score, sum, most, nil
}
