package browser

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPages holds of every page, whatever is in it.
func TestPages(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			b := open(t, s.html)
			b.width(320)
			assert.LessOrEqual(t, eval[int](b, `document.documentElement.scrollWidth`), 320,
				"nothing scrolls sideways on a narrow screen")
			b.width(1280)
			assert.LessOrEqual(t, eval[int](b, `document.documentElement.scrollWidth`), 1280)

			// Print comes first, while what is closed still is.
			b.media("print", "dark")
			assert.Empty(t, eval[[]string](b, unprinted), "everything is printed")
			assert.Empty(t, faint(b), "print, for those who like it dark")
			pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
			require.NoError(t, err)
			assert.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))

			eval[int](b, `document.querySelectorAll("details").forEach(d => d.open = true), 0`)
			for _, scheme := range []string{"light", "dark"} {
				b.media("screen", scheme)
				assert.Empty(t, faint(b), scheme)
			}
			nodes := b.nodes()
			headings(t, nodes)
			labels(t, nodes)
			assert.Empty(t, eval[[]string](b, foreign), "no text becomes an element, an attribute or a link")
			assert.Empty(t, eval[[]string](b, twice), "ids are of one element each")
			assert.Empty(t, eval[[]string](b, unreached), "what scrolls is reached by keyboard")
			b.quiet()
		})
	}
}

// visible says whether the parent of a text is rendered.
const visible = `const visible = e => e.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true});
const texts = function* () { const w = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (w.nextNode())
		if (w.currentNode.textContent.trim() && !w.currentNode.parentElement.closest("script, title"))
			yield w.currentNode; };`

// unprinted are the texts that paper lacks, but for the tools of the screen.
const unprinted = `(() => {` + visible + `
	const out = [];
	for (const n of texts()) {
		const e = n.parentElement;
		if (!visible(e) && !e.closest(".skip, #tools, td.file, .email, th:last-child"))
			out.push(e.tagName + ": " + n.textContent.trim().slice(0, 60));
	}
	return out.slice(0, 5);
})()`

// colors are the pairs of text and background that the page shows, with a text of each.
const colors = `(() => {` + visible + `
	const parse = s => { const n = s.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
	const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
	const known = new Map();
	const behind = e => { if (!e) return [255, 255, 255, 1];
		if (!known.has(e)) known.set(e, over(parse(getComputedStyle(e).backgroundColor), behind(e.parentElement)));
		return known.get(e); };
	const out = {};
	const add = (e, color, text) => { const bg = behind(e), fg = over(parse(color), bg);
		out[fg.slice(0, 3).map(Math.round) + " on " + bg.slice(0, 3).map(Math.round)] = text.trim().slice(0, 40); };
	for (const n of texts())
		if (visible(n.parentElement)) add(n.parentElement, getComputedStyle(n.parentElement).color, n.textContent);
	for (const e of document.querySelectorAll("input, select")) if (visible(e)) {
		add(e, getComputedStyle(e).color, e.tagName);
		if (e.placeholder) add(e, getComputedStyle(e, "::placeholder").color, e.placeholder);
	}
	return out;
})()`

// faint returns the texts that are hard to read.
func faint(b *tab) (out []string) {
	b.t.Helper()
	pairs := eval[map[string]string](b, colors)
	require.NotEmpty(b.t, pairs, "the page shows text")
	for _, pair := range slices.Sorted(maps.Keys(pairs)) {
		var text, behind color
		_, err := fmt.Sscanf(pair, "%f,%f,%f on %f,%f,%f", &text[0], &text[1], &text[2], &behind[0], &behind[1],
			&behind[2])
		require.NoError(b.t, err, pair)
		if ratio := contrast(text, behind); ratio < leastContrast {
			out = append(out, fmt.Sprintf("%.2f: %s: %q", ratio, pair, pairs[pair]))
		}
	}
	return out
}

// headings are one h1, and none below it that skips a level.
func headings(t *testing.T, nodes []node) {
	t.Helper()
	last, first := 0, 0
	for _, n := range nodes {
		if n.role != "heading" {
			continue
		}
		assert.NotEmpty(t, n.name, "a heading says something")
		assert.LessOrEqual(t, n.level, last+1, "%q is a level too deep", n.name)
		if last = n.level; last == 1 {
			first++
		}
	}
	assert.Equal(t, 1, first, "one heading of the first level")
}

// labels are the names of what a screen reader stops at.
func labels(t *testing.T, nodes []node) {
	t.Helper()
	landmarks, regions := map[string]int{}, map[string]bool{}
	for _, n := range nodes {
		landmarks[n.role]++
		if n.role == "region" {
			assert.False(t, regions[n.name], "two regions are called %q", n.name)
			regions[n.name] = true
		}
		if slices.Contains([]string{"link", "button", "textbox", "searchbox", "combobox", "image", "img", "region",
			"DisclosureTriangle"}, n.role) {
			assert.NotEmpty(t, n.name, "a %s has no name", n.role)
		}
	}
	for _, role := range []string{"main", "banner", "contentinfo"} {
		assert.Equal(t, 1, landmarks[role], role)
	}
}

// foreign are elements, attributes and links that no page of ours has.
const foreign = `(() => {
	const out = [];
	for (const e of document.querySelectorAll("*")) {
		if (["IMG", "IFRAME", "OBJECT", "EMBED", "FORM", "BASE", "LINK", "VIDEO", "AUDIO"].includes(e.tagName))
			out.push(e.tagName);
		if (e.tagName === "SCRIPT" && !e.textContent.startsWith('"use strict";'))
			out.push("a script: " + e.textContent.slice(0, 40));
		for (const a of e.attributes) {
			if (a.name.startsWith("on")) out.push(e.tagName + " " + a.name);
			if (a.name === "href" &&
				!/^(#|students\/|instructor\/|grades\.csv$|class\.json$|[^:\/]*\.html$)/.test(a.value))
				out.push(e.tagName + " leads to " + a.value);
		}
	}
	return out.slice(0, 5);
})()`

// unreached are blocks that scroll and that the keyboard does not reach.
const unreached = `(() => { document.querySelectorAll("details").forEach(d => d.open = true);
	return [...document.querySelectorAll("pre, .scroll")]
		.filter(e => e.tabIndex < 0 && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1))
		.map(e => e.textContent.slice(0, 40)).slice(0, 5); })()`

const twice = `[...document.querySelectorAll("[id]")].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)`

func TestHiddenChecksLeaveNoTrace(t *testing.T) {
	page := htmlOf(t, hidden(t))
	assert.NotContains(t, page, secret)
	b := open(t, page)
	assert.NotContains(t, eval[string](b, `document.documentElement.outerHTML + document.documentElement.textContent`),
		secret)
	assert.Contains(t, eval[string](b, `document.body.textContent`), "This check is hidden")
}

// TestKeyboard: the first stop leads past the top, and a closed check opens.
func TestKeyboard(t *testing.T) {
	b := open(t, htmlOf(t, example(t)))
	b.do(chromedp.KeyEvent(kb.Tab))
	assert.Equal(t, "Skip to the checks", eval[string](b, `document.activeElement.textContent`))
	assert.GreaterOrEqual(t, eval[float64](b, `document.activeElement.getBoundingClientRect().left`), 0.0,
		"it is seen when it has the focus")
	b.do(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Tab))
	assert.Equal(t, "SUMMARY", eval[string](b, `document.activeElement.tagName`), "the next stop is the first check")
	open := func() bool { return eval[bool](b, `document.activeElement.parentElement.open`) }
	before := open()
	b.do(chromedp.KeyEvent(kb.Enter))
	assert.Equal(t, !before, open())
}

// TestCommandsAreSelectedWhole: one click takes the line to copy, without what stands beside it.
func TestCommandsAreSelectedWhole(t *testing.T) {
	b := open(t, htmlOf(t, example(t)))
	b.width(1280)
	for _, want := range []string{`^curl -i http://127\.0\.0\.1:8000/tasks/\d+$`, `^- \{send: GET /tasks/\$x, .*\}$`,
		`^taskgrader grade --rubric task-api --only update --seed 5eed$`} {
		// of its first line: between two lines is nothing to click at
		at := eval[[]float64](b, fmt.Sprintf(`(() => {
			getSelection().removeAllRanges();
			const e = [...document.querySelectorAll(".copy")].find(e => new RegExp(%q).test(e.textContent));
			e.scrollIntoView({block: "center"});
			const r = e.getClientRects()[0];
			return [r.left + 20, r.top + r.height / 2];
		})()`, want))
		b.do(chromedp.MouseClickXY(at[0], at[1]))
		assert.Regexp(t, regexp.MustCompile(want), strings.TrimSpace(eval[string](b, `getSelection().toString()`)))
	}
}
