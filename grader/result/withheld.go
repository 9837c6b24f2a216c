package result

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// withheld stands where an answer repeated what a hidden check asked.
const (
	withheld     = "▒▒▒▒"
	withheldText = "withheld: the answer repeats what a hidden check asked"
)

const (
	shortestWord = 4 // letters of a word that is looked for; shorter ones stand in every text
	shortestForm = 8 // of one that is looked for in other letters, too
)

var (
	wordText = regexp.MustCompile(`[\pL\pN_-]+…?`)
	escapes  = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)
)

// Words returns those of a text that are long enough to tell where they came from, in small
// letters.
func Words(text string) (words []string) {
	for _, word := range wordText.FindAllString(strings.ToLower(decoded(text)), -1) {
		word = strings.Trim(strings.TrimSuffix(word, "…"), "-_")
		if len([]rune(word)) >= shortestWord && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}

// decoded returns a text without the escapes of JSON, of addresses and of HTML.
func decoded(text string) string {
	text = escapes.ReplaceAllStringFunc(text, func(m string) string {
		n, _ := strconv.ParseUint(m[2:], 16, 32)
		return string(rune(n))
	})
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	return html.UnescapeString(text)
}

// secrecy finds words of hidden checks.
type secrecy struct {
	words map[string]bool
	forms []string // the longer ones in other letters
}

func secrecyOf(words []string) *secrecy {
	s := &secrecy{words: map[string]bool{}}
	for _, word := range words {
		s.words[word] = true
		if len(word) < shortestForm {
			continue
		}
		reversed := []rune(word)
		slices.Reverse(reversed)
		s.forms = append(s.forms, string(reversed), hex.EncodeToString([]byte(word)),
			hex.EncodeToString([]byte(strings.ToUpper(word))))
		for shift, skip := range []int{0, 2, 3} { // of four letters of base64, those that what stands before decides
			for _, text := range []string{word, strings.ToUpper(word)} {
				encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), text...))
				s.forms = append(s.forms, strings.ToLower(encoded[skip:(shift+len(text))/3*4]))
			}
		}
	}
	return s
}

// clean returns a text without them: word by word where they stand as they are, else as a whole.
func (s *secrecy) clean(text string) string {
	if text == "" {
		return text
	}
	clean := wordText.ReplaceAllStringFunc(text, func(word string) string {
		small := strings.ToLower(strings.TrimSuffix(word, "…"))
		if s.words[strings.Trim(small, "-_")] || strings.HasSuffix(word, "…") && s.begins(small) {
			return withheld
		}
		return word
	})
	if slices.ContainsFunc(Words(clean), func(word string) bool { return s.words[word] }) {
		return withheldText
	}
	squeezed := strings.ToLower(strings.Join(strings.Fields(clean), ""))
	if slices.ContainsFunc(s.forms, func(form string) bool { return strings.Contains(squeezed, form) }) {
		return withheldText
	}
	return clean
}

// begins reports whether a word that was cut may be one of them.
func (s *secrecy) begins(cut string) bool {
	for word := range s.words {
		if len([]rune(cut)) >= shortestWord && strings.HasPrefix(word, cut) {
			return true
		}
	}
	return false
}

// Without returns the check without the words of others that are hidden, in all that came from the
// submission.
func (c Check) Without(words []string) Check {
	if len(words) == 0 || c.Hidden {
		return c
	}
	s := secrecyOf(words)
	c.Want, c.Got, c.Hint = s.clean(c.Want), s.clean(c.Got), s.clean(c.Hint)
	c.Items = slices.Clone(c.Items)
	for i := range c.Items {
		item := &c.Items[i]
		item.Want, item.Got, item.Hint = s.clean(item.Want), s.clean(item.Got), s.clean(item.Hint)
	}
	c.Evidence = slices.Clone(c.Evidence)
	for i := range c.Evidence {
		e := &c.Evidence[i]
		e.Text = s.clean(e.Text)
		rows := slices.Clone(e.Rows)
		for n := range rows {
			rows[n] = slices.Clone(rows[n])
			for m := range rows[n] {
				rows[n][m] = s.clean(rows[n][m])
			}
		}
		e.Rows = rows
	}
	return c
}
