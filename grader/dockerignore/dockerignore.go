// Package dockerignore is an ignore file as Docker reads it, with the line that decides each path.
//
// [Load] reads the one that Docker would use with a Dockerfile. [Rules.Decide] then says of a path
// whether it is kept out and by which line, with moby's own matcher; [Rules.Ignoring] and
// [Rules.Keeping] are the rules with a line more.
package dockerignore

// Rules are the patterns of an ignore file.
type Rules struct {
	File  string   // path in the folder; empty when there is none
	Lines []string // the text, without line ends

	patterns []pattern
}

// Decision is what the rules say of a path, and by which line.
type Decision struct {
	Ignored bool
	Line    int    // of the pattern that decided; 0 when none matches
	Pattern string // as written
	// Why says why a pattern that looks as if it should ignore the path does not; empty otherwise.
	Why     string
	WhyLine int
	instead []string // what to write in place of WhyLine; nil where a line of its own is better
}

// Change is lines to write in place of others.
type Change struct {
	Line     int    // where Old begins, from 1; where Old is empty, the line below which New goes in, and 0 is the top
	Old, New string // whole lines, without the last line end
}

// Error is a pattern that Docker refuses. It is the student's fault.
type Error struct {
	File    string
	Line    int
	Message string
	Hint    string
}

func (e *Error) Error() string { return e.Message }
