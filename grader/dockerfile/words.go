package dockerfile

import (
	"encoding/json"
	"regexp"
	"strings"
)

// List writes words as the exec form does.
func List(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quote(word)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote writes a word as JSON does, without escapes of what HTML would mind.
func quote(word string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(word) != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// ShellWords returns the words of a command as a shell would split it. It is not ok where a shell
// would do more than that: replace a variable, run a second command, read a file, match names.
func ShellWords(command string) (words []string, ok bool) {
	var word strings.Builder
	in, began := rune(0), false
	runes := []rune(command)
	for i := 0; i < len(runes); i++ {
		c := runes[i]
		switch {
		case in == '\'' && c != '\'' || in == '"' && !strings.ContainsRune("\"\\$`", c):
			word.WriteRune(c)
		case in != 0 && c == in:
			in = 0
		case c == '\\' && in != '\'' && i+1 < len(runes):
			i++
			if in == '"' && !strings.ContainsRune("\"\\$`\n", runes[i]) {
				word.WriteRune('\\')
			}
			if runes[i] != '\n' {
				word.WriteRune(runes[i])
				began = true
			}
		case in == 0 && (c == '\'' || c == '"'):
			in, began = c, true
		case in == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			if began {
				words = append(words, word.String())
			}
			word.Reset()
			began = false
		case strings.ContainsRune("$`", c), in == 0 && strings.ContainsRune("&|;<>(){}*?[]~!#", c):
			return nil, false
		default:
			word.WriteRune(c)
			began = true
		}
	}
	if began {
		words = append(words, word.String())
	}
	return words, in == 0 && len(words) > 0 && !assigns.MatchString(words[0])
}

// MeantAsList returns the words of a list that is no JSON, so that Docker gives it to a shell: it
// has single, curly or slanted quotes, a comma too many or too few, or a comment behind it.
func MeantAsList(text string) (words []string, ok bool) {
	text, _, _ = CutComment(strings.TrimSpace(straight.Replace(text)))
	inside, ok := strings.CutPrefix(text, "[")
	inside, closed := strings.CutSuffix(strings.TrimSpace(inside), "]")
	if !ok || !closed {
		return nil, false
	}
	rest := strings.TrimSpace(inside)
	for rest != "" {
		m := item.FindStringSubmatch(rest)
		if m == nil {
			return nil, false
		}
		words = append(words, m[1]+m[2]+m[3]+m[4])
		rest = strings.TrimSpace(rest[len(m[0]):])
	}
	return words, len(words) > 0
}

var item = regexp.MustCompile("^(?:\"([^\"\\\\]*)\"|'([^'\\\\]*)'|`([^`\\\\]*)`|([^\\s\"'`,\\[\\]\\\\]+))\\s*,?")
