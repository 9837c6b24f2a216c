package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
)

// rows are the names that the class page's map shows, from the top.
const rows = `[...document.querySelectorAll("#map tbody tr")].filter(r => r.checkVisibility()).map(r => ` +
	`r.cells[0].querySelector("bdi").textContent.trim().split("\n")[0])`

func TestClassIsSorted(t *testing.T) {
	b := open(t, classHTML(t, classOf(30)))
	b.width(1280)
	scores := `[...document.querySelectorAll("#map td.score")].map(c => +c.dataset.v)`
	sorted := func(down bool) bool {
		got := eval[[]float64](b, scores)
		for i := 1; i < len(got); i++ {
			if down && got[i] > got[i-1] || !down && got[i] < got[i-1] {
				return false
			}
		}
		return true
	}
	state := func() string {
		return eval[string](b, `document.querySelector("#map thead th:nth-child(2)").getAttribute("aria-sort") || ""`)
	}
	assert.False(t, sorted(false) || sorted(true), "it begins in the order of the roster")
	assert.Empty(t, state())

	b.do(chromedp.Click(chromedp.CSS("#map thead th:nth-child(2) button")))
	assert.True(t, sorted(false))
	assert.Equal(t, "ascending", state())
	b.do(chromedp.KeyEvent(kb.Enter)) // the button has the focus
	assert.True(t, sorted(true))
	assert.Equal(t, "descending", state())
	b.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(" "))
	assert.Empty(t, state(), "another column is sorted now")
	assert.Equal(t, 1, eval[int](b, `document.querySelectorAll("[aria-sort]").length`))
	b.quiet()
}

func TestClassIsSearched(t *testing.T) {
	b := open(t, classHTML(t, classOf(200)))
	b.width(1280)
	assert.Len(t, eval[[]string](b, rows), 200)
	b.do(chromedp.Focus(chromedp.CSS("#search")), chromedp.KeyEvent("GRACE 1"))
	got := eval[[]string](b, rows)
	assert.Contains(t, got, "Grace Hopper 11")
	for _, name := range got {
		assert.Contains(t, name, "Grace Hopper")
	}
	assert.Regexp(t, `^\d+ of 200 shown$`, eval[string](b, `document.getElementById("shown").textContent`))
	assert.Equal(t, "status", eval[string](b, `document.getElementById("shown").getAttribute("role")`),
		"and it is said")
	eval[int](b,
		`(s => { s.value = ""; s.dispatchEvent(new Event("input")); return 0 })(document.getElementById("search"))`)
	b.do(chromedp.Focus(chromedp.CSS("#state")), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	assert.Equal(t, "error", eval[string](b, `document.getElementById("state").value`))
	assert.Len(t, eval[[]string](b, rows), 7, "the seven errors")
	b.quiet()
}

// TestClassHeadsStayInSight: name and check of a cell are seen wherever one has scrolled.
func TestClassHeadsStayInSight(t *testing.T) {
	b := open(t, classHTML(t, classOf(200)))
	b.width(900)
	seen := eval[[]bool](b, `(() => {
		const m = document.querySelector(".map");
		m.scrollIntoView();
		m.scrollTo(400, 3000);
		const box = m.getBoundingClientRect(), head = m.querySelector("thead th:last-child").getBoundingClientRect();
		const name = m.querySelectorAll("tbody th")[150].getBoundingClientRect();
		return [m.scrollTop > 1000, m.scrollLeft > 100, Math.abs(head.top - box.top) < 3,
			Math.abs(name.left - box.left) < 3];
	})()`)
	assert.Equal(t, []bool{true, true, true, true}, seen)
}
