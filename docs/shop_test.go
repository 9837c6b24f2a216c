package docs

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
)

// thing is what the shop stores and answers.
type thing = map[string]any

// shop is a program that is right in all that the wishes are about, but for the fault of one: its
// number, or 0.
type shop struct {
	mu     sync.Mutex
	fault  int
	target *checktest.Target

	tasks, things []thing
	users         map[string]string // passwords, by address
	visits, door  int
	sessions      map[string]int
	forms         map[string]string
	jobs          map[string]time.Time
	plans         int
	news          []thing
	names         []any
	texts         map[string]any
}

// shopFor returns the submission that a wish is asked of.
func shopFor(wish, fault int) *checktest.Target {
	target := checktest.New()
	s := &shop{fault: fault, target: target}
	s.forget()
	target.Program = func(env map[string]string) http.Handler {
		if fault == 50 {
			s.forget()
		}
		return s.handler(env)
	}
	target.Run = map[string]check.Output{"python seed.py": {}, "id -u": {Stdout: "1000\n"}}
	switch wish {
	case 47:
		target.Beside = &check.Started{Wanted: 8000, Exited: true, ExitCode: 1, Log: "KeyError: 'SECRET_KEY'\n"}
	case 48:
		s.create("seeded")
	}
	switch fault {
	case 47:
		target.Beside = nil
	case 48:
		target.Run["python seed.py"] = check.Output{ExitCode: 1}
	case 51:
		s.create("left over")
	case 58:
		target.Run["id -u"] = check.Output{Stdout: "0\n"}
	}
	return target
}

func (s *shop) forget() {
	s.tasks, s.things, s.users, s.sessions = nil, nil, map[string]string{}, map[string]int{}
	s.forms, s.jobs = map[string]string{}, map[string]time.Time{}
	s.names, s.texts = []any{thing{"name": "apple"}, thing{"name": "Mango"}, thing{"name": "zebra"}}, thing{}
}

// is reports whether the fault is one of these, and else is the value that is right.
func (s *shop) is(faults ...int) bool { return slices.Contains(faults, s.fault) }

func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // which does not fail
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-4" + text[13:16] + "-8" + text[17:20] + "-" + text[20:]
}

func (s *shop) create(title string) thing {
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000")
	t := thing{"id": random(), "title": title, "done": false, "created_at": now, "updated_at": now, "note": nil,
		"state": "open", "rank": 3, "due": time.Now().Format(time.DateOnly)}
	switch s.fault {
	case 1:
		t["id"] = len(s.tasks) + 1
	case 4:
		t["id"] = "same"
	case 28:
		t["rank"] = 9
	case 29:
		t["due"] = "tomorrow"
	case 30:
		t["created_at"] = "2001-01-01T00:00:00"
	}
	if s.is(27) && len(s.tasks) > 0 {
		t["id"] = s.tasks[0]["id"]
	}
	s.tasks = append(s.tasks, t)
	return t
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // to a client that has gone
}

// token returns a token of HS256.
func token(payload string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(payload))
	return text + "." + signature(text)
}

func signature(text string) string {
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// user returns whose token a request has, or empty.
func (s *shop) user(r *http.Request) string {
	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	cut := strings.LastIndexByte(text, '.')
	if cut < 0 || text[cut+1:] != signature(text[:cut]) && !s.is(12, 13) {
		return ""
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(text[:cut]+".", ".")[1])
	var claims struct {
		Sub string
		Exp int64
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Exp < time.Now().Unix() && !s.is(13) {
		return ""
	}
	return claims.Sub
}

func (s *shop) handler(env map[string]string) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(w http.ResponseWriter, r *http.Request, sent thing)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var sent thing
			if strings.Contains(r.Header.Get("Content-Type"), "json") {
				_ = json.NewDecoder(r.Body).Decode(&sent)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			f(w, r, sent)
		})
	}
	s.accounts(handle)
	s.taskRoutes(handle)
	s.mine(handle)
	s.pages(handle)
	s.others(handle)
	mux.HandleFunc("GET /news", s.wait)
	mux.HandleFunc("POST /hooks", s.hook)
	handle("GET /config", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		database := env["DATABASE_URL"]
		if s.is(46) {
			database = "sqlite://"
		}
		reply(w, http.StatusOK, thing{"database": database})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		if id := r.Header.Get("X-Request-ID"); id != "" && !s.is(37) {
			h.Set("X-Request-ID", id)
		}
		if s.is(35) {
			h.Set("X-Powered-By", "Go")
		}
		if s.is(39) {
			time.Sleep(400 * time.Millisecond)
		}
		mux.ServeHTTP(w, r)
		if !s.is(52) {
			s.target.AddLog(fmt.Sprintf("%s %s 200\n", r.Method, r.URL.Path))
		}
	})
}

type handle = func(pattern string, f func(w http.ResponseWriter, r *http.Request, sent thing))

func (s *shop) accounts(handle handle) {
	handle("POST /register", func(w http.ResponseWriter, _ *http.Request, sent thing) {
		mail, _ := sent["email"].(string)
		if _, there := s.users[mail]; there && !s.is(15, 16) {
			reply(w, http.StatusConflict, thing{"detail": "taken"})
			return
		}
		s.users[mail], _ = sent["password"].(string)
		made := thing{"id": len(s.users), "email": mail}
		switch s.fault {
		case 2:
			made["password"] = s.users[mail]
		case 17:
			made["email"] = "you@example.org"
		}
		reply(w, http.StatusCreated, made)
	})
	handle("POST /login", func(w http.ResponseWriter, r *http.Request, _ thing) {
		mail := r.FormValue("username")
		if password, there := s.users[mail]; !there || password != r.FormValue("password") && !s.is(12) {
			reply(w, http.StatusUnauthorized, thing{"detail": "wrong"})
			return
		}
		access := token(fmt.Sprintf(`{"sub":%q,"exp":%d}`, mail, time.Now().Add(time.Hour).Unix()))
		if s.is(10) {
			access = "token"
		}
		reply(w, http.StatusOK, thing{"access_token": access})
	})
	handle("POST /door", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		if s.door++; s.door > 5 && !s.is(57) {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	})
}

func (s *shop) taskRoutes(handle handle) {
	find := func(w http.ResponseWriter, r *http.Request) (i int) {
		i = slices.IndexFunc(s.tasks, func(t thing) bool { return fmt.Sprint(t["id"]) == r.PathValue("id") })
		if i < 0 {
			reply(w, http.StatusNotFound, thing{"detail": "Not here"})
		}
		return i
	}
	handle("POST /tasks", func(w http.ResponseWriter, r *http.Request, sent thing) {
		title, ok := sent["title"].(string)
		if !ok {
			field, said := "title", "title is required"
			if s.is(6) {
				field = "body"
			}
			if s.is(7) {
				said = "wrong"
			}
			reply(w, http.StatusUnprocessableEntity, thing{"message": said,
				"detail": []any{thing{"loc": []any{"body", field}, "msg": said}}})
			return
		}
		made := maps.Clone(s.create(title))
		if sent["id"] != nil && s.is(45) {
			made["id"] = sent["id"]
		}
		at := "/tasks/" + fmt.Sprint(made["id"])
		made["url"] = "http://" + r.Host + at
		switch s.fault {
		case 18:
			at += "x"
		case 19:
			made["url"] = "http://example.org" + at
		case 20:
			at = "/tasks"
		}
		w.Header().Set("Location", at)
		reply(w, http.StatusCreated, made)
	})
	handle("GET /tasks", func(w http.ResponseWriter, r *http.Request, _ thing) {
		found := slices.Clone(s.tasks)
		if q := r.FormValue("q"); q != "" {
			found = slices.DeleteFunc(found, func(t thing) bool { return !strings.Contains(t["title"].(string), q) })
		}
		if r.FormValue("done") == "true" && !s.is(9) {
			found = slices.DeleteFunc(found, func(t thing) bool { return t["done"] != true })
		}
		if !s.is(24, 25) {
			slices.Reverse(found)
		}
		if s.is(24) {
			found = append(found, s.create("late"), s.create("later"))
		}
		total := len(found)
		offset, _ := strconv.Atoi(r.FormValue("offset"))
		limit, err := strconv.Atoi(r.FormValue("limit"))
		if err != nil {
			limit = 1000
		}
		page := found[min(offset, total):min(offset+limit, total)]
		if s.is(26) {
			page = append(page, thing{"id": 7})
		}
		answer := thing{"data": append([]thing{}, page...), "total": total, "count": len(page)}
		switch s.fault {
		case 21:
			answer["total"] = 10
		case 22:
			answer["total"] = len(page)
		case 23:
			answer["count"] = total + 1
		}
		tag := fmt.Sprintf(`"%d-%d"`, len(s.tasks), offset)
		if w.Header().Set("ETag", tag); r.Header.Get("If-None-Match") == tag && !s.is(38) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if offset+limit < total {
			w.Header().Set("Link", fmt.Sprintf(`</tasks?offset=0>; rel="first", `+
				`</tasks?limit=%d&offset=%d>; rel="next"`,
				limit, offset+limit))
		}
		reply(w, http.StatusOK, answer)
	})
	handle("OPTIONS /tasks", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		if s.is(8) {
			w.Header().Del("Access-Control-Allow-Origin")
		}
	})
	handle("GET /tasks/{id}", func(w http.ResponseWriter, r *http.Request, _ thing) {
		if i := find(w, r); i >= 0 {
			found := maps.Clone(s.tasks[i])
			if s.is(55) {
				found["title"] = "other"
			}
			reply(w, http.StatusOK, found)
		}
	})
	handle("PATCH /tasks/{id}", func(w http.ResponseWriter, r *http.Request, sent thing) {
		i := find(w, r)
		if i < 0 {
			return
		}
		changed := maps.Clone(s.tasks[i])
		maps.Copy(changed, sent)
		if s.is(5) {
			changed["title"] = ""
		}
		changed["updated_at"] = time.Now().UTC().Format("2006-01-02T15:04:05.000000")
		s.tasks[i] = changed
		reply(w, http.StatusOK, changed)
	})
	handle("DELETE /tasks/{id}", func(w http.ResponseWriter, r *http.Request, _ thing) {
		if i := find(w, r); i >= 0 {
			if !s.is(3) {
				s.tasks = slices.Delete(s.tasks, i, i+1)
			}
			w.WriteHeader(http.StatusNoContent)
		}
	})
	handle("GET /tasks.csv", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		if w.Header().Set("Content-Type", "text/csv"); s.is(43) {
			return
		}
		fmt.Fprint(w, "id,title\n")
		for _, t := range s.tasks {
			fmt.Fprintf(w, "%s,%s\n", t["id"], t["title"])
		}
	})
}

// mine are the routes that want a login.
func (s *shop) mine(handle handle) {
	owned := func(w http.ResponseWriter, r *http.Request) (owner string, i int) {
		i = -1
		if owner = s.user(r); owner == "" || s.is(11) {
			reply(w, http.StatusUnauthorized, thing{"detail": "sign in"})
			return "", i
		}
		if id := r.PathValue("id"); id != "" {
			i = slices.IndexFunc(s.things, func(t thing) bool {
				return t["id"] == id && (t["owner"] == owner || s.is(14))
			})
			if i < 0 {
				reply(w, http.StatusNotFound, thing{"detail": "Not here"})
			}
		}
		return owner, i
	}
	handle("GET /mine", func(w http.ResponseWriter, r *http.Request, _ thing) {
		if owner, _ := owned(w, r); owner != "" {
			reply(w, http.StatusOK, thing{"email": owner})
		}
	})
	handle("POST /mine/things/", func(w http.ResponseWriter, r *http.Request, sent thing) {
		if owner, _ := owned(w, r); owner != "" {
			sent["id"], sent["owner"] = random(), owner
			s.things = append(s.things, sent)
			reply(w, http.StatusCreated, thing{"data": sent})
		}
	})
	handle("GET /mine/things/{$}", func(w http.ResponseWriter, r *http.Request, _ thing) {
		owner, _ := owned(w, r)
		if owner == "" {
			return
		}
		own := slices.DeleteFunc(slices.Clone(s.things), func(t thing) bool { return t["owner"] != owner })
		limit, err := strconv.Atoi(r.FormValue("limit"))
		if err != nil {
			limit = 3
		}
		reply(w, http.StatusOK, thing{"items": append([]thing{}, own[:min(limit, len(own))]...)})
	})
	handle("GET /mine/things/{id}", func(w http.ResponseWriter, r *http.Request, _ thing) {
		if _, i := owned(w, r); i >= 0 {
			reply(w, http.StatusOK, thing{"data": s.things[i]})
		}
	})
	handle("PATCH /mine/things/{id}", func(w http.ResponseWriter, r *http.Request, sent thing) {
		if _, i := owned(w, r); i >= 0 {
			if s.is(53) {
				sent = thing{"id": s.things[i]["id"], "owner": s.things[i]["owner"], "n": 0, "name": sent["name"]}
			}
			maps.Copy(s.things[i], sent)
			reply(w, http.StatusOK, thing{"data": s.things[i]})
		}
	})
	handle("DELETE /mine/things/{id}", func(w http.ResponseWriter, r *http.Request, _ thing) {
		if _, i := owned(w, r); i >= 0 {
			s.things = slices.Delete(s.things, i, i+1)
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

// wait answers with the news, as soon as there are any.
func (s *shop) wait(w http.ResponseWriter, r *http.Request) {
	seconds, _ := strconv.Atoi(r.FormValue("wait"))
	for until := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(until) && !s.is(61); {
		s.mu.Lock()
		there := len(s.news) > 0
		s.mu.Unlock()
		if there {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	reply(w, http.StatusOK, append([]thing{}, s.news...))
}

// hook takes what is signed.
func (s *shop) hook(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write(body)
	if r.Header.Get("X-Signature") != "sha256="+hex.EncodeToString(mac.Sum(nil)) && !s.is(60) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// others are the routes of what was wished later.
func (s *shop) others(handle handle) {
	handle("POST /news", func(w http.ResponseWriter, _ *http.Request, sent thing) {
		if !s.is(62) {
			s.news = append(s.news, sent)
		}
		reply(w, http.StatusCreated, sent)
	})
	handle("GET /names", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		if s.is(63) {
			slices.Reverse(s.names)
		}
		reply(w, http.StatusOK, s.names)
	})
	handle("POST /names", func(w http.ResponseWriter, _ *http.Request, sent thing) {
		if name, _ := sent["name"].(string); len(name) > 200 && !s.is(66) {
			reply(w, http.StatusUnprocessableEntity, thing{"detail": "too long"})
			return
		}
		reply(w, http.StatusCreated, sent)
	})
	handle("POST /passes", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		days := 14
		if s.is(64) {
			days = 7
		}
		reply(w, http.StatusCreated, thing{"until": time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly)})
	})
	handle("GET /cart", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		total := 0.1 + 0.2
		if s.is(65) {
			total = 0.2
		}
		reply(w, http.StatusOK, thing{"items": []any{thing{"price": 0.1}, thing{"price": 0.2}}, "total": total})
	})
	handle("GET /pages", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		all := []thing{}
		for slug, text := range s.texts {
			all = append(all, thing{"slug": slug, "text": text})
		}
		reply(w, http.StatusOK, all)
	})
	handle("/pages/{slug}", func(w http.ResponseWriter, r *http.Request, sent thing) {
		slug := r.PathValue("slug")
		text, there := s.texts[slug]
		switch {
		case r.Method == http.MethodPut && !(there && s.is(67)):
			s.texts[slug], text = sent["text"], sent["text"]
		case !there:
			reply(w, http.StatusNotFound, thing{"detail": "Not here"})
			return
		case r.Method == http.MethodDelete:
			delete(s.texts, slug)
		}
		reply(w, http.StatusOK, thing{"slug": slug, "text": text})
	})
}

// pages are what a browser asks for, files, and the rest.
func (s *shop) pages(handle handle) {
	session := func(w http.ResponseWriter, r *http.Request) string {
		if c, err := r.Cookie("session"); err == nil && !s.is(32) {
			return c.Value
		}
		id := random()
		http.SetCookie(w, &http.Cookie{Name: "session", Value: id})
		return id
	}
	handle("GET /visits", func(w http.ResponseWriter, r *http.Request, _ thing) {
		id := session(w, r)
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark", HttpOnly: !s.is(34)})
		s.sessions[id]++
		if s.visits++; s.is(31) {
			s.visits = 0
		}
		reply(w, http.StatusOK, thing{"n": s.sessions[id]})
	})
	handle("GET /metrics", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		fmt.Fprintf(w, "# TYPE visits_total counter\nvisits_total %d\n", s.visits)
	})
	handle("GET /form", func(w http.ResponseWriter, r *http.Request, _ thing) {
		id, csrf := session(w, r), random()
		s.forms[id] = csrf
		kind := "password"
		switch s.fault {
		case 36:
			fmt.Fprint(w, "Traceback (most recent call last):\n")
		case 44:
			kind = "text"
		}
		fmt.Fprintf(w, `<title>Form</title><form method="post"><input name="csrf" value="%s"><input type="%s"></form>`,
			csrf, kind)
	})
	handle("POST /form", func(w http.ResponseWriter, r *http.Request, _ thing) {
		if csrf := s.forms[session(w, r)]; csrf != r.FormValue("csrf") && !s.is(33) {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	handle("POST /jobs", func(w http.ResponseWriter, _ *http.Request, _ thing) {
		id := random()
		s.jobs[id] = time.Now().Add(200 * time.Millisecond)
		reply(w, http.StatusAccepted, thing{"id": id})
	})
	handle("GET /jobs/{id}", func(w http.ResponseWriter, r *http.Request, _ thing) {
		state := "working"
		if at, ok := s.jobs[r.PathValue("id")]; ok && time.Now().After(at) {
			state = "done"
		}
		if s.is(40) {
			state = "failed"
		}
		reply(w, http.StatusOK, thing{"state": state})
	})
	handle("POST /files", func(w http.ResponseWriter, r *http.Request, _ thing) {
		file, header, err := r.FormFile("file")
		if err != nil {
			reply(w, http.StatusUnprocessableEntity, thing{"detail": err.Error()})
			return
		}
		data, _ := io.ReadAll(file)
		kind := header.Header.Get("Content-Type")
		switch s.fault {
		case 41:
			kind = ""
		case 42:
			data = []byte(strings.ToValidUTF8(string(data), "\ufffd"))
		}
		sum := sha256.Sum256(data)
		reply(w, http.StatusCreated, thing{"size": len(data), "type": kind, "sum": hex.EncodeToString(sum[:])[:8]})
	})
	handle("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request, _ thing) { fmt.Fprint(w, planDocument) })
	handle("POST /plans", func(w http.ResponseWriter, _ *http.Request, sent thing) {
		title, ok := sent["title"].(string)
		if !ok {
			reply(w, http.StatusUnprocessableEntity, thing{"detail": "title"})
			return
		}
		if s.is(59) && strings.ContainsFunc(title, func(c rune) bool { return c > 0x7f }) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		s.plans++
		made := thing{"id": s.plans, "title": title}
		if s.is(54) {
			made["id"] = fmt.Sprint(s.plans)
		}
		reply(w, http.StatusCreated, made)
	})
}

const planDocument = `{"openapi": "3.1.0", "info": {"title": "Plans", "version": "1"}, "paths": {"/plans": {"post":
 {"requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["title"],
 "properties": {"title": {"type": "string"}}}}}}, "responses": {"201": {"description": "made", "content":
 {"application/json": {"schema": {"type": "object", "required": ["id", "title"], "properties": {"id":
 {"type": "integer"}, "title": {"type": "string"}}}}}}, "422": {"description": "refused"}}}}}}`
