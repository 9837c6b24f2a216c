package grader_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// said is a text in the source, as far as it is written there: where it begins and how it ends.
type said struct {
	first, last string // empty where something is put in
	at          token.Position
}

// words are the constants of one file, by their names.
type words map[string]ast.Expr

// ends returns the first and the last literal of a text that is put together.
func (w words) ends(e ast.Expr) (first, last string) {
	switch e := e.(type) {
	case *ast.Ident:
		if value, ok := w[e.Name]; ok {
			return w.ends(value)
		}
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text, text
	case *ast.BinaryExpr:
		first, _ = w.ends(e.X)
		_, last = w.ends(e.Y)
	case *ast.ParenExpr:
		return w.ends(e.X)
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			first, last = w.ends(e.Args[0])
			if strings.HasPrefix(first, "%") {
				first = ""
			}
			if regexp.MustCompile(`%\w$`).MatchString(last) {
				last = ""
			}
		}
	}
	return first, last
}

// hints returns what this source tells as a hint: on the command line, and to students.
func hints(files *token.FileSet, file *ast.File) (line, student []said) {
	constants := words{}
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, spec := range d.Specs {
				if s := spec.(*ast.ValueSpec); len(s.Names) == len(s.Values) {
					for i, name := range s.Names {
						constants[name.Name] = s.Values[i]
					}
				}
			}
		}
	}
	add := func(to *[]said, e ast.Expr) {
		if first, last := constants.ends(e); first+last != "" {
			*to = append(*to, said{first, last, files.Position(e.Pos())})
		}
	}
	ofRubrics := file.Name.Name == "rubric" || file.Name.Name == "option"
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl: // Hint() string is what errors have
			if n.Name.Name == "Hint" && n.Recv != nil && n.Body != nil && n.Type.Params.NumFields() == 0 {
				ast.Inspect(n.Body, func(n ast.Node) bool {
					if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 1 {
						add(&line, r.Results[0])
					}
					return true
				})
			}
		case *ast.CompositeLit:
			if len(n.Elts) == 2 && fixed[nameOf(n.Type)] {
				add(&line, n.Elts[1])
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "Fix" || key.Name == "fix" ||
				key.Name == "Hint" && ofRubrics) {
				add(&line, n.Value)
			}
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				field, ok := to.(*ast.SelectorExpr)
				if !ok || len(n.Rhs) != len(n.Lhs) {
					continue
				}
				_, ofMany := field.X.(*ast.IndexExpr) // problems of a rubric, of which the first is told more
				if field.Sel.Name == "Fix" || field.Sel.Name == "Hint" && (ofMany || ofRubrics) {
					add(&line, n.Rhs[i])
				}
				if field.Sel.Name == "Advice" {
					add(&student, n.Rhs[i])
				}
			}
		case *ast.CallExpr:
			switch name := nameOf(n.Fun); {
			case name == "Advise" && len(n.Args) == 1:
				add(&student, n.Args[0])
			case name == "Mistake" && len(n.Args) > 2: // of a table: its line, the fix, what is wrong
				add(&line, n.Args[1])
			case name == "fill" && len(n.Args) > 3: // a table with what students have, or else this fix
				add(&line, n.Args[2])
			}
		}
		return true
	})
	return line, student
}

// fixed are the errors of a message and its fix.
var fixed = map[string]bool{"usageError": true, "RefusedError": true, "OptionError": true, "ExportError": true,
	"SetupError": true}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// A name begins a hint as it is written.
var named = regexp.MustCompile(`^([A-Z]{2}|(Docker|BuildKit|Canvas|Moodle|Debian|Go|Classroom 50)\b)`)

// TestHintsHaveOneStyle: a hint: line of the command line begins in lower case and ends without a
// full stop; what a student reads in a report ends as a sentence.
func TestHintsHaveOneStyle(t *testing.T) {
	files := token.NewFileSet()
	var lines, students []said
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "testdata" || d.Name() == "dist") {
			return cmp.Or(err, fs.SkipDir)
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		line, student := hints(files, file)
		lines, students = append(lines, line...), append(students, student...)
		return nil
	}))
	for _, s := range lines {
		first := []rune(s.first + " ")[0]
		if strings.ToLower(string(first)) != string(first) && !named.MatchString(s.first) {
			assert.Fail(t, fmt.Sprintf("%s: a hint on the command line begins in lower case: %s", s.at, s.first))
		}
		if strings.HasSuffix(s.last, ".") && !strings.HasSuffix(s.last, "..") {
			assert.Fail(t, fmt.Sprintf("%s: a hint on the command line ends without a full stop: %s", s.at, s.last))
		}
	}
	for _, s := range students {
		if s.last != "" && s.last != " <image>" && !strings.ContainsAny(s.last[len(s.last)-1:], ".?") {
			assert.Fail(t, fmt.Sprintf("%s: a hint in a report ends as a sentence: %s", s.at, s.last))
		}
	}
	assert.Greater(t, len(lines), 100, "hints on the command line")
	assert.Greater(t, len(students), 100, "hints in reports")
}
