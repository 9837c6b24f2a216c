package browser

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/report"
	"github.com/taskgrader/taskgrader/grader/result"
)

// leastContrast is what WCAG 2 asks of text at level AA; large text may have less, and gets none
// here.
const leastContrast = 4.5

// color is red, green and blue from 0 to 255.
type color [3]float64

// luminance returns the relative luminance of WCAG 2.
func (c color) luminance() float64 {
	var linear [3]float64
	for i, v := range c {
		if v /= 255; v <= 0.04045 {
			linear[i] = v / 12.92
		} else {
			linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}

// contrast returns the contrast ratio of WCAG 2, from 1 to 21.
func contrast(a, b color) float64 {
	light, dark := a.luminance(), b.luminance()
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func TestContrast(t *testing.T) {
	white, black := color{255, 255, 255}, color{}
	for _, c := range []struct {
		a, b color
		want string
	}{
		{white, black, "21.00"}, {black, white, "21.00"}, {white, white, "1.00"},
		{color{0x76, 0x76, 0x76}, white, "4.54"}, {color{0x77, 0x77, 0x77}, white, "4.48"}, // the known border
		{color{0, 0, 255}, white, "8.59"}, {color{255, 0, 0}, white, "4.00"},
	} {
		assert.Equal(t, c.want, fmt.Sprintf("%.2f", contrast(c.a, c.b)))
	}
}

func TestBadgeCanBeRead(t *testing.T) {
	for _, score := range []float64{100, 60, 0, -1} {
		r := result.Report{MaxScore: 100, Score: &score}
		if score < 0 {
			r.Score = nil
		}
		var b strings.Builder
		require.NoError(t, report.Badge(&b, r))
		fills := regexp.MustCompile(`fill="#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})"`).FindAllStringSubmatch(b.String(),
			-1)
		require.Len(t, fills, 2)
		for _, f := range fills {
			var behind color
			for i := range behind {
				n, err := strconv.ParseUint(f[i+1], 16, 8)
				require.NoError(t, err)
				behind[i] = float64(n)
			}
			assert.GreaterOrEqual(t, contrast(color{255, 255, 255}, behind), leastContrast, f[0])
		}
	}
}
