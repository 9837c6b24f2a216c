package steps

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/taskgrader/taskgrader/grader/option"
)

// momentText begins what is said of a time, in whatever zone it is written.
const momentText = "the moment "

// isMoment reports whether a text is a time or a date.
func isMoment(text string) bool {
	_, ok := readMoment(text)
	return ok
}

// timeForms are those of a time; the first of them have a zone.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04"}

const zonedForms = 3

// readTime reads a time in ISO 8601, with a zone or without, in which it is taken for UTC.
func readTime(s string) (t time.Time, zoned, ok bool) {
	for i, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, i < zonedForms, true
		}
	}
	return t, false, false
}

// readMoment reads a time or a date.
func readMoment(v JSON) (time.Time, bool) {
	text, _ := v.(string)
	if t, _, ok := readTime(text); ok {
		return t, true
	}
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

// aboutNow is how far a time of now may be off.
const aboutNow = time.Minute

// nowText is the time of the request, or how far from it: now + 14d.
var nowText = regexp.MustCompile(`^now(?: ([+-]) (\d{1,6})([smhd]))?$`)

// awayFromNow reads how far a time is from that of the request.
func awayFromNow(text string) (away time.Duration, ok bool) {
	m := nowText.FindStringSubmatch(text)
	if m == nil || m[1] == "" {
		return 0, m != nil
	}
	n, _ := strconv.Atoi(m[1] + m[2])
	return time.Duration(n) * map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour}[m[3]], true
}

// fromNow returns the hole of a time that is so far from that of the request, or of its day.
func fromNow(away time.Duration) hole {
	says := "the time of the request, to the minute"
	if away != 0 {
		says = fmt.Sprintf("a time %s after that of the request, to the minute", option.Duration(away.Abs()))
		if day := 24 * time.Hour; away.Abs()%day == 0 {
			says = fmt.Sprintf("a time %s after that of the request, to the minute, or that day",
				Plural(int(away.Abs()/day), "day"))
		}
		if away < 0 {
			says = strings.Replace(says, "after", "before", 1)
		}
	}
	return hole{says, ofRelation, func(got JSON, in scene) bool {
		in.asked = in.asked.Add(away)
		return isNow(got, in)
	}}
}

// isDay reports whether a value is a date, and that of a time.
func isDay(got, of JSON) bool {
	day, _ := got.(string)
	moment, _ := of.(string)
	return len(day) == len(time.DateOnly) && strings.HasPrefix(moment, day)
}

// isNow reports whether a value is the time of the request, or the day that it is in UTC.
func isNow(got JSON, in scene) bool {
	for _, off := range []time.Duration{-aboutNow, aboutNow} {
		if isDay(got, in.asked.Add(off).UTC().Format(time.DateOnly)) {
			return true
		}
	}
	t, ok := readInstant(got)
	return ok && t.Sub(in.asked).Abs() <= aboutNow
}

// readInstant reads a time or a date, or what passed since 1970 in seconds or milliseconds.
func readInstant(v JSON) (time.Time, bool) {
	n, isNumber := v.(json.Number)
	if !isNumber {
		return readMoment(v)
	}
	f, err := n.Float64()
	if f > 1e11 {
		f /= 1000
	}
	return time.UnixMilli(int64(f * 1000)), err == nil && f > 0 && f < 1e11
}
