package reports

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/taskgrader/taskgrader/grader/class"
)

const journalFile = "class.rows"

// Journal is what was graded since the class was written: a line for each row. A large class is
// written whole at its beginning and its end alone; what a killed run left, [Dir.Class] reads.
type Journal struct{ file *os.File }

// Journal begins an empty one. The class must have been written just before.
func (d Dir) Journal() (*Journal, error) {
	f, err := os.OpenFile(filepath.Join(string(d), journalFile), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("beginning the journal: %w", err)
	}
	return &Journal{f}, nil
}

// Add writes a row.
func (j *Journal) Add(row class.Row) error {
	text, err := json.Marshal(row)
	if err == nil {
		_, err = j.file.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// Remove ends the journal: the class has been written.
func (j *Journal) Remove() error { return errors.Join(j.file.Close(), os.Remove(j.file.Name())) }

// Close leaves the journal for the next run.
func (j *Journal) Close() error { return j.file.Close() }

// applyJournal puts the rows of a journal into their places.
func (d Dir) applyJournal(c *class.Class) error {
	f, err := os.Open(filepath.Join(string(d), journalFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	defer f.Close()
	rows := map[string]class.Row{}
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		var row class.Row
		if err != nil || json.Unmarshal(line, &row) != nil {
			break // the run was killed while it wrote this
		}
		rows[row.ID] = row
	}
	c.Complete = true
	for i, was := range c.Students {
		if row, ok := rows[was.ID]; ok && was.ID != "" {
			// whose it is does not change while a class is graded
			row.Student, row.Name, row.Email, row.Matched = was.Student, was.Name, was.Email, was.Matched
			row.Team, row.Second, row.Counts = was.Team, was.Second, was.Counts
			c.Students[i] = row
		}
		c.Complete = c.Complete && c.Students[i].State != class.Waiting && c.Students[i].State != class.Stale
	}
	return nil
}
