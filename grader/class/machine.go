package class

import (
	"slices"
	"strings"
)

// Machine is one of several that graded a class.
type Machine struct {
	Name     string `json:"name"`
	Platform string `json:"platform,omitempty"` // what of it a verdict may depend on
	Engine   string `json:"engine,omitempty"`
	Slots    int    `json:"slots,omitempty"` // gradings at once
	Verdicts int    `json:"verdicts"`
	MS       int64  `json:"ms"`            // that its gradings took
	Agreed   int    `json:"agreed"`        // with another machine on the same submission
	Differed int    `json:"differed"`      // from another
	Invalid  int    `json:"invalid"`       // answers to what it was not asked
	Faults   int    `json:"faults"`        // of its own
	Why      string `json:"why,omitempty"` // it takes nothing
}

// AddMachines returns what machines came to in earlier runs and in this one.
func AddMachines(earlier, now []Machine) []Machine {
	out := slices.Clone(now)
	for _, was := range earlier {
		i := slices.IndexFunc(out, func(m Machine) bool { return m.Name == was.Name })
		if i < 0 {
			was.Why = ""
			out = append(out, was)
			continue
		}
		m := &out[i]
		m.Verdicts, m.MS, m.Faults = m.Verdicts+was.Verdicts, m.MS+was.MS, m.Faults+was.Faults
		m.Agreed, m.Differed, m.Invalid = m.Agreed+was.Agreed, m.Differed+was.Differed, m.Invalid+was.Invalid
	}
	slices.SortFunc(out, func(a, b Machine) int { return strings.Compare(a.Name, b.Name) })
	return out
}
