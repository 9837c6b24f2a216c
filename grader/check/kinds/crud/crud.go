// Package crud is the kind `crud`: random walks against a model.
//
// A walk is drawn from the seed before anything is sent (plan.go), then sent step by step and
// compared with what a program that keeps what it is told would answer (walk.go). A walk that fails
// is cut down to the shortest that still fails (shrink.go), which is the story that the student
// reads.
package crud

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/steps"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind returns the kind `crud`, which walks at random through a service.
func Kind() check.Kind {
	return check.Kind{Name: "crud", Phase: check.Running,
		New: func() check.Check {
			return &CRUD{At: "/tasks", ID: "id", Update: http.MethodPut, Echo: true, Walks: 8, Steps: 20}
		},
		Manual: check.Manual{
			Summary: "does the program keep what it was told, whatever the order",
			Text: `Each walk is a random sequence of create, get, list, update and delete over several live things, and
get and delete of what is gone. After each operation the answer is compared with a model in memory: what was created is
as it was sent, a change changes one thing, what is deleted is 404 and out of the list. Only what the walk itself made
counts, so other data does no harm, and an id may be used again once its thing is gone. Each walk opens with more
creates than the one before it and a list; every other one goes on with two changes of one thing, a delete, a create
with a body that was there before, and one with the body of refuse, which may change nothing where it is refused. What
these find is found whatever the seed; then chance decides.

A thing is created by POST and listed by GET at the path of the collection, and read by GET, changed by PUT and deleted
by DELETE below it, at its id. gone is a GET or a DELETE of what was deleted before. The path of the collection is asked
as it is written, with its slash at the end or without. Where one thing comes in an envelope, item: data says where it
is in the answers to a create and a get, and id: data.id says both at once. list is where the array is, or what is asked
for it, too: {get: "/tasks?limit=1000", at: items}, for a program that answers a page where no more is asked for.
update: PATCH sends now all of edit, now one key of it, and what it does not name must be as before; update: none
changes nothing, and needs no edit. as: ann sends all as one of people, who signs in once.

one: /task/$id says where one thing is, where that is not below the collection, and one: {delete: POST
/tasks/$id/delete} what is sent in the place of another request. one: {create: PUT /tasks/$slug} is for a program
whose things are made where the path says, by $slug, $uuid or $int, and such a create need not answer with the thing.
body: form or query sends what is made otherwise than as JSON; new and edit that are written with the envelope of
item, as {data: {title: $word}}, are sent with it; item: {sent: task, answered: data} is for a program that takes a
thing in one envelope and answers in another, and item: {sent: task} for one that answers without any. echo: false is
for a create that does not answer with the thing: it is looked for in the list. unseen: [password] names keys that no
answer holds.

A list that comes in pages is asked for page by page by $offset, or by $page, which counts from 1 (${page - 1} from 0):
{get: "/tasks?limit=50&offset=$offset", at: items}. next says where an answer has what leads to the next page, as save
does: an address that is followed, as {get: /tasks, at: items, next: links.next}, or a mark that is $next in get, as
{get: "/tasks?cursor=$next", at: items, next: cursor}.

In new, edit and refuse, $word is a new text in each request, $slug one without blanks, and $mail, $password, $int,
$date and $uuid are what they say. A body that was there before is sent again but for its $mail, $slug and $uuid, which
are one thing's alone. $id in edit is the id of the thing. What the people's steps saved may stand there and in the
paths, too: at: /projects/$project/tasks.

Where several processes serve and each has a memory of its own, that is the fault, and nothing is walked. A walk that
fails is shortened to the fewest operations that still fail, and told as a story.`,
			Example: `id: walk
points: 2
crud:
  at: /tasks
  id: id
  list: ""
  new: {title: $word, completed: false}
  edit: {title: $word, completed: true}
  refuse: {completed: true}
  walks: 8
  steps: 20
  status: {create: [200, 201], delete: [200, 204], gone: 404}`,
			Every: []string{`id: notes
points: 2
crud:
  at: /notes/
  as: nobody
  id: id
  item: data
  list: {get: "/notes/?cursor=$next", at: items, next: cursor}
  update: PATCH
  new: {title: $word, done: false}
  edit: {title: $word, done: true}
  refuse: {done: true}
  one: {create: PUT /note/$slug, get: /note/$id, update: PATCH /note/$id, delete: POST /note/$id/delete}
  body: form
  echo: false
  unseen: [done]
  walks: 4
  steps: 10
  status: {create: [200, 201], delete: [200, 204], gone: 404}`}}}
}

// CRUD is the options.
type CRUD struct {
	At     string                 `json:"at,omitempty" jsonschema:"the path of the collection; /tasks unless given"`
	As     option.Value           `json:"as,omitzero" jsonschema:"who asks: one of people, or nobody"`
	ID     string                 `json:"id,omitempty" jsonschema:"the key of a thing that holds its id, or the path to it; id unless given"`
	One    One                    `json:"one,omitzero" jsonschema:"the path of one thing, with $id for its id, or what is sent for get, update and delete each: {delete: POST /tasks/$id/delete}; or for create, where the path chooses the id: {create: PUT /tasks/$slug}; that of the collection and the id unless given"`
	Item   Item                   `json:"item,omitzero" jsonschema:"where in an answer about one thing it is, such as data; or apart from that where in new and edit: {sent: task, answered: data}; the answer itself unless given"`
	List   List                   `json:"list,omitzero" jsonschema:"where in the answer of a list the array is, such as items, or what is asked for it, too: {get: /tasks?limit=1000, at: items}; the answer itself unless given"`
	Update string                 `json:"update,omitempty" option:"PUT|PATCH|none" jsonschema:"how a thing is changed; PUT unless given"`
	New    option.Value           `json:"new" jsonschema:"the body of a create; $word is new each time"`
	Edit   option.Value           `json:"edit,omitzero" jsonschema:"the body of an update"`
	Refuse option.Value           `json:"refuse,omitzero" jsonschema:"a body that is refused, and must then leave nothing behind"`
	Body   string                 `json:"body,omitempty" option:"json|form|query" jsonschema:"how new and edit are sent; json unless given"`
	Echo   bool                   `json:"echo,omitempty" jsonschema:"whether a create answers with the thing; where false, it is looked for in the list; true unless given"`
	Unseen []string               `json:"unseen,omitempty" jsonschema:"keys of new and edit that no answer holds, such as a password"`
	Walks  int                    `json:"walks,omitempty" option:"1..100" jsonschema:"how many walks; 8 unless given"`
	Steps  int                    `json:"steps,omitempty" option:"2..200" jsonschema:"how many operations each has; 20 unless given"`
	Status map[string]steps.Codes `json:"status,omitempty" jsonschema:"accepted codes of create, get, list, update, delete and gone; 2xx unless given, gone 404"`

	caller  steps.Caller
	login   *steps.Login // while it is asked
	written option.Value
}

// collection is the path of one thing, as frameworks write it, with that of the collection.
var collection = regexp.MustCompile(`^(/[^{}:$<?#]+?)/?(?:\{\w+\}|:\w+|\$\{?id\}?|<[\w:]+>)/?$`)

// none is how things are changed that are not.
const none = "none"

var operations = []string{"create", "get", "list", "update", "delete", "gone"}

// OptionSynonyms returns words that are near, with what is meant here.
func (CRUD) OptionSynonyms() map[string]string {
	return map[string]string{"path": "at", "url": "at", "route": "at", "collection": "at", "create": "new",
		"post": "new", "payload": "new", "put": "edit", "patch": "edit", "change": "edit", "method": "update",
		"key": "id", "pk": "id", "envelope": "item", "data": "item", "items": "list", "page": "list",
		"paginate": "list", "auth": "as", "user": "as", "login": "as", "hidden": "unseen", "secret": "unseen",
		"write_only": "unseen", "wrap": "item", "wrapper": "item", "root": "item",
		"invalid": "refuse", "form": "body", "codes": "status", "want": "status"}
}

// ValidateOption bounds the work and finds misspelt operations.
func (c *CRUD) ValidateOption(at option.Value) option.Problems {
	var ps option.Problems
	status, _ := at.Get("status")
	for _, f := range status.Fields {
		if !slices.Contains(operations, f.Key.Text) {
			ps = append(ps, option.Unknown("operation", f.Key, operations)...)
		}
	}
	for _, body := range []option.Value{c.New, c.Edit, c.Refuse} {
		if body.Line > 0 && body.Kind != option.Map {
			ps = append(ps, body.Wrong("a mapping")...)
		}
	}
	if fresh := false; c.New.Kind == option.Map {
		c.New.EachText(func(text option.Value) { fresh = fresh || strings.Contains(text.Text, "$") })
		if !fresh {
			ps = append(ps, c.New.Problem("nothing of new is new in each request, so that things cannot be told "+
				"apart")...)
			ps[len(ps)-1].Hint, ps[len(ps)-1].Warning = "write $word for a text, or $slug, $mail, $int, $date or "+
				"$uuid", true
		}
	}
	for _, body := range []option.Value{c.New, c.Edit, c.Refuse} {
		body.EachText(func(text option.Value) { ps = append(ps, steps.CheckSent(text)...) })
	}
	if one, ok := at.Get("one"); ok {
		ps = append(ps, c.One.check(one, names(c.Edit, "$id"))...)
	}
	if path, _ := at.Get("at"); len(steps.CheckPath(path)) > 0 || len(c.At) < 2 ||
		strings.ContainsAny(c.At, "?#") || strings.Contains(c.At, "//") {
		ps = append(ps, path.Problem("want the path of a collection, such as /tasks, not %s", path.Describe())...)
		if m := collection.FindStringSubmatch(c.At); m != nil {
			ps[len(ps)-1].Hint = "write " + m[1] + ": one thing is asked below it, at its id"
		}
	}
	if written, _ := at.Get("id"); !steps.IsPath(c.ID) {
		ps = append(ps, written.Problem("want a path into the answer, such as data.id, not %s", written.Describe())...)
	}
	for _, body := range []option.Value{c.New, c.Edit, c.Refuse} {
		ps = append(ps, c.Item.check(body, at)...)
	}
	var sent []string
	for _, f := range slices.Concat(c.New.Fields, c.Edit.Fields) {
		sent = append(sent, f.Key.Text)
		for _, inner := range f.Value.Fields {
			sent = append(sent, inner.Key.Text)
		}
	}
	unseen, _ := at.Get("unseen")
	for _, key := range unseen.Items {
		if !slices.Contains(sent, key.Text) {
			ps = append(ps, option.Unknown("key", key, sent)...)
		}
	}
	c.written = at
	_, item := at.Get("item")
	if above, key := splitPath(c.ID); !item && above != "" {
		c.Item, c.ID = Item{above, above}, key
	}
	c.ID = strings.TrimPrefix(c.ID, c.Item.Answered+".")
	edit, changed := at.Get("edit")
	switch {
	case c.Update == none && changed:
		ps = append(ps, edit.Problem("edit is sent by an update, and there is none")...)
	case c.Update != none && !changed:
		ps = append(ps, at.Problem("missing key %q", "edit")...)
	}
	return ps
}

// splitPath parts the last key of a path from what is above it.
func splitPath(path string) (above, key string) {
	if i := strings.LastIndexAny(path, ".["); i > 0 && path[i] == '.' {
		return path[:i], path[i+1:]
	}
	return "", path
}

// ValidateScope finds out who asks.
func (c *CRUD) ValidateScope(scope check.Scope) (used []string, ps option.Problems) {
	c.caller, ps = steps.ReadCaller(scope, c.As)
	look := func(v option.Value, known ...string) {
		v.EachText(func(text option.Value) {
			ps = append(ps, unknown(text, append(known, c.caller.Variables()...))...)
		})
	}
	look(c.New, sorts...)
	look(c.Refuse, sorts...)
	look(c.Edit, append([]string{"id"}, sorts...)...)
	path, _ := c.written.Get("at")
	look(path)
	one, _ := c.written.Get("one")
	look(one, "id", "slug", "uuid", "int")
	pages := []string{"offset", "page"}
	if c.List.Next != nil {
		pages = append(pages, "next")
	}
	get, _ := c.written.Get("list", "get")
	get.Text = pageText.ReplaceAllString(get.Text, "$$$1")
	look(get, pages...)
	option.Sort(ps)
	return nil, ps
}

// Sends returns nothing: no other check is given what the walks do.
func (c *CRUD) Sends() []string { return nil }

// Givens returns the requests by which who asks signs in.
func (c *CRUD) Givens() []string { return c.caller.Givens() }

// names reports whether a body has a variable in it.
func names(body option.Value, variable string) (found bool) {
	body.EachText(func(text option.Value) { found = found || strings.Contains(text.Text, variable) })
	return found
}

var variable = regexp.MustCompile(`\$(\w*[a-zA-Z_]\w*|\{.*)`)

// unknown finds variables in a text that are none of those that are known.
func unknown(text option.Value, known []string) (ps option.Problems) {
	for _, m := range variable.FindAllStringSubmatch(text.Text, -1) {
		if !slices.Contains(known, m[1]) {
			word := text
			word.Text = m[1]
			ps = append(ps, option.Unknown("variable", word, known)...)
		}
	}
	return ps
}

// ofOne are the operations on one thing.
func (c *CRUD) ofOne() []string {
	if c.Update == none {
		return []string{"get", "delete"}
	}
	return []string{"get", "update", "delete"}
}

// Tell says what the walks are made of.
func (c *CRUD) Tell() []string {
	update := c.Update + ", "
	if c.Update == none {
		update = ""
	}
	switch get := c.One.Get.Path; {
	case c.One == One{}:
	case c.One == One{Create: c.One.Create, Get: c.One.Get, Update: c.One.Get, Delete: c.One.Get} &&
		c.One.Create.Path == "":
		return []string{fmt.Sprintf("POST and GET at %s, and GET, %sDELETE at %s, in many orders: what is stored "+
			"stays, what is gone is gone", c.At, update, strings.Replace(get, "$id", "{id}", 1))}
	default:
		told := "POST and GET at " + c.At
		if c.One.Create.Path != "" {
			method, path := c.route("create", "{id}")
			told = "GET " + c.At + ", " + method + " " + path
		}
		for _, what := range c.ofOne() {
			method, path := c.route(what, "{id}")
			told += ", " + method + " " + path
		}
		return []string{told + ", in many orders: what is stored stays, what is gone is gone"}
	}
	return []string{fmt.Sprintf("POST, GET, %sDELETE at %s, in many orders: what is stored stays, what is gone is gone",
		update, c.At)}
}

// Ask walks.
func (c *CRUD) Ask(ctx context.Context, t check.Target, in check.Input) (check.Outcome, error) {
	if by := steps.Scattered(in.Memory); by != "" {
		return steps.Scatters(by), nil
	}
	login, missing, err := c.caller.SignIn(ctx, t, in)
	if err != nil {
		return check.Outcome{}, err
	}
	if missing != nil {
		return *missing, nil
	}
	t = login.Of(t)
	signedIn := *c
	signedIn.login, signedIn.At, signedIn.One = login, login.Path(c.At), c.One.with(login.Path)
	signedIn.List.Get = login.Path(c.List.Get)
	c = &signedIn
	if apart, err := c.apart(ctx, t, in); err != nil {
		return check.Outcome{}, err
	} else if apart != nil {
		return check.Outcome{Items: []check.Item{*apart}}, nil
	}
	var o check.Outcome
	passed := map[string]check.Item{}
	for n := range c.Walks {
		item := check.Passed(fmt.Sprintf("walk %d of %d", n+1, c.Walks))
		if len(o.Evidence) > 0 {
			o.Items = append(o.Items, check.Item{Name: item.Name, Skipped: true,
				Got: "not asked: the walk before it failed"})
			continue
		}
		plan := c.plan(in.Rand, n)
		failed, over, err := c.walk(ctx, t, plan)
		if err == nil && failed != nil {
			failed, err = c.shrink(ctx, t, plan, failed, in.Rand)
		}
		if err != nil {
			return check.Outcome{}, err
		}
		maps.Copy(passed, over)
		if failed != nil {
			item = check.Item{Name: item.Name, Want: failed.want, Got: failed.got, Hint: check.Advise(failed.hint())}
			o.Evidence = append(o.Evidence, check.Evidence{Kind: "story", Title: "What happened",
				Text: strings.Join(failed.story, "\n")})
		}
		o.Items = append(o.Items, item)
	}
	for _, fault := range slices.Sorted(maps.Keys(passed)) {
		if len(o.Evidence) == 0 && in.Memory.First(fault) {
			o.Items = append(o.Items, passed[fault])
		}
	}
	return o, nil
}

// apart creates one thing where several processes serve and no check before looked at what they
// share. Its item is that not all of them have it; nil where they do.
func (c *CRUD) apart(ctx context.Context, t check.Target, in check.Input) (*check.Item, error) {
	if c.One.Create.Path != "" { // it is looked up where a create says what it made
		return nil, nil
	}
	if crowded, err := steps.Crowded(ctx, t, in.Memory, c.At); err != nil || !crowded {
		return nil, err
	}
	body := c.body(c.New, in.Rand)
	p := steps.Posted{Name: http.MethodPost + " " + c.At, Request: c.request(http.MethodPost, c.At, body),
		IDs: []string{c.inAnswer(c.ID)}}
	for _, key := range slices.Sorted(maps.Keys(body)) {
		if word, ok := body[key].(string); ok {
			p.Words = append(p.Words, word)
		}
	}
	var err error
	if p.Answer, p.To, err = steps.Follow(ctx, t, p.Request); err != nil || p.Answer.Status/100 != 2 {
		return nil, err
	}
	return steps.Scatter(ctx, t, in.Memory, p)
}

// inAnswer returns the path into an answer about one thing that a path into the thing is.
func (c *CRUD) inAnswer(path string) string {
	if c.Item.Answered == "" {
		return path
	}
	return c.Item.Answered + "." + path
}

// hint returns what to do about it.
func (f failure) hint() string {
	if f.twice {
		return "Give each thing an id that no other has: the number of things is one that is there already after a " +
			"delete; a counter that only goes up is not, nor is uuid4."
	}
	return "The story is the shortest that fails: follow it with curl, and print what the program stores " +
		"after each step."
}
