package steps

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taskgrader/taskgrader/grader/check"
)

const (
	mostInline = 4000     // of a body that stands in the command itself; a longer one is a file
	mostFileIn = 64 << 10 // of such a file, as it is shown
	mostAtOnce = 1 << 20  // that curl sends before it has asked whether it may
)

var safeArgument = regexp.MustCompile(`^[a-zA-Z0-9@%+=:,./_-]+$`)

// Curl returns the command that repeats a request byte for byte, against a container published on
// its own port. Where the body is too long for one line, a command before it makes a file of it.
func Curl(r check.Request, port int) string {
	words, before := []string{"curl", "-i"}, ""
	switch {
	case r.Method == http.MethodHead:
		words[1] = "-I"
	case r.Method != http.MethodGet || len(r.Body) > 0:
		words = append(words, "-X", r.Method)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			switch value = strings.TrimSpace(value); { // as it is sent
			case name == "Accept" && value == "*/*": // curl's own
			case value == "":
				words = append(words, "-H", name+";")
			default:
				words = append(words, "-H", name+": "+value)
			}
		}
	}
	switch sendsLength := r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch; {
	case len(r.Body) == 0 && sendsLength:
		words = append(words, "-H", "Content-Length: 0")
	case len(r.Body) == 0:
	case len(r.Body) > mostInline || bytes.IndexByte(r.Body, 0) >= 0 || r.Body[0] == '@':
		file, ok := asFile(r.Body)
		if !ok {
			return fmt.Sprintf(
				"# the body has %d bytes, which are too many to show: taskgrader grade with the same --seed "+
					"sends it again", len(r.Body))
		}
		before = file
		words = append(words, "--data-binary", "@body")
	default:
		words = append(words, "--data-binary", string(r.Body))
	}
	if r.Header.Get("Content-Type") == "" && len(r.Body) > 0 {
		words = append(words, "-H", "Content-Type:") // which curl would make up
	}
	if len(r.Body) >= mostAtOnce && r.Header.Get("Expect") == "" {
		words = append(words, "-H", "Expect:")
	}
	path := r.Path
	if u, err := url.Parse("http://host" + r.Path); err == nil && strings.HasPrefix(r.Path, "/") {
		path = u.RequestURI()
	}
	if strings.Contains(path, "/.") {
		words = append(words, "--path-as-is")
	}
	if strings.ContainsAny(path, "[]{}") {
		words = append(words, "-g")
	}
	words = append(words, fmt.Sprintf("http://127.0.0.1:%d%s", port, path))
	for i, w := range words {
		words[i] = quote(w)
	}
	return before + strings.Join(words, " ")
}

// quote returns a word as a shell reads it, in one line of letters that can be seen.
func quote(word string) string {
	if safeArgument.MatchString(word) {
		return word
	}
	plain := utf8.ValidString(word)
	for _, c := range word {
		plain = plain && c >= ' ' && c != 0x7f && (c < 0x80 || seen(c))
	}
	if plain {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(word); {
		c, size := utf8.DecodeRuneInString(word[i:])
		switch {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + word[i:i+1])
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c >= ' ' && c < 0x7f, c >= 0x80 && (c != utf8.RuneError || size > 1) && seen(c):
			b.WriteString(word[i : i+size])
		default: // in octal, which ends after three digits whatever comes next
			for _, one := range []byte(word[i : i+size]) {
				fmt.Fprintf(&b, `\%03o`, one)
			}
		}
		i += size
	}
	b.WriteString("'")
	return b.String()
}

// seen reports whether a letter is one that a page and a terminal show as it is.
func seen(c rune) bool {
	return c > 0xa0 && c != 0xad && !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
		!(c >= 0x2060 && c <= 0x206f) && c != 0xfeff && c < 0xe000 || c >= 0x1f300 && c < 0x20000
}

// asFile returns the command that writes a body into the file body.
func asFile(body []byte) (command string, ok bool) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(body) // into memory
	_ = w.Close()
	text := base64.StdEncoding.EncodeToString(packed.Bytes())
	if len(text) > mostFileIn {
		return "", false
	}
	return "echo " + text + " | base64 -d | gunzip > body && ", true
}
