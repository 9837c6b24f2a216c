package report

import (
	"fmt"

	"github.com/taskgrader/taskgrader/grader/result"
)

// bar is one layer in the picture of the image.
type bar struct {
	X, Width float64 // of 1000
	Class    string
	Label    string
}

// bars returns the image's layers side by side, in the order in which the report has them.
func bars(r result.Report) []bar {
	if r.Image == nil {
		return nil
	}
	var sum int64
	for _, l := range r.Image.Layers {
		sum += l.Bytes
	}
	if sum == 0 {
		return nil
	}
	var out []bar
	x := 0.0
	for i, l := range r.Image.Layers {
		b := bar{X: x, Width: 1000 * float64(l.Bytes) / float64(sum), Class: fmt.Sprintf("own%d", i%3),
			Label: size(l.Bytes) + "  " + brief(l.Instruction)}
		if l.Base {
			b.Class = "base"
		}
		x += b.Width
		out = append(out, b)
	}
	return out
}

// Swatch returns the colour of a layer in the picture.
func (v view) Swatch(i int) string {
	if i < len(v.Bars) {
		return v.Bars[i].Class
	}
	return ""
}

// size returns a number of bytes as docker images prints it.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
