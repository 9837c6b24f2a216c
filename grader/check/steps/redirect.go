package steps

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Doer sends requests.
type Doer interface {
	Do(ctx context.Context, r check.Request) (check.Answer, error)
}

// Follow sends a request. An answer that redirects to the same address with a slash more or less is
// followed, with method and body, as the clients of people do; to is then where it led, and else
// empty.
func Follow(ctx context.Context, t Doer, r check.Request) (a check.Answer, to string, err error) {
	a, err = t.Do(ctx, r)
	if err != nil || a.Fault != "" {
		return a, "", err
	}
	if to = besides(r.Path, a); to == "" {
		return a, "", nil
	}
	r.Path = to
	a, err = t.Do(ctx, r)
	return a, to, err
}

// besides returns where an answer redirects to, if that is the same address with a slash more or
// less at the end of its path.
func besides(path string, a check.Answer) string {
	switch a.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return ""
	}
	asked, err := url.ParseRequestURI(path)
	if err != nil {
		return ""
	}
	to, err := url.Parse(a.Header.Get("Location"))
	if err != nil || !slices.Contains([]string{"", "http"}, to.Scheme) || to.Host != "" && !local(to.Hostname()) {
		return ""
	}
	to = asked.ResolveReference(to)
	from, there := asked.EscapedPath(), to.EscapedPath()
	if from == there || strings.TrimSuffix(from, "/") != strings.TrimSuffix(there, "/") ||
		to.RawQuery != asked.RawQuery && to.RawQuery != "" {
		return ""
	}
	if to.RawQuery = asked.RawQuery; to.RawQuery != "" {
		there += "?" + to.RawQuery
	}
	return there
}

// Route returns the collection that a path belongs to: what its routes have in common is one fault.
func Route(path string) string {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "$")
	return "/" + strings.Trim(path, "/")
}

// Redirected returns the item of a route that answers only with a slash more or less.
func Redirected(name, method, path, to string) check.Item {
	path, _, _ = strings.Cut(path, "?")
	to, _, _ = strings.Cut(to, "?")
	what := "without the slash at its end"
	if strings.HasSuffix(path, "/") {
		what = "with the slash at its end"
	}
	return check.Item{Name: name, Alone: true, Want: fmt.Sprintf("an answer to %s %s itself", method, path),
		Got: fmt.Sprintf("a redirect to %s, which answers; the rest was asked there", to),
		Hint: check.Advisef("The program's route is %s: define it as %s, %s, and so for each method of it.", to, path,
			what)}
}
