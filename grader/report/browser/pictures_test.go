package browser

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/result"
)

var update = flag.Bool("update", false, "take the pictures in docs/img anew")

const (
	pictureFolder = "../../../docs/img"
	pictureBytes  = 200_000
)

// TestPictures: the pictures that the documents show are there and small. `go test
// ./grader/report/browser -run TestPictures -update` takes them, from the example and from a class
// of thirty.
func TestPictures(t *testing.T) {
	student := htmlOf(t, example(t).For(result.Student))
	for _, p := range []struct {
		name, html, scheme, from string // from is the id of what is at the top
		width, height            int64
	}{
		{"report-light.png", student, "light", "", 1000, 1180},
		{"report-dark.png", student, "dark", "", 1000, 1180},
		{"class.png", classHTML(t, classOf(30)), "light", "", 1280, 1180},
		{"class-map.png", classHTML(t, classOf(30)), "light", "students", 1280, 900},
	} {
		t.Run(p.name, func(t *testing.T) {
			file := filepath.Join(pictureFolder, p.name)
			if *update {
				b := open(t, p.html)
				b.media("screen", p.scheme)
				b.do(chromedp.EmulateViewport(p.width, p.height))
				if p.from != "" {
					eval[int](b, fmt.Sprintf(`(document.getElementById(%q).scrollIntoView(), 0)`, p.from))
				}
				png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(file, png, 0o644))
			}
			info, err := os.Stat(file)
			require.NoError(t, err)
			assert.Less(t, info.Size(), int64(pictureBytes))
			assert.NotZero(t, info.Size())
		})
	}
}
