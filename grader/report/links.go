package report

import (
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/class"
)

//go:embed links.html
var linksText string

var links = template.Must(template.New("links").Funcs(template.FuncMap{
	"clean": line, "style": func() template.CSS { return template.CSS(classStyle) },
}).Parse(linksText))

// Links writes a page that leads each student to their own, and says nothing of anybody's grade. It
// belongs into the folder of the students' pages.
func Links(w io.Writer, c class.Class) error {
	var rows []class.Row
	for _, row := range c.Students {
		if row.Report != nil { // who handed in nothing is not told to all
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b class.Row) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Who()), strings.ToLower(b.Who())), strings.Compare(a.ID, b.ID))
	})
	return links.Execute(w, struct {
		class.Class
		Rows []class.Row
	}{c, rows})
}
