package steps

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// warn returns one problem of what can be read, and was probably meant otherwise.
func warn(at option.Value, hint, format string, args ...any) option.Problems {
	ps := at.Problem(format, args...)
	ps[0].Hint, ps[0].Warning = hint, true
	return ps
}

var (
	sum      = regexp.MustCompile(`^\(*(?:\$\w+|\d[\d.]*)(?:[\s()]*[-+*/][\s()]*(?:\$\w+|\d[\d.]*)\)*)+$`)
	spanText = regexp.MustCompile(`^\$\w+ [+-] \d{1,6}[smhd]$`)
	// written together, these are hardly ever a text: $n+1, $n*2, $n-1
	closeSum = regexp.MustCompile(`^\$\w+\s?[+*-]\s?\d+$|^\$\w+\*\$\w+$`)
	apartSum = regexp.MustCompile(`^[^-+*/]+( [-+*/] [^-+*/]+)+$`)
	pathSum  = regexp.MustCompile(`\$(\w+)([+*])(\d+)(?:$|[/?&])`)
)

// checkSums finds what looks like a sum and is a text, unless its variable is a text in any case.
func checkSums(all []Step, fresh check.Fresh) (ps option.Problems) {
	look := func(text option.Value, sent bool) {
		isSum := sum.MatchString(text.Text) && strings.Contains(text.Text, "$") &&
			(closeSum.MatchString(text.Text) && !(sent && minus(text.Text)) || apartSum.MatchString(text.Text))
		isSpan := spanText.MatchString(text.Text)
		if !isSum && !isSpan || slices.ContainsFunc(references(text.Text), func(name string) bool {
			return slices.ContainsFunc(fresh, func(f check.FreshValue) bool {
				return f.Name == name && f.Sort != "int" && (!isSpan || f.Sort != "date")
			})
		}) {
			return
		}
		what := "sum"
		if isSpan {
			what = "time"
		}
		written := spaced(text.Text)
		if sent {
			ps = append(ps, warn(text, fmt.Sprintf("write ${%s} for the %s that comes out",
				strings.ReplaceAll(written, "$", ""), what), "%s is the text with the value in it, not a %s", text.Text,
				what)...)
			return
		}
		hint := fmt.Sprintf("write <%s> for the number", written)
		if isSpan {
			hint = fmt.Sprintf("write <%s> for the time", written)
		}
		ps = append(ps, warn(text, hint, "%s is the text with the value in it, not a %s", text.Text, what)...)
	}
	for _, s := range all {
		for _, wanted := range slices.Concat([]option.Value{s.JSON, s.Every}, s.Has, s.Lacks) {
			wanted.EachText(func(text option.Value) { look(text, false) })
		}
		for _, key := range []string{"body", "query", "form", "multipart"} {
			s.place(key).EachText(func(text option.Value) { look(text, true) })
		}
		if m := pathSum.FindStringSubmatch(s.request().Path); m != nil {
			hint := fmt.Sprintf("write ${%s %s %s} for the sum, or ${not %s} for an id that was never given out", m[1],
				m[2], m[3], m[1])
			ps = append(ps, warn(s.place("send"), hint, "$%s%s%s is the value with %s%s after it, not a sum", m[1],
				m[2], m[3], m[2], m[3])...)
		}
	}
	return ps
}

// minus reports whether a text is a name with a number after it, as much as a sum: $a-1.
func minus(text string) bool { return strings.Contains(text, "-") && !strings.Contains(text, " - ") }

var operators = regexp.MustCompile(`\s*([-+*/])\s*`)

// spaced returns a sum with a blank around each sign.
func spaced(text string) string { return operators.ReplaceAllString(text, " $1 ") }

// checkCount finds what a count leaves nothing to judge, or makes impossible, and what a filter that
// finds nothing would pass.
func (s Step) checkCount() (ps option.Problems) {
	_, filtered := s.written.Get("query")
	_, counted := s.written.Get("count")
	_, whole := s.written.Get("json")
	if every, ok := s.written.Get("every"); ok && !counted && !whole && len(s.Has) == 0 &&
		(filtered || strings.Contains(s.request().Path, "?")) {
		ps = append(ps, warn(every, `write has for an item that must be there, or count: ">=1"`,
			"every holds of an empty array, too: where the query finds nothing, nothing is judged")...)
	}
	if _, ok := s.written.Get("count"); !ok || s.Count.Op == "" {
		return ps
	}
	least, most := s.Count.N, s.Count.N
	switch s.Count.Op {
	case "<":
		most--
	case ">=", ">":
		return ps
	}
	count := s.place("count").Text
	for _, key := range []string{"every", "sorted", "unique"} {
		if _, ok := s.written.Get(key); ok && (most == 0 || most == 1 && key != "every") {
			ps = append(ps, s.place(key).Problem("with count: %s, %s has nothing to judge", count, key)...)
			ps[len(ps)-1].Hint = fmt.Sprintf("leave %s out, or ask for more items", key)
		}
	}
	if len(s.Has) > 0 && most == 0 {
		ps = append(ps, s.place("has").Problem("with count: %s, has can never hold", count)...)
	}
	if len(s.Lacks) > 0 && len(s.Has) == 0 && most == 0 && least == 0 {
		ps = append(ps, warn(s.place("lacks"), "leave lacks out", "with count: %s, lacks says nothing more", count)...)
	}
	return ps
}

// checkUnsent finds fresh values that are wanted before any request sent them: no answer can hold
// them. fresh are those of the check itself.
func checkUnsent(all []Step, fresh check.Fresh) (ps option.Problems) {
	sent := map[string]bool{}
	for _, s := range all {
		s.uses(func(name string, _, _ option.Value, ofAnswer bool) { sent[name] = sent[name] || !ofAnswer })
		if !s.asks() {
			continue
		}
		_, log := s.written.Get("log")
		look := func(text option.Value) {
			if isHole(text.Text) || log {
				return
			}
			for _, name := range references(text.Text) {
				if sent[name] || !slices.ContainsFunc(fresh, func(f check.FreshValue) bool { return f.Name == name }) {
					continue
				}
				if _, saved := s.Save[name]; saved {
					continue
				}
				hint := "send it first, as in a body"
				if s.bodiless() {
					hint = "json is what the answer must contain: write body for what is sent"
				}
				ps = append(ps, warn(text, hint,
					"$%s is new, and no request has sent it by then, so no answer can hold it", name)...)
			}
		}
		for _, wanted := range slices.Concat([]option.Value{s.JSON, s.Every}, s.Has) {
			wanted.EachText(look)
		}
		for _, key := range []string{"text", "header"} {
			s.place(key).EachText(func(text option.Value) {
				if isRegexp(text.Text) {
					look(text)
				}
			})
		}
	}
	return ps
}

// bodiless reports whether a step that stores something sends no body.
func (s Step) bodiless() bool {
	for _, key := range []string{"body", "raw", "form", "multipart", "query"} {
		if _, ok := s.written.Get(key); ok {
			return false
		}
	}
	return slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, s.request().Method)
}

var (
	bounds    = regexp.MustCompile(`^([<>]=?|==|!=) ?(-?\d[\d.]*|\$\w+)$`)
	openBound = regexp.MustCompile(`^<\s*([<>]=?|==|!=)\s*(-?\d[\d.]*|\$\w+)\s*>$`)
	flagged   = regexp.MustCompile(`^/(.+)/([gimsu]{1,3})$`)
	bareHole  = regexp.MustCompile(`^(sum of|length of|one of|more than|less than|after|before|not) [\w$]`)
	curly     = regexp.MustCompile(`^[“”„‘’].*[“”‘’]$`)
	anchored  = regexp.MustCompile(`^\^.+\$$`)
	union     = regexp.MustCompile(`(?i)^(\w+)( ?\| ?| or |\?)(\w*)$`)
)

// checkMeant finds texts that are wanted as they stand, and were probably meant as a hole or a
// pattern.
func checkMeant(v option.Value) option.Problems {
	as := func(hint, what string) option.Problems {
		return warn(v, hint, "%s is a text like any other, and no %s", v.Describe(), what)
	}
	if m := openBound.FindStringSubmatch(v.Text); m != nil {
		return as("write "+bounded(m[1], m[2])+" for a number within bounds", "hole")
	}
	if m := bounds.FindStringSubmatch(v.Text); m != nil {
		return as("write "+bounded(m[1], m[2])+" for a number within bounds", "bound")
	}
	if m := flagged.FindStringSubmatch(v.Text); m != nil {
		return as(fmt.Sprintf("write /%s%s/ for one", flags(m[2]), m[1]), "pattern")
	}
	if anchored.MatchString(v.Text) {
		return as("write /"+strings.ReplaceAll(v.Text, "/", `\/`)+"/ for one", "pattern")
	}
	if m := union.FindStringSubmatch(v.Text); m != nil && slices.Contains(typeWords, m[1]) &&
		(m[2] == "?" || slices.Contains(append(typeWords, "null", "none"), strings.ToLower(m[3]))) {
		of := strings.Trim(meantOr(m[1]), "<>")
		other := "null"
		if m[2] != "?" {
			other = strings.Trim(meantOr(m[3]), "<>")
		}
		return as(fmt.Sprintf("write <%s or %s>", of, other), "hole")
	}
	if m := bareHole.FindString(v.Text); m != "" {
		if _, err := readHole(v.Text, func(string) any { return json.Number("1") }); err == nil {
			return as("write <"+v.Text+">", "hole")
		}
	}
	if curly.MatchString(v.Text) {
		return as(`write " for quotes`, "text between quotes")
	}
	switch strings.ToLower(v.Text) {
	case "not null", "not none", "notnull", "non-null":
		return as("write <not null>", "hole")
	case "not empty", "nonempty", "non-empty":
		return as("write <string 1..1000> for a text that is not empty", "hole")
	}
	if v.Plain && (v.Text == "None" || v.Text == "nil" || v.Text == "undefined") {
		return as("write null, or put quotes around the text", "null")
	}
	return checkPlain(v)
}

// checkPlain finds words without quotes that other YAML takes for true and false.
func checkPlain(v option.Value) option.Problems {
	truth, ok := map[string]string{"yes": "true", "on": "true", "no": "false", "off": "false"}[strings.ToLower(v.Text)]
	if !v.Plain || !ok {
		return nil
	}
	return warn(v, fmt.Sprintf("write %s, or put quotes around the text", truth), "%s is a text here, and not %s",
		v.Describe(), truth)
}

func meantOr(word string) string {
	if meant := meantHole("<" + word + ">"); meant != "" {
		return meant
	}
	return "<" + strings.ToLower(word) + ">"
}

// bounded returns the hole for a bound as other tools write it.
func bounded(op, than string) string {
	variable := strings.HasPrefix(than, "$")
	switch {
	case op == "!=":
		return "<not " + than + ">"
	case op == "==":
		return than
	case variable && op == ">":
		return "<more than " + than + ">"
	case variable && op == "<":
		return "<less than " + than + ">"
	}
	return "<number " + op + " " + than + ">"
}

// flags returns what flags of another language's pattern are here.
func flags(letters string) string {
	kept := strings.Map(func(r rune) rune {
		if r == 'i' || r == 'm' || r == 's' {
			return r
		}
		return -1
	}, letters)
	if kept == "" {
		return ""
	}
	return "(?" + kept + ")"
}

var looksJSON = regexp.MustCompile(`^\s*(\{.*\}|\[.*\])\s*$`)

// checkJSONText finds a text that holds JSON where JSON is written without quotes.
func checkJSONText(v option.Value, key string) option.Problems {
	if v.Kind != option.String || !looksJSON.MatchString(strings.ReplaceAll(v.Text, "\n", " ")) ||
		mustache.MatchString(v.Text) {
		return nil
	}
	ps := v.Problem("%s is JSON already, and this would be one text", key)
	ps[0].Hint = "remove the quotes"
	if key == "body" {
		ps[0].Message = "body is JSON already, and this would be sent as one text"
		ps[0].Hint += ", or write raw for what is sent as it stands"
	}
	return ps
}

// ofRequests are headers that requests alone have, and ofAnswers those of answers.
var (
	ofRequests = []string{"Authorization", "Accept", "Accept-Language", "Cookie", "Origin", "User-Agent",
		"If-None-Match", "If-Modified-Since", "Referer"}
	ofAnswers = []string{"Location", "Set-Cookie", "Allow", "Retry-After", "Www-Authenticate",
		"Access-Control-Allow-Origin"}
)

// checkSides finds headers that stand on the other side: header is of answers, headers of requests.
func (s Step) checkSides() (ps option.Problems) {
	for _, f := range s.place("headers").Fields {
		switch {
		case isRegexp(f.Value.Text):
			ps = append(ps, warn(f.Value, "write header for what the answer must have",
				"headers are sent, and %s would be sent as it stands", f.Value.Text)...)
		case slices.Contains(ofAnswers, http.CanonicalHeaderKey(f.Key.Text)):
			ps = append(ps, warn(f.Key, "write header for what the answer must have",
				"headers are sent, and %s is one of answers", f.Key.Text)...)
		default:
			ps = append(ps, CheckSent(f.Value)...)
		}
	}
	for _, f := range s.place("header").Fields {
		if slices.Contains(ofRequests, http.CanonicalHeaderKey(f.Key.Text)) && f.Value.Text != "<absent>" {
			ps = append(ps, warn(f.Key, "write headers for what is sent",
				"header is what the answer has, and %s is one of requests", f.Key.Text)...)
		}
	}
	return ps
}

var codesIn = regexp.MustCompile(`\b[1-5](?:\d\d|[xX]{2})\b`)

// codesMeant returns how codes that are written otherwise are written here; empty where that is not
// known.
func codesMeant(v option.Value) string {
	found := codesIn.FindAllString(strings.ToLower(v.Text), -1)
	switch {
	case v.Kind == option.Map || v.Kind == option.List:
		return ""
	case strings.ContainsAny(v.Text, "<>") || strings.HasPrefix(v.Text, "not "):
		return "name those that are right: [2xx, 4xx]"
	case len(found) == 2 && found[0][0] == found[1][0] && strings.HasSuffix(found[1], "99"):
		return "write " + found[0][:1] + "xx"
	case len(found) == 1:
		return "write " + found[0]
	case len(found) > 1:
		return "write [" + strings.Join(found, ", ") + "]"
	}
	words := map[string]string{"ok": "200", "created": "201", "success": "2xx", "bad request": "400",
		"not found": "404", "error": "4xx", "unauthorized": "401", "forbidden": "403", "conflict": "409",
		"no content": "204"}
	if code := words[strings.ToLower(v.Text)]; code != "" {
		return "write " + code
	}
	if n, err := strconv.Atoi(v.Text); err == nil && n >= 1 && n <= 5 {
		return fmt.Sprintf("write %dxx for the class", n)
	}
	return ""
}

var fieldOf = regexp.MustCompile(`\$(\w+)(?:\.(id|_id|uuid|name|title|token|access_token|email|url|data|slug|code)\b|` +
	`(\[\d+\]))|\$\{(\w+)\.(\w+)\}`)

// checkFields finds $x.id, where $x was saved and is no person: it is the value with .id after it.
func checkFields(all []Step) (ps option.Problems) {
	saved := map[string]string{} // where each is in an answer
	for _, s := range all {
		s.uses(func(_ string, at, _ option.Value, _ bool) {
			for _, m := range fieldOf.FindAllStringSubmatch(at.Text, -1) {
				said := slices.ContainsFunc(ps, func(p option.Problem) bool { return p.Pos == at.Pos })
				of, field := m[1]+m[4], "."+m[2]+m[5]
				if m[3] != "" {
					field = m[3]
				}
				if saved[of] == "" || said {
					continue
				}
				hint := fmt.Sprintf("save it as a value of its own: save: {%s: %s%s}",
					strings.Trim(cmp.Or(m[2], m[5], of), "_"), saved[of], field)
				ps = append(ps, warn(at, hint, "%s is the value of $%s with %s after it", m[0], of, field)...)
			}
		})
		for name, source := range s.Save {
			saved[name] = strings.TrimSuffix(source.path, maybe)
		}
	}
	return ps
}
