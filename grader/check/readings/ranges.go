package readings

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	bound  = regexp.MustCompile(`^\s*(===?|~=|[<>!]=?)\s*(\d[\d.]*?)(\.\*)?\s*$`)
	stable = regexp.MustCompile(`^\d[\d.]*(\.post\d+)?$`)
)

// fitting returns what a range that none of the versions fits can be: its own bounds as far as some
// version has them all, with the nearest version there is in the place of one that none has. It is
// empty where none of its bounds can be kept, or where no version is stable.
func fitting(asked string, all []string) string {
	left := slices.DeleteFunc(slices.Clone(all), func(v string) bool { return !stable.MatchString(v) })
	var kept []string
	bounds := strings.Split(asked, ",")
	slices.SortStableFunc(bounds, func(a, b string) int { // what it is to be at least counts most
		return strings.Count(b, ">") - strings.Count(a, ">")
	})
	for _, text := range bounds {
		m := bound.FindStringSubmatch(text)
		if m == nil || len(left) == 0 {
			continue
		}
		fits := slices.DeleteFunc(slices.Clone(left), func(v string) bool { return !within(v, m[1], m[2], m[3] != "") })
		if len(fits) > 0 {
			left, kept = fits, append(kept, m[1]+m[2]+m[3])
			continue
		}
		near := nearestTo(m[2], left)
		switch parts := strings.Split(near, "."); m[1] {
		case ">", ">=":
			near = left[len(left)-1]
			left, kept = []string{near}, append(kept, ">="+near)
		case "==", "===":
			if n := strings.Count(m[2], ".") + 1; m[3] != "" {
				near = strings.Join(parts[:min(n, len(parts))], ".") + ".*"
			}
			left, kept = []string{near}, append(kept, m[1]+near)
		case "~=":
			n := max(2, strings.Count(m[2], ".")+1)
			left, kept = []string{near}, append(kept, "~="+strings.Join(parts[:min(n, len(parts))], "."))
		}
	}
	return strings.Join(kept, ",")
}

// within reports whether a version has a bound; any is that the bound's own ends with a star.
func within(version, operator, of string, any bool) bool {
	d := compare(version, of)
	begins := func(head string) bool { return strings.HasPrefix(version+".", strings.TrimRight(head, ".")+".") }
	switch operator {
	case "==", "===":
		return !any && d == 0 || any && begins(of)
	case "!=":
		return !(!any && d == 0 || any && begins(of))
	case "~=":
		return d >= 0 && begins(of[:max(0, strings.LastIndex(of, "."))])
	case ">":
		return d > 0
	case ">=":
		return d >= 0
	case "<":
		return d < 0
	}
	return d <= 0
}

// nearestTo returns the newest version that begins as another does, as far as any does.
func nearestTo(to string, all []string) string {
	for head := to; strings.Contains(head, "."); {
		head = head[:strings.LastIndex(head, ".")]
		for _, v := range slices.Backward(all) {
			if strings.HasPrefix(v, head+".") {
				return v
			}
		}
	}
	return all[len(all)-1]
}

// compare returns which of two versions comes first, by their numbers.
func compare(a, b string) int {
	one, two := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(one), len(two)) {
		x, y := 0, 0
		if i < len(one) {
			x, _ = strconv.Atoi(one[i])
		}
		if i < len(two) {
			y, _ = strconv.Atoi(two[i])
		}
		if x != y {
			return x - y
		}
	}
	return 0
}
