package steps

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	tokenText   = regexp.MustCompile(`^\s*(\$\{[a-zA-Z_][\w.]*\}|\$?[a-zA-Z_][\w.]*|\d+(?:\.\d+)?|[-+*/()])`)
	oneVariable = regexp.MustCompile(`^\$(?:\{[a-zA-Z_][\w.]*\}|[a-zA-Z_][\w.]*)$`)
)

// evaluate works out an expression: a variable alone, whose value may be any, or a sum of variables
// and numbers. Where bare, a variable is written without $.
func evaluate(text string, value func(name string) JSON, bare bool) (JSON, error) {
	if oneVariable.MatchString(text) {
		return value(strings.Trim(text, "${}")), nil
	}
	if t, ok := readMoment(text); ok && !t.IsZero() { // 2026-01-31 is no sum
		return text, nil
	}
	if moved, err := moved(text, value); moved != nil || err != nil {
		return moved, err
	}
	if m := longSpan.FindStringSubmatch(text); m != nil {
		return nil, fmt.Errorf("want %s%s, not %q: a span is so many s, m, h or d", m[1], m[2], m[0])
	}
	e := expression{value: value, bare: bare}
	for rest := text; strings.TrimSpace(rest) != ""; {
		m := tokenText.FindStringSubmatchIndex(rest)
		if m == nil {
			return nil, fmt.Errorf("want numbers and variables with + - * / between them, not %q", text)
		}
		e.tokens = append(e.tokens, rest[m[2]:m[3]])
		rest = rest[m[1]:]
	}
	n, err := e.sum()
	if err == nil && len(e.tokens) > 0 {
		err = fmt.Errorf("want + - * or / before %q", e.tokens[0])
	}
	if err != nil {
		return nil, err
	}
	return json.Number(decimal(n)), nil
}

// span is a time or a date and how far from it: $day + 14d.
var span = regexp.MustCompile(`^(\$?\{?[a-zA-Z_][\w.]*\}?) ([+-]) (\d{1,6})([smhd])$`)

// longSpan is a span as it is spoken: 14 days.
var longSpan = regexp.MustCompile(`(\d+) ?([smhd])(?:ec|in|our|ay)[a-z]*$`)

// moved returns the time, the date, or the seconds since 1970 that a span leads to, in the form of
// what it begins with; nil where the text is none.
func moved(text string, value func(name string) JSON) (JSON, error) {
	m := span.FindStringSubmatch(text)
	if m == nil {
		return nil, nil
	}
	n, _ := strconv.Atoi(m[2] + m[3])
	from := value(strings.Trim(m[1], "${}"))
	step := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[m[4]] * time.Duration(n)
	if r, ok := rational(from); ok {
		seconds := step.Seconds()
		if m[4] == "d" {
			seconds = float64(n) * 86400
		}
		return json.Number(decimal(r.Add(r, new(big.Rat).SetInt64(int64(seconds))))), nil
	}
	written, _ := from.(string)
	for _, form := range append([]string{time.DateOnly}, timeForms...) {
		t, err := time.Parse(form, written)
		if err != nil {
			continue
		}
		if m[4] == "d" {
			t = t.AddDate(0, 0, n)
		}
		if t = t.Add(step); form == time.DateOnly && m[4] != "d" {
			form = "2006-01-02T15:04:05"
		}
		return t.Format(form), nil
	}
	return nil, fmt.Errorf("%s is no time", Show(from))
}

// number evaluates what must be a number.
func number(text string, value func(name string) JSON) (*big.Rat, error) {
	v, err := evaluate(text, value, false)
	if err != nil {
		return nil, err
	}
	if n, ok := numeric(v); ok {
		return n, nil
	}
	return nil, fmt.Errorf("%s is no number", Show(v))
}

type expression struct {
	tokens []string
	value  func(string) JSON
	bare   bool
}

func (e *expression) next(of string) string {
	if len(e.tokens) == 0 || !strings.Contains(of, e.tokens[0]) || len(e.tokens[0]) != 1 {
		return ""
	}
	token := e.tokens[0]
	e.tokens = e.tokens[1:]
	return token
}

func (e *expression) sum() (*big.Rat, error) {
	left, err := e.product()
	for err == nil {
		operator := e.next("+-")
		if operator == "" {
			break
		}
		var right *big.Rat
		if right, err = e.product(); err == nil && operator == "+" {
			left = new(big.Rat).Add(left, right)
		} else if err == nil {
			left = new(big.Rat).Sub(left, right)
		}
	}
	return left, err
}

func (e *expression) product() (*big.Rat, error) {
	left, err := e.operand()
	for err == nil {
		operator := e.next("*/")
		if operator == "" {
			break
		}
		var right *big.Rat
		switch right, err = e.operand(); {
		case err != nil:
		case operator == "*":
			left = new(big.Rat).Mul(left, right)
		case right.Sign() == 0:
			err = fmt.Errorf("nothing can be divided by 0")
		default:
			left = new(big.Rat).Quo(left, right)
		}
	}
	return left, err
}

func (e *expression) operand() (*big.Rat, error) {
	if e.next("(") != "" {
		n, err := e.sum()
		if err == nil && e.next(")") == "" {
			err = fmt.Errorf("a ( without its )")
		}
		return n, err
	}
	if e.next("-") != "" {
		n, err := e.operand()
		if err == nil {
			n = new(big.Rat).Neg(n)
		}
		return n, err
	}
	if len(e.tokens) == 0 {
		return nil, fmt.Errorf("a number or a variable is missing")
	}
	token := e.tokens[0]
	e.tokens = e.tokens[1:]
	if n, ok := new(big.Rat).SetString(token); ok {
		return n, nil
	}
	name := strings.Trim(token, "${}")
	if name == token && !e.bare || name == "" || !variableText.MatchString(name) {
		return nil, fmt.Errorf("want a number or a variable, not %q", token)
	}
	if n, ok := numeric(e.value(name)); ok {
		return n, nil
	}
	return nil, fmt.Errorf("%s is no number", Show(e.value(name)))
}

// decimal returns a number as JSON has it.
func decimal(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	return strings.TrimRight(n.FloatString(12), "0")
}

// makers are the words that ${…} may begin with.
var makers = []string{"base64", "jwt", "hmac", "repeat"}

// mostRepeated bounds how often ${repeat …} says a text.
const mostRepeated = 100_000

// sentBody is, in the headers of a request, the body that is sent: a name that no variable has.
const sentBody = "sent body"

// made makes what ${…} stands for in a text, beside a variable alone: a sum, base64 of a text, a
// token, or the signature of the body that is sent, which is known in headers.
func (v vars) made(text string) (JSON, error) {
	word, rest, _ := strings.Cut(text, " ")
	switch {
	case word == "base64" && rest != "":
		return base64.StdEncoding.EncodeToString([]byte(v.fill(rest, asIs))), nil
	case word == "hmac" && rest != "":
		body, _ := v[sentBody].(string)
		sign := hmac.New(sha256.New, []byte(v.fill(rest, asIs)))
		sign.Write([]byte(body))
		return hex.EncodeToString(sign.Sum(nil)), nil
	case word == "jwt" && rest != "":
		return v.token(strings.Fields(rest))
	case word == "repeat" && rest != "":
		return v.repeat(rest)
	case nowText.MatchString(text) && v["now"] == nil:
		away, _ := awayFromNow(text)
		return time.Now().UTC().Add(away).Format(time.RFC3339), nil
	}
	return evaluate(text, v.value, true)
}

// repeat returns a text so many times, of "200 a".
func (v vars) repeat(words string) (string, error) {
	often, text, _ := strings.Cut(words, " ")
	n, err := strconv.Atoi(often)
	if err != nil || n < 1 || n > mostRepeated || text == "" {
		return "", fmt.Errorf("want how often and what, such as ${repeat 200 a}, from 1 to %d times, not %q",
			mostRepeated, words)
	}
	return strings.Repeat(v.fill(text, asIs), n), nil
}

// token returns a JSON Web Token, signed with HS256 and a secret; with the secret none it is not
// signed. The claims exp, iat and nbf may be times from now: -1h.
func (v vars) token(words []string) (string, error) {
	secret, claims := v.fill(words[0], asIs), Object{}
	for _, claim := range words[1:] {
		name, text, ok := strings.Cut(claim, "=")
		if !ok {
			return "", fmt.Errorf("want claims such as sub=$x, not %q", claim)
		}
		value := v.fill(text, asIs)
		d, err := time.ParseDuration(value)
		switch {
		case (name == "exp" || name == "iat" || name == "nbf") && err == nil:
			claims[name] = time.Now().Add(d).Unix()
		case oneVariable.MatchString(text):
			claims[name] = v.value(strings.Trim(text, "${}"))
		default:
			claims[name] = value
		}
	}
	algorithm := "HS256"
	if words[0] == "none" {
		algorithm = "none"
	}
	part := func(v JSON) string { return base64.RawURLEncoding.EncodeToString(Encode(v)) }
	text := part(Object{"alg": algorithm, "typ": "JWT"}) + "." + part(claims) + "."
	if algorithm == "none" {
		return text, nil
	}
	sign := hmac.New(sha256.New, []byte(secret))
	sign.Write([]byte(strings.TrimSuffix(text, ".")))
	return text + base64.RawURLEncoding.EncodeToString(sign.Sum(nil)), nil
}
