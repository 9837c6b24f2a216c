package class

import (
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed links.html
var linksText string

var links = template.Must(template.New("links").Funcs(template.FuncMap{
	"clean": clean, "style": func() template.CSS { return template.CSS(style) },
}).Parse(linksText))

// Links writes a page that leads each student to their own, and says nothing of anybody's grade. It belongs into the
// folder of the students' pages.
func Links(w io.Writer, c Class) error {
	var rows []Row
	for _, row := range c.Students {
		if row.Report != nil { // who handed in nothing is not told to all
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Who()), strings.ToLower(b.Who())), strings.Compare(a.ID, b.ID))
	})
	return links.Execute(w, struct {
		Class
		Rows []Row
	}{c, rows})
}
