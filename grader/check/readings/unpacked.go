package readings

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unpacked returns a log with what its lines of JSON hold below each of them: the texts of several
// lines, which are tracebacks, as the program had them before it was packed.
func unpacked(log string) string {
	if !strings.Contains(log, "{") {
		return log
	}
	var all strings.Builder
	for line := range strings.Lines(log) {
		all.WriteString(line)
		var fields map[string]any
		if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &fields) != nil {
			continue
		}
		for _, text := range manyLines(fields) {
			if !strings.HasSuffix(all.String(), "\n") {
				all.WriteString("\n")
			}
			all.WriteString(strings.TrimRight(text, "\n") + "\n")
		}
	}
	return all.String()
}

// manyLines returns what of a value of JSON is text of several lines, or a traceback in pieces.
func manyLines(value any) (found []string) {
	switch v := value.(type) {
	case string:
		if strings.Contains(v, "\n") {
			return []string{Clean(v)}
		}
	case []any:
		for _, item := range v {
			found = append(found, manyLines(item)...)
		}
	case map[string]any:
		if text := inPieces(v); text != "" {
			return []string{text}
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			found = append(found, manyLines(v[key])...)
		}
	}
	return found
}

// inPieces returns the traceback that structlog writes as a list of frames; empty where it is none.
func inPieces(v map[string]any) string {
	frames, ok := v["frames"].([]any)
	class, named := v["exc_type"].(string)
	if !ok || !named {
		return ""
	}
	text := "Traceback (most recent call last):\n"
	for _, frame := range frames {
		if f, ok := frame.(map[string]any); ok {
			text += fmt.Sprintf("  File \"%v\", line %v, in %v\n", f["filename"], f["lineno"], f["name"])
		}
	}
	return text + fmt.Sprintf("%s: %v", class, v["exc_value"])
}
