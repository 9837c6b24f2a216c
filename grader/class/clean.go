package class

import "github.com/taskgrader/taskgrader/grader/plain"

// clean makes a student's text harmless to show on one line.
func clean(s string) string               { return plain.Line(s, 1000) }
func oneLine(s string, width int) string  { return plain.Line(s, width) }
func points(n float64) string             { return plain.Points(n) }
func plural(n int, noun string) string    { return plain.Plural(n, noun) }
func percent(part, whole float64) float64 { return plain.Percent(part, whole) }
