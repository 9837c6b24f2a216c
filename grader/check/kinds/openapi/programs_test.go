package openapi_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// planner is a program that keeps to its document: plans under /plans, with a date and a priority.
// Its fields are what it may do otherwise.
type planner struct {
	sync.Mutex
	plans []map[string]any
	made  int
	asked int

	id     func(id *big.Int) int              // status for an id; 0 goes on
	due    func(text string) int              // status for a date; 0 goes on
	title  func(title string) int             // status for a title; 0 goes on
	answer func(plan map[string]any) int      // status for an answer that holds a plan; 0 goes on
	again  func() int                         // status for a delete of what is not there
	every  func(p *planner) int               // status for every request; 0 goes on
	change func(plan map[string]any)          // of each answer
	login  string                             // the token that is wanted; empty where none is
	loads  func(w http.ResponseWriter, n int) // before the n-th answer
	keeps  func(p *planner, m map[string]any) // stores
}

// right returns the program as it should be.
func right() *planner {
	zero := func() int { return 0 }
	return &planner{id: func(*big.Int) int { return 0 }, title: func(string) int { return 0 },
		due: func(text string) int {
			if _, err := time.Parse(time.DateOnly, text); err != nil {
				return http.StatusUnprocessableEntity
			}
			return 0
		},
		answer: func(map[string]any) int { return zero() }, again: func() int { return http.StatusNotFound },
		every: func(*planner) int { return 0 }, change: func(map[string]any) {},
		loads: func(http.ResponseWriter, int) {},
		keeps: func(p *planner, m map[string]any) { p.plans = append(p.plans, m) }}
}

// ServeHTTP answers.
func (p *planner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.Lock()
	defer p.Unlock()
	p.asked++
	if r.URL.Path == "/openapi.json" {
		fmt.Fprint(w, described)
		return
	}
	if r.URL.Path == "/login" {
		reply(w, http.StatusOK, map[string]any{"access_token": p.login})
		return
	}
	p.loads(w, p.asked)
	if p.login != "" && r.Header.Get("Authorization") != "Bearer "+p.login {
		reply(w, http.StatusUnauthorized, nil)
		return
	}
	if status := p.every(p); status != 0 {
		reply(w, status, nil)
		return
	}
	rest, one := strings.CutPrefix(r.URL.Path, "/plans/")
	i := -1
	if one {
		id, ok := new(big.Int).SetString(rest, 10)
		if !ok {
			reply(w, http.StatusUnprocessableEntity, nil)
			return
		}
		if status := p.id(id); status != 0 {
			reply(w, status, nil)
			return
		}
		i = slices.IndexFunc(p.plans, func(m map[string]any) bool { return fmt.Sprint(m["id"]) == id.String() })
	} else if r.URL.Path != "/plans" {
		http.NotFound(w, r)
		return
	}
	var sent map[string]any
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		var status int
		if sent, status = p.read(r); status != 0 {
			reply(w, status, map[string]any{"detail": "no plan"})
			return
		}
	}
	switch {
	case r.Method == http.MethodPost:
		p.made++
		sent["id"] = p.made
		p.keeps(p, sent)
		p.show(w, http.StatusCreated, false, sent)
	case r.Method == http.MethodGet && !one:
		p.show(w, http.StatusOK, true, p.plans...)
	case i < 0 && r.Method == http.MethodDelete:
		reply(w, p.again(), map[string]any{"detail": "no such plan"})
	case i < 0:
		reply(w, http.StatusNotFound, map[string]any{"detail": "no such plan"})
	case r.Method == http.MethodGet:
		p.show(w, http.StatusOK, false, p.plans[i])
	case r.Method == http.MethodPut:
		sent["id"] = p.plans[i]["id"]
		p.plans[i] = sent
		p.show(w, http.StatusOK, false, sent)
	case r.Method == http.MethodDelete:
		p.plans = slices.Delete(p.plans, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	}
}

// read returns the plan of a request, or the status that refuses it.
func (p *planner) read(r *http.Request) (map[string]any, int) {
	var sent map[string]any
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if err := d.Decode(&sent); err != nil {
		return nil, http.StatusUnprocessableEntity
	}
	title, ok := sent["title"].(string)
	if !ok {
		return nil, http.StatusUnprocessableEntity
	}
	plan := map[string]any{"title": title, "due": nil, "priority": nil}
	switch due := sent["due"].(type) {
	case nil:
	case string:
		if status := p.due(due); status != 0 {
			return nil, status
		}
		plan["due"] = due
	default:
		return nil, http.StatusUnprocessableEntity
	}
	switch priority := sent["priority"].(type) {
	case nil:
	case json.Number:
		if strings.ContainsAny(priority.String(), ".e") {
			return nil, http.StatusUnprocessableEntity
		}
		plan["priority"] = priority
	default:
		return nil, http.StatusUnprocessableEntity
	}
	return plan, p.title(title)
}

// show answers with plans: one alone, or the list.
func (p *planner) show(w http.ResponseWriter, status int, all bool, plans ...map[string]any) {
	list := []any{}
	for _, plan := range plans {
		if wrong := p.answer(plan); wrong != 0 {
			reply(w, wrong, nil)
			return
		}
		shown := map[string]any{"made": "2026-11-29T03:07:42.928893"}
		for key, value := range plan {
			shown[key] = value
		}
		p.change(shown)
		list = append(list, shown)
	}
	if all {
		reply(w, status, list)
		return
	}
	reply(w, status, list[0])
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // to a client that has gone
}

// described is the program's document.
const described = `{"openapi": "3.1.0", "info": {"title": "Plans", "version": "1"}, "paths": {
"/plans": {
 "get": {"responses": {"200": {"description": "all", "content": {"application/json": {"schema": {"type": "array",
  "items": {"$ref": "#/components/schemas/Plan"}}}}}}},
 "post": {"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref":
  "#/components/schemas/NewPlan"}}}}, "responses": {"201": {"description": "made", "content": {"application/json":
  {"schema": {"$ref": "#/components/schemas/Plan"}}}}, "422": {"description": "refused"}}}},
"/plans/{plan_id}": {"parameters": [{"name": "plan_id", "in": "path", "required": true, "schema": {"type": "integer"}}],
 "get": {"responses": {"200": {"description": "one", "content": {"application/json": {"schema": {"$ref":
  "#/components/schemas/Plan"}}}}, "404": {"description": "none"}, "422": {"description": "refused"}}},
 "put": {"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref":
  "#/components/schemas/NewPlan"}}}}, "responses": {"200": {"description": "changed", "content": {"application/json":
  {"schema": {"$ref": "#/components/schemas/Plan"}}}}, "404": {"description": "none"},
  "422": {"description": "refused"}}},
 "delete": {"responses": {"204": {"description": "gone"}, "404": {"description": "none"}, "422":
  {"description": "refused"}}}}},
"components": {"schemas": {
 "NewPlan": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}, "due": {"anyOf":
  [{"type": "string", "format": "date"}, {"type": "null"}]}, "priority": {"anyOf": [{"type": "integer"},
  {"type": "null"}]}}},
 "Plan": {"allOf": [{"$ref": "#/components/schemas/NewPlan"}, {"type": "object", "required": ["id", "due", "priority"],
  "properties": {"id": {"type": "integer"}, "made": {"type": "string", "format": "date-time"}}}]}}}}`
