// Package option is the text of a rubric as positioned values, and the strict decoder from them to
// Go types.
//
// A kind of check declares its options as a Go type with json tags; [Decode] fills it, [Schemer]
// describes it to editors. The package knows no YAML: whoever reads the file makes the values.
package option

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Pos is a place in a rubric. Line and Column count from 1, columns in characters; the zero Pos is
// nowhere.
type Pos struct {
	File   string
	Line   int
	Column int
}

// String returns file:line:column.
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Kind is the type that a value was written as.
type Kind int

// The kinds of value.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Map
)

// String names the kind as an instructor would.
func (k Kind) String() string {
	return [...]string{"nothing", "true or false", "a whole number", "a number", "text", "a list", "a mapping"}[k]
}

// Value is one value of a rubric with its place.
type Value struct {
	Pos
	Kind   Kind
	Text   string  // of a scalar, as it reads after quotes and escapes
	Plain  bool    // of a scalar: it is written without quotes
	Items  []Value // of a list
	Fields []Field // of a map, in the order written
}

// Field is one entry of a map. Key is always text.
type Field struct {
	Key   Value
	Value Value
}

// Problem is one mistake in a rubric.
type Problem struct {
	Pos
	Message string // lower case, no full stop: unknown key "wnat" (did you mean "want"?)
	Hint    string // the fix, or empty
	Warning bool   // it can be read all the same
}

// Error returns the place and the message, without the hint.
func (p Problem) Error() string { return p.String() + ": " + p.Message }

// Problems are all the mistakes of a rubric, in the order of the text.
type Problems []Problem

// Fatal reports whether one of them is more than a warning.
func (ps Problems) Fatal() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return !p.Warning })
}

// Readable reports whether all there was could be read: what is wrong are keys that are not known,
// if anything.
func (ps Problems) Readable() bool {
	for _, p := range ps {
		if !p.Warning && !strings.HasPrefix(p.Message, "unknown key ") {
			return false
		}
	}
	return true
}

// Error returns one line a problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unmarshaler is a type that reads itself from a value, where its shape is more than fields: "2xx
// or a list".
type Unmarshaler interface {
	UnmarshalOption(Value) Problems
}

// Validator is a type with more to say than its fields can: it is asked after it was decoded, at
// the value's place.
type Validator interface {
	ValidateOption(at Value) Problems
}

// Synonymer is a struct whose keys other tools call otherwise: it names the key that a word means.
type Synonymer interface {
	OptionSynonyms() map[string]string
}

// Schemer is a type that describes itself to editors, where reflection would describe it wrongly.
type Schemer interface {
	OptionSchema() *jsonschema.Schema
}
