package check

import (
	"maps"
	"sync"
)

// Memory is what the checks that take turns know of each other, so that one fault costs once. The nil one has met all
// there is, for checks that are asked beside the others and must not depend on which came first.
type Memory struct {
	mu    sync.Mutex
	met   map[string]bool
	notes map[string]string
}

// First reports whether nobody met a fault before, by a name that all who may meet it share.
func (m *Memory) First(fault string) bool {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.met[fault] {
		return false
	}
	if m.met == nil {
		m.met = map[string]bool{}
	}
	m.met[fault] = true
	return true
}

// Note keeps a text for the checks to come, under a name that they share.
func (m *Memory) Note(name, text string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.notes == nil {
		m.notes = map[string]string{}
	}
	m.notes[name] = text
}

// Noted returns what was noted under a name, or empty.
func (m *Memory) Noted(name string) string {
	if m == nil {
		return ""
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.notes[name]
}

// Clone returns what is known now, apart from what will be.
func (m *Memory) Clone() *Memory {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{met: maps.Clone(m.met), notes: maps.Clone(m.notes)}
}
