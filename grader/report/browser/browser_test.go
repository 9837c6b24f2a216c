// Package browser looks at the pages as a reader's browser shows them. It holds tests alone.
package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// tabs is the one browser of this package; every page is a tab of it.
var tabs context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		fmt.Fprintln(os.Stderr, "these tests need Chromium: apt-get install chromium (make setup does it)")
		return 1
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, leave := chromedp.NewContext(ctx)
	defer leave()
	if err := chromedp.Do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "starting Chromium:", err)
		return 1
	}
	tabs = ctx
	return m.Run()
}

// tab is one page that is open.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	events []string // what a page should not do: write to the console, ask for anything, open a dialog
}

// open opens a page from a file, as a student would.
func open(t *testing.T, html string) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(file, []byte(html), 0o644))
	return openFile(t, file)
}

func openFile(t *testing.T, file string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(tabs)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String()
	require.NoError(t, chromedp.Listen(ctx, func(e any) { b.hear(e, address) }))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	b.do(chromedp.Navigate(address))
	return b
}

func (b *tab) hear(e any, address string) {
	what := ""
	switch e := e.(type) {
	case *runtime.EventConsoleAPICalled:
		what = "wrote to the console: " + string(e.Type)
	case *runtime.EventExceptionThrown:
		what = "threw: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		what = "was complained of: " + e.Entry.Text
	case *page.EventJavascriptDialogOpening:
		what = "opened a dialog: " + e.Message
	case *network.EventRequestWillBeSent:
		if asked, _, _ := strings.Cut(e.Request.URL, "#"); asked != address {
			what = "asked for " + e.Request.URL
		}
	}
	if what != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, what)
	}
}

// quiet is that the page did nothing it should not.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.events, "the page")
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

// eval runs a script of the test in the page.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	require.NoError(b.t, err)
	return v
}

// media is how the page is looked at: "screen" or "print", "light" or "dark".
func (b *tab) media(medium, scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: medium,
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	require.NoError(b.t, err)
}

func (b *tab) width(pixels int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(pixels, 900))
}

// node is what a screen reader is told of an element.
type node struct {
	role, name string
	level      int
}

// nodes returns the page in the order in which a screen reader goes through it.
func (b *tab) nodes() (out []node) {
	b.t.Helper()
	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(b.t, err)
	byID := map[accessibility.NodeID]*accessibility.Node{}
	for _, n := range tree.Nodes {
		byID[n.NodeID] = n
	}
	var walk func(n *accessibility.Node)
	walk = func(n *accessibility.Node) {
		if !n.Ignored && n.Role != nil {
			out = append(out, nodeOf(n))
		}
		for _, id := range n.ChildIDs {
			if child, ok := byID[id]; ok {
				walk(child)
			}
		}
	}
	walk(tree.Nodes[0])
	return out
}

func nodeOf(n *accessibility.Node) node {
	got := node{role: text(n.Role)}
	if n.Name != nil {
		got.name = strings.TrimSpace(text(n.Name))
	}
	for _, p := range n.Properties {
		if p.Name == accessibility.PropertyNameLevel {
			_, _ = fmt.Sscan(text(p.Value), &got.level)
		}
	}
	return got
}

func text(v *accessibility.Value) string {
	s := string(v.Value)
	return strings.Trim(s, `"`)
}
