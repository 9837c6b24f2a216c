package openapi_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/openapi"
)

// hanging is a document of tasks that name a project, in a field of their own.
const hanging = `{"openapi": "3.1.0", "info": {"title": "H", "version": "1"}, "paths": {
"/projects": {"post": {"requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object",
 "required": ["name"], "properties": {"name": {"type": "string"}}}}}}, "responses": {"201": {"description": "made"}}}},
"/projects/{id}": {"delete": {"parameters": [{"name": "id", "in": "path", "required": true, "schema":
 {"type": "integer"}}], "responses": {"204": {"description": "gone"}}}},
"/tasks": {"post": {"requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object",
 "required": ["project"], "properties": {"project": {"type": "integer"}}}}}},
 "responses": {"201": {"description": "made"}}},
 "get": {"responses": {"200": {"description": "all"}}}}}}`

// TestHanging: a list that fails once what one of its things names was deleted is found, and told
// with what leads to it.
func TestHanging(t *testing.T) {
	for _, right := range []bool{true, false} {
		target := checktest.New()
		target.Program = func(map[string]string) http.Handler {
			var mu sync.Mutex
			projects, tasks, made := map[string]bool{}, []string{}, 0
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				var sent map[string]json.Number
				_ = json.NewDecoder(r.Body).Decode(&sent)
				id, one := strings.CutPrefix(r.URL.Path, "/projects/")
				switch {
				case r.URL.Path == "/openapi.json":
					_, _ = w.Write([]byte(hanging))
				case one && !projects[id]:
					w.WriteHeader(http.StatusNotFound)
				case one:
					delete(projects, id)
					w.WriteHeader(http.StatusNoContent)
				case r.Method == http.MethodGet:
					for _, project := range tasks {
						if !projects[project] && !right {
							w.WriteHeader(http.StatusInternalServerError)
							return
						}
					}
					reply(w, http.StatusOK, tasks)
				case r.URL.Path == "/tasks" && !projects[sent["project"].String()]:
					w.WriteHeader(http.StatusUnprocessableEntity)
				case r.URL.Path == "/tasks":
					tasks = append(tasks, sent["project"].String())
					reply(w, http.StatusCreated, map[string]any{"n": len(tasks)})
				default:
					made += 7
					projects[strconv.Itoa(made)] = true
					reply(w, http.StatusCreated, map[string]any{"id": made})
				}
			})
		}
		said := checktest.Asked(t, openapi.Kind(), "openapi: {at: /openapi.json, requests: 300}", target)
		if right {
			assert.NotContains(t, said, "want", said)
			continue
		}
		assert.Contains(t, said, "0 GET /tasks: want no answer with 5xx; got 500 Internal Server Error, after ", said)
	}
}
