package steps

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// difference is one path at which an answer is not what was wanted.
type difference struct {
	path, want, got string
	wanted, found   JSON // the values
	sort            sort // of arrays: ofOrder or ofCount
}

// The sorts of difference between arrays, beside those of holes.
const (
	ofOrder sort = iota + 100 // the same items in another order
	ofCount                   // more items or fewer
)

// absent stands for a value that is not there.
type absent struct{}

// match compares an answer with what it must contain at least, or, where exact, hold and nothing
// more. Values of want may be holes.
func (in scene) match(path string, want, got JSON, exact bool) []difference {
	miss := func() []difference {
		return []difference{{path: path, want: Show(plain(want)), got: Show(got), wanted: want, found: got}}
	}
	switch w := want.(type) {
	case hole:
		if either(w, got, in) {
			return nil
		}
		return []difference{{path: path, want: w.String(), got: Show(got), wanted: w, found: got}}
	case Object:
		g, ok := got.(Object)
		if !ok {
			return miss()
		}
		var out []difference
		for _, key := range sortedKeys(w) {
			value, there := g[key]
			if !there {
				value = absent{}
			}
			out = append(out, in.match(path+"."+key, w[key], value, exact)...)
		}
		if exact {
			for _, key := range sortedKeys(g) {
				if _, ok := w[key]; !ok {
					out = append(out, difference{path: path + "." + key, want: nothing, got: Show(g[key]),
						found: g[key]})
				}
			}
		}
		return out
	case List:
		g, ok := got.(List)
		if !ok {
			return miss()
		}
		if len(g) != len(w) {
			d := miss()
			d[0].sort = ofCount
			return d
		}
		if len(w) > 1 && sameItems(w, g) && Show(plain(w)) != Show(g) {
			d := miss()
			d[0].sort = ofOrder
			return d
		}
		var out []difference
		for i := range w {
			out = append(out, in.match(fmt.Sprintf("%s[%d]", path, i), w[i], g[i], exact)...)
		}
		return out
	}
	if equal(want, got) {
		return nil
	}
	return miss()
}

// Difference returns the first path at which got does not contain what was wanted: "$.title", and
// both values as they are shown. It is empty where there is none.
func Difference(want, got JSON) (path, wanted, found string) {
	if d := (scene{answer: got, asked: time.Now()}).match("$", want, got, false); len(d) > 0 {
		return d[0].path, d[0].want, d[0].got
	}
	return "", "", ""
}

// equal compares scalars; numbers by value, so that 1 is 1.0.
func equal(a, b JSON) bool {
	x, okX := rational(a)
	y, okY := rational(b)
	if okX && okY {
		return x.Cmp(y) == 0
	}
	return okX == okY && reflect.DeepEqual(a, b)
}

func rational(v JSON) (*big.Rat, bool) {
	var text string
	switch n := v.(type) {
	case json.Number:
		text = n.String()
	case int64:
		text = strconv.FormatInt(n, 10)
	case float64:
		text = strconv.FormatFloat(n, 'g', -1, 64)
	case int:
		text = strconv.Itoa(n)
	default:
		return nil, false
	}
	if len(text) > 400 || strings.ContainsAny(text, "eE") && len(text[strings.IndexAny(text, "eE"):]) > 4 {
		return nil, false // an exponent can make a number of any length
	}
	return new(big.Rat).SetString(text)
}

// showBytes is how much of one value is shown.
const showBytes = 300

// butText begins how a value is shown that must be another.
const butText = "anything but "

// nothing is how a value that is not there is shown.
const nothing = "nothing"

// Show returns a value as JSON, cut.
func Show(v JSON) string {
	if _, ok := v.(absent); ok {
		return nothing
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return cut(strings.TrimSpace(b.String()), showBytes)
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

func sortedKeys(m Object) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// At returns the value at a path such as id, task.id or items[0].id, and whether there is one; the
// empty path is the value itself.
func At(v JSON, path string) (JSON, bool) {
	v = at(v, path)
	_, missing := v.(absent)
	return v, !missing
}

// at returns the value at a path such as id, task.id or items[0].id; the empty path is the value
// itself.
func at(v JSON, path string) JSON {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".")
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		switch container := v.(type) {
		case Object:
			next, ok := container[part]
			if !ok {
				return absent{}
			}
			v = next
		case List:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(container) {
				return absent{}
			}
			v = container[i]
		default:
			return absent{}
		}
	}
	return v
}
