package crud

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// List is how all things are asked for.
type List struct {
	Get  string        // the path that is asked; empty is the collection's
	At   string        // where in the answer the array is; empty is the answer itself
	Next *steps.Source // where in the answer is what leads to the next page; nil where nothing does
}

// listing is a List as it is written as a mapping.
type listing struct {
	Get  option.Value  `json:"get" jsonschema:"the path that is asked, such as /tasks?limit=1000"`
	At   string        `json:"at,omitempty" option:"any" jsonschema:"where in the answer the array is"`
	Next *steps.Source `json:"next,omitempty" jsonschema:"where in the answer is the address of the next page, or what is $next in get"`
}

// OptionSynonyms returns words that are near, with what is meant here.
func (listing) OptionSynonyms() map[string]string {
	return map[string]string{"url": "get", "path": "get", "send": "get", "route": "get", "key": "at", "items": "at",
		"data": "at", "list": "at", "cursor": "next", "link": "next"}
}

// UnmarshalOption reads a path into the answer, or a mapping.
func (l *List) UnmarshalOption(v option.Value) (ps option.Problems) {
	into := v
	if v.Kind == option.Map {
		var written listing
		ps = option.Decode(v, &written)
		if get := written.Get; len(ps) == 0 && (get.Kind != option.String || len(steps.CheckPath(get)) > 0) {
			ps = get.Problem("want the path that is asked for the list, such as /tasks?limit=1000, not %s",
				get.Describe())
		}
		next, _ := v.Get("next")
		if written.Next != nil {
			ps = append(ps, written.Next.Check(next)...)
		}
		l.Get, l.At, l.Next = written.Get.Text, written.At, written.Next
		into, _ = v.Get("at")
	} else {
		ps = option.Decode(v, &l.At)
	}
	if len(ps) == 0 && !steps.IsPath(l.At) {
		return into.Problem("want a path into the answer, such as items, not %s", into.Describe())
	}
	return ps
}

// IsZero reports whether nothing is written.
func (l List) IsZero() bool { return l == List{} }

// pageText is what counts pages, or the things before one, in the path that is asked for it.
var pageText = regexp.MustCompile(`\$\{?(offset|page)\b(?: ([-+] \d+)\})?\}?`)

// nextText stands for what leads to the next page.
const nextText = "$next"

// page returns the path of the n-th page from 0, before which so many things came, and to which so
// the page before led.
func (l List) page(collection string, before, n int, next string) string {
	path := cmp.Or(l.Get, collection)
	switch {
	case l.Next != nil && strings.Contains(path, nextText) && n == 0:
		return firstPage(path)
	case l.Next != nil && strings.Contains(path, nextText):
		return strings.ReplaceAll(path, nextText, url.QueryEscape(next))
	case l.Next != nil && n > 0:
		base, _ := url.Parse(path)
		to, err := base.Parse(next)
		if err != nil {
			return path
		}
		return to.RequestURI()
	}
	return pageText.ReplaceAllStringFunc(path, func(ref string) string {
		m := pageText.FindStringSubmatch(ref)
		count := map[string]int{"offset": before, "page": n + 1}[m[1]]
		by, _ := strconv.Atoi(strings.ReplaceAll(m[2], " ", ""))
		return strconv.Itoa(count + by)
	})
}

// firstPage returns the path of the first page: the parameter that leads on is left out.
func firstPage(path string) string {
	path, query, _ := strings.Cut(path, "?")
	kept := slices.DeleteFunc(strings.Split(query, "&"),
		func(part string) bool { return strings.Contains(part, nextText) })
	if len(kept) == 0 {
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}

// last reports whether a page is the last, which has so many things and leads on so.
func (l List) last(things int, next string) bool {
	if l.Next != nil {
		return next == ""
	}
	return things == 0 || !pageText.MatchString(l.Get)
}

// OptionSchema describes it to editors.
func (List) OptionSchema() *jsonschema.Schema {
	text, next := []string{"string", "number", "boolean"}, steps.Source{}.OptionSchema()
	next.Description = "where in the answer is the address of the next page, or what is $next in get"
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Types: text}, {Type: "object", Required: []string{"get"},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}, Properties: map[string]*jsonschema.Schema{
			"get":  {Type: "string", Description: "the path that is asked, such as /tasks?limit=1000"},
			"at":   {Types: text, Description: "where in the answer the array is"},
			"next": next}}}}
}
