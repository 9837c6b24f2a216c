package check

import (
	"maps"
	"sync"
)

// Memory is what the checks that take turns know of each other, so that one fault costs once. The
// nil one has met all there is, for checks that are asked beside the others and must not depend on
// which came first.
type Memory struct {
	mu    sync.Mutex
	met   map[string]bool
	notes map[string]string
	given map[string]bool
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

// Give notes that the program gave out an address, and reports whether it had before and nobody
// took it back: then two things have one id.
func (m *Memory) Give(address string) (again bool) {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if again = m.given[address]; m.given == nil {
		m.given = map[string]bool{}
	}
	m.given[address] = true
	return again
}

// Take notes that what had an address is gone: the address may be given out again.
func (m *Memory) Take(address string) {
	if m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.given, address)
	}
}

// Restart notes that the program was started anew, and may count from the beginning.
func (m *Memory) Restart() {
	if m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.given = nil
	}
}

// Clone returns what is known now, apart from what will be.
func (m *Memory) Clone() *Memory {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{met: maps.Clone(m.met), notes: maps.Clone(m.notes), given: maps.Clone(m.given)}
}
