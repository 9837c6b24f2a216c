package class

import (
	"strings"
	"sync"
)

// Interner keeps each text once. It may be used by many goroutines.
type Interner struct {
	mu    sync.Mutex
	texts map[string]string
}

// Keep returns the text that is kept for one like it.
func (t *Interner) Keep(s string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.texts == nil {
		t.texts = map[string]string{}
	}
	if kept, ok := t.texts[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	t.texts[s] = s
	return s
}
