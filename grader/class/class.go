// Package class holds a graded class as plain data: a [Row] for each student, what differs from an
// earlier run, and which submissions are the same. It knows reports and nothing of how they come
// about or are shown.
package class

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/result"
)

// Schema names the format of class.json; it changes when a reader of the old one would misread the
// new one.
const Schema = "taskgrader/class/v1"

// Class is a graded class, as class.json holds it.
type Class struct {
	Schema string        `json:"schema"`
	Rubric result.Rubric `json:"rubric"`
	Grader result.Grader `json:"grader"`
	Seed   string        `json:"seed"` // each student's derives from it and their id
	Only   []string      `json:"only,omitempty"`
	// Bases are the digests of what base images were resolved to, once for the class, by the names
	// in Dockerfiles.
	Bases      map[string]string `json:"bases,omitempty"`
	StartedAt  time.Time         `json:"started_at"` // the last run
	DurationMS int64             `json:"duration_ms"`
	Jobs       int               `json:"jobs"`
	Complete   bool              `json:"complete"` // nobody waits to be graded
	Graded     int               `json:"graded"`   // in the last run; the others were kept
	MaxScore   float64           `json:"max_score"`
	Skills     []Skill           `json:"skills"`
	Checks     []Check           `json:"checks"`
	Students   []Row             `json:"students"` // the roster's first, in its order, then the others by id
	Duplicates []Duplicate       `json:"duplicates,omitempty"`
	Machines   []Machine         `json:"machines,omitempty"` // that graded it, where several did
	Ignored    []string          `json:"ignored,omitempty"`  // what the class folder held besides submissions
}

// Skill is a skill of the rubric.
type Skill struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Level   string  `json:"level,omitempty"`
	Mastery float64 `json:"mastery"` // per cent
}

// Check is a check of the rubric.
type Check struct {
	ID        string  `json:"id"`
	Title     string  `json:"title"`
	Skill     string  `json:"skill,omitempty"`
	MaxPoints float64 `json:"max_points"`
	Bonus     bool    `json:"bonus,omitempty"`
	Hidden    bool    `json:"hidden,omitempty"`
}

// Failed reports whether the grader failed for anybody.
func (c *Class) Failed() bool {
	return slices.ContainsFunc(c.Students, func(row Row) bool { return row.Problem != nil })
}

// Below reports whether anybody's score is less than so many per cent of the points.
func (c *Class) Below(percent float64) bool {
	return slices.ContainsFunc(c.Students, func(row Row) bool {
		return row.Score != nil && c.MaxScore > 0 && *row.Score*100 < percent*c.MaxScore
	})
}

// Read reads what [JSON] wrote, one student after another. Texts that many share are kept once.
func Read(in io.Reader) (*Class, error) {
	d := json.NewDecoder(in)
	var c Class
	var students []Row
	rest := map[string]json.RawMessage{}
	if err := readObject(d, func(key string) error {
		if key != "students" {
			var value json.RawMessage
			err := d.Decode(&value)
			rest[key] = value
			return err
		}
		var err error
		students, err = readRows(d)
		return err
	}); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("reading a class: %w", err)
	}
	text, err := json.Marshal(rest)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a class: %w", err)
	}
	if c.Students = students; c.Schema != Schema {
		return nil, fmt.Errorf("reading a class: its schema is %q, and this version reads %q", c.Schema, Schema)
	}
	return &c, nil
}

// readObject calls do for each key, to read its value.
func readObject(d *json.Decoder, do func(key string) error) error {
	if err := delimiter(d, '{'); err != nil {
		return err
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if err := do(key); err != nil {
			return err
		}
	}
	return delimiter(d, '}')
}

func readRows(d *json.Decoder) ([]Row, error) {
	if err := delimiter(d, '['); err != nil {
		return nil, err
	}
	rows, texts := []Row{}, &Interner{}
	for d.More() {
		var row Row
		if err := d.Decode(&row); err != nil {
			return nil, err
		}
		row.share(texts)
		rows = append(rows, row)
	}
	return rows, delimiter(d, ']')
}

func delimiter(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err == nil && t != want {
		err = fmt.Errorf("%v where %v belongs", t, want)
	}
	return err
}

// JSON writes a class as JSON, one student after another: all at once would take far more memory
// than the class does.
func JSON(w io.Writer, c Class) error {
	students := c.Students
	c.Students = []Row{}
	var around bytes.Buffer
	if err := plain.JSON(&around, c, " "); err != nil {
		return err
	}
	const none = "\n \"students\": ["
	before, after, found := bytes.Cut(around.Bytes(), []byte(none+"]"))
	if !found || len(students) == 0 {
		_, err := w.Write(around.Bytes())
		return err
	}
	out := bufio.NewWriter(w)
	_, _ = out.Write(before) // the last error is that of all
	_, _ = out.WriteString(none)
	for i, row := range students {
		text, err := json.MarshalIndent(row, "  ", " ")
		if err != nil {
			return err
		}
		if i > 0 {
			_ = out.WriteByte(',')
		}
		_, _ = out.WriteString("\n  ")
		if err := plain.Escape(out, text); err != nil {
			return err
		}
	}
	_, _ = out.WriteString("\n ]")
	_, _ = out.Write(after)
	return out.Flush()
}
