package buildtrace

// Tail keeps the end of what is written to it: a program may write without end. That of nil is
// empty.
type Tail struct {
	limit int
	data  []byte
}

// NewTail returns one that keeps as many bytes.
func NewTail(limit int) *Tail { return &Tail{limit: limit} }

// Write takes in what is written. It never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if len(t.data) > 2*t.limit { // cut seldom, so that each byte is moved once
		t.data = append(t.data[:0], t.data[len(t.data)-t.limit:]...)
	}
	return len(p), nil
}

// String returns what was kept.
func (t *Tail) String() string {
	if t == nil {
		return ""
	}
	return string(t.data[max(0, len(t.data)-t.limit):])
}
