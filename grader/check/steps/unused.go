package steps

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/option"
)

// unusedPrefix begins, within ${}, the name of a variable in place of whose value one stands that
// no answer held.
const unusedPrefix = "not "

var (
	unusedText = regexp.MustCompile(`\$\{not ([a-zA-Z_]\w*)\}`)
	holeInPath = regexp.MustCompile(`<[a-z]+( \$\{?\w+\}?)?>`)
	hexText    = regexp.MustCompile(`^[0-9a-f]+$`)
	digits     = regexp.MustCompile(`^[0-9]+$`)
)

// addUnused gives a step's ${not x} their values: of the sort and shape of $x, and in no answer so
// far.
func (r *runner) addUnused(s Step) {
	s.uses(func(_ string, at, _ option.Value, _ bool) {
		for _, m := range unusedText.FindAllStringSubmatch(at.Text, -1) {
			value := unused(r.vars.value(m[1]), r.in.Rand)
			for range 100 { // chance alone hardly ever meets what was seen
				if !r.seen[plainText(value)] {
					break
				}
				value = unused(r.vars.value(m[1]), r.in.Rand)
			}
			r.vars[unusedPrefix+m[1]] = value
		}
	})
}

// see notes the single values of an answer.
func (r *runner) see(value JSON) {
	switch v := value.(type) {
	case Object:
		for _, inner := range v {
			r.see(inner)
		}
	case List:
		for _, inner := range v {
			r.see(inner)
		}
	case string, json.Number:
		r.seen[plainText(v)] = true
	}
}

// unused returns a value like another: a larger number, another UUID, or a text of the same shape.
func unused(like JSON, r *rand.Rand) JSON {
	switch v := like.(type) {
	case json.Number:
		return json.Number(larger(v.String(), r))
	case string:
		if digits.MatchString(v) {
			return larger(v, r)
		}
		return shaped(v, r)
	}
	return larger("0", r)
}

// larger returns a number far above one, yet small enough for whatever holds ids.
func larger(number string, r *rand.Rand) string {
	n, ok := new(big.Int).SetString(number, 10)
	if !ok { // it has a fraction
		n = new(big.Int)
	}
	return n.Add(n, big.NewInt(100_000+r.Int64N(900_000))).String()
}

// shaped returns a text whose letters and digits are others. What looks hexadecimal, as a UUID or a
// digest, stays so.
func shaped(text string, r *rand.Rand) string {
	const lower, hex = "abcdefghijklmnopqrstuvwxyz", "0123456789abcdef"
	isUUID, isHex := uuidText.MatchString(text), hexText.MatchString(text)
	var b strings.Builder
	for i, c := range text {
		switch {
		case isUUID && (i == 14 || i == 19): // version and variant
			b.WriteRune(c)
		case c >= '0' && c <= '9' && !isHex, c >= '0' && c <= '9' && i == 0:
			b.WriteByte(hex[r.IntN(10)])
		case isHex || isUUID && c != '-':
			b.WriteByte(hex[r.IntN(16)])
		case c >= 'a' && c <= 'z':
			b.WriteByte(lower[r.IntN(26)])
		case c >= 'A' && c <= 'Z':
			b.WriteByte(lower[r.IntN(26)] - 'a' + 'A')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
