package steps

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// The faults for which what is stored is not found.

var braced = regexp.MustCompile(
	`(\.(?:find|findIndex|findLast|filter|some|every|map)\(\s*(?:\(\s*\w+\s*\)|\w+)\s*=>\s*)` +
		`\{\s*([^{};]+?);?\s*\}`,
)

// unreturned says that an arrow function with braces gives nothing back.
func unreturned(_ view, f function) check.Hint {
	for n, line := range f.lines {
		if m := braced.FindStringSubmatch(line); m != nil && !f.python() && !strings.HasPrefix(m[2], "return") {
			return f.edit(n, 1,
				fmt.Sprintf("%s: an arrow function with braces returns nothing without return, so none is "+
					"ever found.", f.at(n)), strings.Replace(line, m[0], m[1]+m[2], 1))
		}
	}
	return check.Hint{}
}

var (
	placed     = regexp.MustCompile(`(\w+)\s*=\s*[\w.]+\.(?:findIndex|indexOf)\(`)
	asksPlaced = `if\s*\(\s*(!?)\s*NAME\s*\)`
)

// falsy says that the place of the first item, 0, is taken for none.
func falsy(_ view, f function) check.Hint {
	for _, name := range placed.FindAllStringSubmatch(f.text(), -1) {
		asks := re(strings.Replace(asksPlaced, "NAME", name[1], 1))
		for n, line := range f.lines {
			m := asks.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			as := map[string]string{"!": " === -1", "": " !== -1"}[m[1]]
			return f.edit(n, 1, fmt.Sprintf("%s: the place of the first is 0, which counts as false, and that of none "+
				"is -1, which does not.", f.at(n)), strings.Replace(line, m[0], "if ("+name[1]+as+")", 1))
		}
	}
	return check.Hint{}
}

var refusesThere = regexp.MustCompile(`^\s*(?:raise HTTPException\(|abort\(404|return .*404|return None\b|return$)`)

// early says that a loop refuses at the first item which is another.
func early(_ view, f function) check.Hint {
	for n := 1; n+1 < len(f.lines) && f.python(); n++ {
		line := f.lines[n]
		if strings.TrimSpace(line) != "else:" || !refusesThere.MatchString(f.lines[n+1]) {
			continue
		}
		asks := ""
		for above := n - 1; above > 0; above-- {
			indent := len(indentOf(f.lines[above]))
			if asks == "" && indent == len(indentOf(line)) {
				asks = strings.TrimSpace(f.lines[above])
			}
			m := eachOf.FindStringSubmatch(f.lines[above])
			if m == nil || indent >= len(indentOf(line)) {
				continue
			}
			next := n + 2
			for next < len(f.lines) && strings.TrimSpace(f.lines[next]) == "" {
				next++
			}
			if !re(`^(?:el)?if .*\b(?:`+strings.ReplaceAll(m[2], ", ", "|")+`)\b.*==`).MatchString(asks) ||
				next < len(f.lines) && len(indentOf(f.lines[next])) > indent {
				break
			}
			return f.edit(n, 2,
				fmt.Sprintf("%s, refuses within the loop, at the first item that is another.", f.at(n+1)),
				m[1]+strings.TrimSpace(f.lines[n+1]))
		}
	}
	return check.Hint{}
}

var atPlace = regexp.MustCompile(
	`\b(\w+)(?:\.pop\(\s*(\w*[iI][dD])\s*(?:- 1\s*)?\)|\[\s*(\w*[iI][dD])\s*(?:- 1\s*)?\]|` +
		`\.splice\(\s*(\w*[iI][dD])\s*(?:- 1\s*)?,)`,
)

// byPlace says that an id is taken for a place in a list.
func byPlace(v view, f function) check.Hint {
	for n, line := range f.lines {
		m := atPlace.FindStringSubmatch(line)
		if m == nil || !re(`(?m)^(?:const\s+|let\s+|var\s+)?`+m[1]+`\s*(?::[^=\n]+)?=\s*\[`).MatchString(v.whole) {
			continue
		}
		cause := fmt.Sprintf("%s, takes the id for a place in `%s`, which is a list.", f.at(n), m[1])
		if loop := re(`\bfor (\w+) in ` + m[1] + `:`).FindStringSubmatch(f.text()); loop != nil && m[2] != "" {
			return f.edit(n, 1, cause,
				strings.Replace(line, strings.TrimSuffix(m[0], ","), m[1]+".remove("+loop[1]+")", 1))
		}
		look := fmt.Sprintf("`next((t for t in %s if t[\"id\"] == %s), None)`", m[1], m[2]+m[3])
		if !f.python() {
			look = fmt.Sprintf("`%s.find((t) => t.id === Number(%s))`, or its place with findIndex", m[1],
				m[2]+m[3]+m[4])
		}
		return check.Hint{Cause: cause, Advice: "Look for the one that has the id: " + look + "."}
	}
	return check.Hint{}
}

var unended = regexp.MustCompile(`^(\s*(?:return|\w+\s*=)\s+.*\.(?:filter|filter_by)\((?:[^()]|\([^()]*\))*\))\s*$`)

// unfetched says that a query is made, and what it finds not taken.
func unfetched(v view, f function) check.Hint {
	for n, line := range f.lines {
		if !f.python() || !v.ofOne() {
			break
		}
		if m := unended.FindStringSubmatch(line); m != nil && strings.Contains(line, "query") &&
			!re(`\.(?:first|one|one_or_none|all|delete|update|count)\(`).MatchString(f.text()) {
			return f.edit(n, 1, fmt.Sprintf("%s, makes a query, and takes nothing of what it finds.", f.at(n)),
				m[1]+".first()")
		}
		m := re(`^(\s*(\w+)\s*=\s*[\w.]+\.execute\(\s*["'](?i:SELECT).*\))\s*$`).FindStringSubmatch(line)
		if m != nil &&
			!re(`\b`+m[2]+`\.fetch|\bfor \w+ in `+m[2]+`\b|\b`+m[2]+`\.(?:scalar|first|one|mappings)`).MatchString(
				f.text()) &&
			!re(`\bcur(?:sor)?\.fetch`).MatchString(f.text()) {
			return f.edit(n, 1, fmt.Sprintf("%s, makes a query, and takes nothing of what it finds.", f.at(n)),
				m[1]+".fetchone()")
		}
	}
	return check.Hint{}
}

var typedID = regexp.MustCompile(`\b(\w*id)\s*:\s*(int|str|UUID)\b`)

// otherType says that a function takes the id of the path for another type than the others do.
func otherType(v view, f function) check.Hint {
	if !f.python() || !v.asks || len(v.all) == 0 || f.first != v.all[0].first || f.file != v.all[0].file {
		return check.Hint{}
	}
	for n, line := range f.lines {
		m := typedID.FindStringSubmatch(line)
		if m == nil || !defines.MatchString(line) {
			continue
		}
		as := map[string]int{}
		for _, other := range typedID.FindAllStringSubmatch(strings.Join(v.lines[f.file], "\n"), -1) {
			if other[1] == m[1] {
				as[other[2]]++
			}
		}
		for kind, times := range as {
			if kind != m[2] && as[m[2]] == 1 && times > 1 {
				return f.edit(n, 1,
					fmt.Sprintf("%s, takes the id as %s, and the other functions as %s: these are never equal.",
						f.at(n), m[2], kind), strings.Replace(line, m[0], strings.TrimSuffix(m[0], m[2])+kind, 1))
			}
		}
	}
	return check.Hint{}
}

var (
	toNumber = regexp.MustCompile(`(?:Number|parseInt)\(\s*(req(?:uest)?\.params\.\w+)(?:\s*,\s*10)?\s*\)`)
	asItIs   = regexp.MustCompile(`([(,]\s*)(req(?:uest)?\.params\.\w+)(\s*[,)])`)
)

// converted says that the id of a path is made a number where ids are texts, or is left a text where the
// others make it one.
func converted(v view, f function) check.Hint {
	id := path.Base(v.path)
	for n, line := range f.lines {
		m := toNumber.FindStringSubmatch(line)
		if m != nil && !digits.MatchString(id) {
			return f.edit(n, 1, fmt.Sprintf("%s, makes a number of the id, and ids are text here.", f.at(n)),
				strings.Replace(line, m[0], m[1], 1))
		}
		if as := asItIs.FindStringSubmatch(line); m == nil && as != nil && digits.MatchString(id) && v.asks &&
			v.miss.status &&
			toNumber.MatchString(v.whole) {
			return f.edit(n, 1, fmt.Sprintf("%s, takes the id as text, which is never equal to a number.", f.at(n)),
				strings.Replace(line, as[0], as[1]+"Number("+as[2]+")"+as[3], 1))
		}
	}
	return check.Hint{}
}
