package crud_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/crud"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

// shop is a program as people write them beside the lesson's: notes under /notes/, each of its
// user, in an envelope, changed by PATCH alone, and ten of them on a page unless more are asked
// for.
type shop struct {
	sync.Mutex
	users map[string]string // of tokens
	notes []map[string]any
	made  int

	replaces bool // PATCH forgets what it does not name
	pages    bool // a page is never longer than five
	anyones  bool // a delete takes the notes of all who asked
	loses    bool // every token is forgotten after three requests
	closed   bool // nobody can sign in
	asked    int
}

func newShop(bend func(*shop)) http.Handler {
	s := &shop{users: map[string]string{}}
	bend(s)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if s.closed {
			reply(w, http.StatusUnauthorized, map[string]any{"error": "who are you"})
			return
		}
		token := fmt.Sprintf("t%d", len(s.users)+1)
		s.users[token] = r.FormValue("username")
		reply(w, http.StatusOK, map[string]any{"access_token": token})
	})
	mux.HandleFunc("/notes/", s.asUser(func(w http.ResponseWriter, r *http.Request, user string) {
		id := strings.TrimPrefix(r.URL.Path, "/notes/")
		i := slices.IndexFunc(s.notes, func(n map[string]any) bool {
			return n["owner"] == user && fmt.Sprint(n["id"]) == id
		})
		var sent map[string]any
		_ = json.NewDecoder(r.Body).Decode(&sent)
		switch {
		case r.Method == http.MethodGet && id == "":
			s.page(w, r, user)
		case r.Method == http.MethodPost && id == "":
			s.made++
			note := map[string]any{"id": s.made, "owner": user, "title": sent["title"], "done": sent["done"]}
			s.notes = append(s.notes, note)
			reply(w, http.StatusCreated, map[string]any{"data": note})
		case i < 0:
			reply(w, http.StatusNotFound, map[string]any{"error": "no such note"})
		case r.Method == http.MethodGet:
			reply(w, http.StatusOK, map[string]any{"data": s.notes[i]})
		case r.Method == http.MethodPatch:
			if s.replaces {
				s.notes[i]["title"], s.notes[i]["done"] = "", false
			}
			maps.Copy(s.notes[i], sent)
			reply(w, http.StatusOK, map[string]any{"data": s.notes[i]})
		case r.Method == http.MethodDelete && s.anyones:
			s.notes = nil
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodDelete:
			s.notes = slices.Delete(s.notes, i, i+1)
			w.WriteHeader(http.StatusNoContent)
		default:
			reply(w, http.StatusMethodNotAllowed, map[string]any{"error": "no such method"})
		}
	}))
	return mux
}

// asUser lets only those in who are signed in.
func (s *shop) asUser(next func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.Lock()
		defer s.Unlock()
		user, ok := s.users[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		if s.asked++; !ok || s.loses && s.asked > 3 {
			reply(w, http.StatusUnauthorized, map[string]any{"error": "who are you"})
			return
		}
		next(w, r, user)
	}
}

// page answers a list.
func (s *shop) page(w http.ResponseWriter, r *http.Request, user string) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil {
		limit = 10
	}
	if s.pages {
		limit = min(limit, 5)
	}
	own := slices.DeleteFunc(append([]map[string]any{}, s.notes...),
		func(n map[string]any) bool { return n["owner"] != user })
	reply(w, http.StatusOK, map[string]any{"items": own[:min(limit, len(own))], "total": len(own)})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // to a client that has gone
}

// shopped asks the check of a rubric in which Ann can sign in.
func shopped(t *testing.T, options string, bend func(*shop)) check.Outcome {
	t.Helper()
	r, err := rubric.Parse("r.yaml", []byte(`rubric: r
points: 1
people:
  ann:
    fresh: {mail: mail, pw: password}
    steps:
    - {send: POST /login, form: {username: $mail, password: $pw}, save: {token: access_token}}
    headers: {Authorization: "Bearer $token"}
checks:
- id: it
  points: 1
  crud: `+options), []check.Kind{crud.Kind()})
	require.NoError(t, err)
	target := checktest.New().Serve(newShop(bend))
	defer target.Close()
	o, err := checktest.Ask(context.Background(), r.Checks[0], target, 1)
	require.NoError(t, err)
	return o
}

// TestStyles: programs of another style than the lesson's are walked through; where they are right
// nothing is said, and where they are not, the story is of their own routes.
func TestStyles(t *testing.T) {
	const entry = `{at: /notes/, as: ann, %s, list: {get: "/notes/?limit=1000", at: items}, update: PATCH, ` +
		`new: {title: $word, done: false}, edit: {title: $word, done: true}, walks: 3}`
	right := func(*shop) {}
	for _, c := range []struct {
		name, options, item, want string
		bend                      func(*shop)
		story                     []string
	}{
		{"right", entry, "item: data", "", right, nil},
		{"right, with the id's path for both", entry, "id: data.id", "", right, nil},
		{"right, with both", entry, "item: data, id: data.id", "", right, nil},
		{"right, never changed", `{at: /notes/, as: ann, %s, list: {get: "/notes/?limit=1000", at: items}, ` +
			`update: none, new: {title: $word}, walks: 3}`, "item: data", "", right, nil},
		{"right, asked with PUT", strings.Replace(entry, "PATCH", "PUT", 1), "item: data",
			"want status 2xx; got status 405", right,
			[]string{`POST /notes/ as ann {T}  -> 201`, `PUT /notes/N as ann {T}  -> 405`, "   want status 2xx",
				"   got  status 405"}},
		{"right, asked for a page", strings.Replace(entry, "?limit=1000", "", 1), "item: data",
			"it is there 0 times", right, nil},
		{"right, with its list inside an object", strings.Replace(entry, ", at: items", "", 1), "item: data",
			"ok walk 3 of 3\n0 GET /notes/?limit=1000: want the list; got an object with the list in `items`; the " +
				"rest was " +
				"asked of that; hint: Answer with the array itself, without `items` around it.", right, nil},
		{"right, without its envelope", entry, "id: id", "want an answer with id; got {", right,
			[]string{`POST /notes/ as ann {T}  -> 201`, "   want an answer with id", "   got  {T}"}},
		{"PATCH forgets", entry, "item: data", `; got ""; hint`, func(s *shop) { s.replaces = true },
			[]string{`POST /notes/ as ann {T}  -> 201`, `PATCH /notes/N as ann {T}  -> 200`,
				`GET /notes/N as ann  -> 200`, `   want title "…"`, `   got  ""`}},
		{"a page is short", entry, "item: data", "it is there 0 times", func(s *shop) { s.pages = true }, nil},
		{"a delete takes all", entry, "item: data", "it is there 0 times", func(s *shop) { s.anyones = true },
			[]string{`POST /notes/ as ann {T}  -> 201`, `POST /notes/ as ann {T}  -> 201`,
				`DELETE /notes/N as ann  -> 204`, `GET /notes/?limit=1000 as ann  -> 200`,
				"   want a list with N in it, once", "   got  it is there 0 times"}},
		{"a login is forgotten", entry, "item: data", "want status 2xx; got status 401",
			func(s *shop) { s.loses = true }, nil},
	} {
		o := shopped(t, fmt.Sprintf(c.options, c.item), c.bend)
		if c.want == "" {
			assert.True(t, checktest.Holds(o), "%s: %s", c.name, checktest.Say(o))
			continue
		}
		assert.Contains(t, checktest.Say(o), c.want, c.name)
		if c.story == nil {
			continue
		}
		require.Len(t, o.Evidence, 1, c.name)
		story := regexp.MustCompile(`\{.*\}`).ReplaceAllString(o.Evidence[0].Text, "{T}")
		story = regexp.MustCompile(`(notes/|with )\d+`).ReplaceAllString(story, "${1}N")
		story = regexp.MustCompile(`title ".*"`).ReplaceAllString(story, `title "…"`)
		assert.Equal(t, c.story, strings.Split(story, "\n"), c.name)
	}
}

// TestNoLogin: a login that does not work is another check's matter.
func TestNoLogin(t *testing.T) {
	o := shopped(t, `{at: /notes/, as: ann, item: data, new: {title: $word}, edit: {title: $word}}`,
		func(s *shop) { s.closed = true })
	assert.Equal(t, "POST /login", o.Given)
	assert.Equal(t, "- ann signs in: not asked: ann could not sign in, since POST /login was answered with 401 "+
		"Unauthorized", checktest.Say(o))
}
