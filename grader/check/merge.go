package check

import (
	"slices"
	"strings"

	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// Merge returns one edit in the place of two of the same lines: each changes them in one spot, or
// one makes a list of a command and the other changes its words. It is nil where they are none
// such, and where they are the same.
func Merge(a, b *Edit) *Edit {
	if a == nil || b == nil || a.File != b.File || a.Line != b.Line || a.Old == "" || a.Old != b.Old || a.New == b.New {
		return nil
	}
	if form := dockerfile.InExecForm(a.Old); form != "" && (a.New == form || b.New == form) {
		words := a.New
		if words == form {
			words = b.New
		}
		if text := dockerfile.InExecForm(words); text != "" {
			return &Edit{File: a.File, Line: a.Line, Old: a.Old, New: text}
		}
		return nil
	}
	old := a.Old
	first, second := spotOf(old, a.New), spotOf(old, b.New)
	if first.at > second.at {
		first, second = second, first
	}
	if first.end > second.at {
		return nil
	}
	between := old[first.end:second.at]
	if first.at == first.end && first.at == second.end && strings.HasSuffix(old[:first.at], "(") &&
		strings.HasPrefix(old[first.at:], ")") {
		between = ", " // two arguments of a call that has none
	}
	return &Edit{File: a.File, Line: a.Line, Old: old, New: old[:first.at] + first.with + between + second.with +
		old[second.end:]}
}

// Within returns an edit of several lines in which one of them is written as another edit of that line
// alone has it; nil where it is none of its lines, or not as it was.
func (e Edit) Within(one Edit) *Edit {
	lines := strings.Split(e.New, "\n")
	if e.File != one.File || !strings.Contains(e.Old, "\n") || one.Old == "" || strings.Contains(one.Old, "\n") ||
		one.Line < e.Line || one.Line > e.Line+strings.Count(e.Old, "\n") {
		return nil
	}
	at := slices.Index(lines, one.Old)
	if at < 0 || slices.Contains(lines[at+1:], one.Old) {
		return nil
	}
	if one.New == "" {
		lines = slices.Delete(lines, at, at+1)
	} else {
		lines[at] = one.New
	}
	return &Edit{File: e.File, Line: e.Line, Old: e.Old, New: strings.Join(lines, "\n")}
}

// spot is where a text was changed, and what stands there now.
type spot struct {
	at, end int
	with    string
}

func spotOf(old, changed string) spot {
	at := 0
	for at < min(len(old), len(changed)) && old[at] == changed[at] {
		at++
	}
	end := 0
	for end < min(len(old), len(changed))-at && old[len(old)-1-end] == changed[len(changed)-1-end] {
		end++
	}
	return spot{at, len(old) - end, changed[at : len(changed)-end]}
}
