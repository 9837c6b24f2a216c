package checktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
)

// Task is one task as the API stores and answers it.
type Task map[string]any

// API is a Task API in memory, right in all that the lesson teaches. Its fields are what a program
// may do otherwise; set them before the first request. Each is called for one request at a time,
// with the API locked, unless it says so.
type API struct {
	Created, Deleted int // status codes; 200 both

	ID      func(made int, title string) any             // of the task that is made as number made, from 1
	Insert  func(a *API, sent Task) Task                 // stores, and gives what is answered; called without the lock
	All     func(a *API) []Task                          // what GET /tasks answers
	Find    func(a *API, id string) (Task, bool)         // what GET /tasks/{id} answers
	Replace func(a *API, id string, sent Task) bool      // what PUT does; false is 404
	Remove  func(a *API, id string) bool                 // what DELETE does; false is 404
	Refuse  func(a *API, body []byte, sent Task) bool    // whether a body is 422; sent is nil when it is no JSON object
	Health  any                                          // what GET /health answers
	Missing func(w http.ResponseWriter, r *http.Request) // answers 404

	sync.Mutex
	Tasks []Task
	Made  int
}

// NewAPI returns the right program.
func NewAPI() *API {
	a := &API{Created: http.StatusOK, Deleted: http.StatusOK, Health: Task{"status": "healthy"}}
	a.ID = func(made int, _ string) any { return made }
	a.Insert = (*API).Append
	a.All = func(a *API) []Task { return a.Tasks }
	a.Find = func(a *API, id string) (Task, bool) {
		if i := a.Index(id); i >= 0 {
			return a.Tasks[i], true
		}
		return nil, false
	}
	a.Replace = func(a *API, id string, sent Task) bool {
		i := a.Index(id)
		if i >= 0 {
			a.Tasks[i] = whole(a.Tasks[i]["id"], sent)
		}
		return i >= 0
	}
	a.Remove = func(a *API, id string) bool {
		i := a.Index(id)
		if i >= 0 {
			a.Tasks = slices.Delete(a.Tasks, i, i+1)
		}
		return i >= 0
	}
	a.Refuse = func(_ *API, _ []byte, sent Task) bool { _, ok := sent["title"].(string); return !ok }
	a.Missing = func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusNotFound, Task{"detail": "Task not found"})
	}
	return a
}

// Append stores a task at the end, with the next id.
func (a *API) Append(sent Task) Task {
	a.Lock()
	defer a.Unlock()
	a.Made++
	title, _ := sent["title"].(string)
	t := whole(a.ID(a.Made, title), sent)
	a.Tasks = append(a.Tasks, t)
	return t
}

// Index returns where the task of an id is, or -1.
func (a *API) Index(id string) int {
	return slices.IndexFunc(a.Tasks, func(t Task) bool { return fmt.Sprint(t["id"]) == id })
}

// whole returns a task with all that the model has.
func whole(id any, sent Task) Task {
	t := Task{"id": id, "title": sent["title"], "completed": false}
	if completed, ok := sent["completed"].(bool); ok {
		t["completed"] = completed
	}
	return t
}

// Handler serves the API.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, a.Health) })
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, document) // to a client that has gone
	})
	mux.HandleFunc("POST /tasks", func(w http.ResponseWriter, r *http.Request) {
		if sent, ok := a.body(w, r); ok {
			answer(w, a.Created, a.Insert(a, sent))
		}
	})
	mux.HandleFunc("GET /tasks", func(w http.ResponseWriter, _ *http.Request) {
		a.Lock()
		defer a.Unlock()
		answer(w, http.StatusOK, append([]Task{}, a.All(a)...))
	})
	mux.HandleFunc("GET /tasks/{id}", func(w http.ResponseWriter, r *http.Request) {
		a.Lock()
		defer a.Unlock()
		if t, ok := a.Find(a, r.PathValue("id")); ok {
			answer(w, http.StatusOK, t)
			return
		}
		a.Missing(w, r)
	})
	mux.HandleFunc("PUT /tasks/{id}", func(w http.ResponseWriter, r *http.Request) {
		sent, ok := a.body(w, r)
		if !ok {
			return
		}
		a.Lock()
		defer a.Unlock()
		if !a.Replace(a, r.PathValue("id"), sent) {
			a.Missing(w, r)
			return
		}
		answer(w, http.StatusOK, whole(r.PathValue("id"), sent))
	})
	mux.HandleFunc("DELETE /tasks/{id}", func(w http.ResponseWriter, r *http.Request) {
		a.Lock()
		defer a.Unlock()
		switch {
		case !a.Remove(a, r.PathValue("id")):
			a.Missing(w, r)
		case a.Deleted == http.StatusNoContent:
			w.WriteHeader(http.StatusNoContent)
		default:
			answer(w, a.Deleted, Task{"message": "Task deleted"})
		}
	})
	return mux
}

// body reads a task, and answers itself when there is none.
func (a *API) body(w http.ResponseWriter, r *http.Request) (sent Task, ok bool) {
	var text json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&text) // what is no JSON is refused below
	_ = json.Unmarshal(text, &sent)
	a.Lock()
	defer a.Unlock()
	if a.Refuse(a, text, sent) {
		answer(w, http.StatusUnprocessableEntity, Task{"detail": "the body is no task"})
		return nil, false
	}
	return sent, true
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // to a client that has gone
}

// document is what the program says of itself, as FastAPI writes it.
const document = `{"openapi": "3.1.0", "info": {"title": "Task API", "version": "0.1.0"}, "paths": {
"/health": {"get": {"operationId": "health", "responses": {"200": {"description": "Successful Response",
 "content": {"application/json": {"schema": {}}}}}}},
"/tasks": {
 "get": {"operationId": "list_tasks", "responses": {"200": {"description": "Successful Response", "content":
  {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Task"}}}}}}},
 "post": {"operationId": "create_task", "requestBody": {"required": true, "content": {"application/json": {"schema":
  {"$ref": "#/components/schemas/TaskIn"}}}}, "responses": {"200": {"description": "Successful Response", "content":
  {"application/json": {"schema": {"$ref": "#/components/schemas/Task"}}}},
  "422": {"description": "Validation Error"}}}},
"/tasks/{task_id}": {
 "get": {"operationId": "read_task", "parameters": [{"name": "task_id", "in": "path", "required": true, "schema":
  {"type": "integer"}}], "responses": {"200": {"description": "Successful Response", "content": {"application/json":
  {"schema": {"$ref": "#/components/schemas/Task"}}}}}},
 "put": {"operationId": "update_task", "parameters": [{"name": "task_id", "in": "path", "required": true, "schema":
  {"type": "integer"}}], "requestBody": {"required": true, "content": {"application/json": {"schema":
  {"$ref": "#/components/schemas/TaskIn"}}}}, "responses": {"200": {"description": "Successful Response", "content":
  {"application/json": {"schema": {}}}}}},
 "delete": {"operationId": "delete_task", "parameters": [{"name": "task_id", "in": "path", "required": true, "schema":
  {"type": "integer"}}], "responses": {"200": {"description": "Successful Response", "content": {"application/json":
  {"schema": {}}}}}}}},
"components": {"schemas": {
 "TaskIn": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}, "completed":
  {"type": "boolean", "default": false}}},
 "Task": {"type": "object", "required": ["id", "title", "completed"], "properties": {"id": {"type": "integer"},
  "title": {"type": "string"}, "completed": {"type": "boolean"}}}}}}
`
