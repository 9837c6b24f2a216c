// Package listen is the kind `listen`: whether the program is where it says.
//
// It judges where something listens inside the container, and what EXPOSE says of it. The hint
// names the place where the port or the address is set, and the line to write there: in the
// command, the environment or the program (where.go).
package listen

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
)

// Kind returns the kind `listen`, which asks whether the program is where it says.
func Kind() check.Kind {
	return check.Kind{Name: "listen", Phase: check.Running, Quiet: true, New: func() check.Check { return new(Listen) },
		Manual: check.Manual{
			Summary: "does the program listen where it should, on all interfaces, and does no EXPOSE say otherwise",
			Text: `Three things are asked: that the running program answers on the port; that it listens on all
interfaces, and not on one address of the container, least of all on 127.0.0.1 alone, where nothing outside the
container reaches it; and that an EXPOSE, where there is one, names the port. The rest of the program is judged on the
port where it was found, so a wrong port costs these points and no others.`,
			Example: `id: listens
points: 3
listen: {port: 8000}`}}
}

// Listen is the options.
type Listen struct {
	Port int `json:"port,omitempty" option:"1..65535" jsonschema:"where it should listen; the rubric's container.port unless given"`
}

// Ask compares what was found with what should be.
func (l *Listen) Ask(ctx context.Context, t check.Target, _ check.Input) (check.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return check.Outcome{}, err
	}
	started, wanted := t.Started(), l.Port
	if wanted == 0 {
		wanted = started.Wanted
	}
	port := check.Passed("listens on the port")
	if started.Port != wanted {
		port = check.Item{Name: port.Name, Want: fmt.Sprintf("port %d", wanted),
			Got: fmt.Sprintf("port %d", started.Port), Hint: portHint(t, started.Port, wanted)}
	}
	all := check.Passed("on all interfaces")
	if started.Loopback {
		all = check.Item{Name: all.Name, Want: "0.0.0.0",
			Got: "127.0.0.1, where nothing outside the container reaches it", Hint: hostHint(t, wanted)}
	}
	if !started.Loopback {
		listeners, known, err := t.Listeners(ctx)
		if err != nil {
			return check.Outcome{}, err
		}
		if one := onlyOn(listeners, started.Port); known && one != "" {
			all = check.Item{Name: all.Name, Want: "0.0.0.0", Got: one +
				" alone, which is one of the container's addresses", Hint: hostHint(t, wanted)}
		}
	}
	if both := check.Merge(port.Hint.Edit, all.Hint.Edit); both != nil { // else each would take the other's line away
		port.Hint.Edit, all.Hint.Edit = both, both
	}
	for _, item := range []*check.Item{&port, &all} {
		if item.Share == 1 {
			continue
		}
		if item.File, item.Line = check.LastLine(t, "CMD", "ENTRYPOINT"); item.Hint.Edit != nil {
			item.File, item.Line = item.Hint.Edit.File, item.Hint.Edit.Line
		}
	}
	return check.Outcome{Items: []check.Item{port, all, exposed(t, wanted)}}, nil
}

// Foresee returns the port, the address and the EXPOSE that the Dockerfile names and that are others.
func (l *Listen) Foresee(t check.Source, wanted int) []check.Item {
	parsed, err := t.Dockerfile()
	if err != nil {
		return nil
	}
	wanted = cmp.Or(l.Port, wanted)
	var items []check.Item
	add := func(name, got string, edit *check.Edit) {
		if edit != nil {
			items = append(items, check.Item{Name: name, Got: got, Hint: check.Hint{Edit: edit}, File: edit.File,
				Line: edit.Line})
		}
	}
	if port, err := strconv.Atoi(parsed.Port()); err == nil && port != wanted {
		add("listens on the port", fmt.Sprintf("the Dockerfile says port %d, and %d is wanted", port, wanted),
			portEdit(t, port, wanted))
	}
	if edit := inStart(t, []*regexp.Regexp{bindsLocal}, "${1}0.0.0.0"); edit != nil {
		add("on all interfaces", "inside a container, localhost is the container alone", edit)
	} else if edit := withOption(t, wanted, host); edit != nil && !strings.Contains(edit.Old, "fastapi") &&
		!slices.ContainsFunc(parsed.Effective(), setsHost) {
		add("on all interfaces", "CMD names no address, and without one the server listens on 127.0.0.1, where "+
			"nothing outside the container reaches it", edit)
	}
	if in := parsed.Last("EXPOSE"); in != nil {
		said := slices.DeleteFunc(parsed.Effective(),
			func(in dockerfile.Instruction) bool { return in.Name != "EXPOSE" })
		if !slices.ContainsFunc(said, func(in dockerfile.Instruction) bool {
			return slices.ContainsFunc(in.Args, func(word string) bool {
				return strings.TrimSuffix(word, "/tcp") == strconv.Itoa(wanted) || strings.ContainsAny(word, "$-")
			})
		}) {
			add("no EXPOSE says otherwise", fmt.Sprintf("`%s`, and %d is wanted", in.Text, wanted),
				exposeEdit(parsed, wanted))
		}
	}
	return items
}

// setsHost reports whether a line tells a server its address by a variable.
func setsHost(in dockerfile.Instruction) bool {
	return in.Name == "ENV" && slices.ContainsFunc(in.Assignments(), func(a dockerfile.Assignment) bool {
		return strings.HasSuffix(a.Name, "HOST") || a.Name == "GUNICORN_CMD_ARGS"
	})
}

// onlyOn returns the addresses on which a port is served where those are not all that the container
// has; empty where they are.
func onlyOn(listeners []check.Listener, port int) string {
	var own []string
	loopback := false
	for _, l := range listeners {
		ip, err := netip.ParseAddr(l.Address)
		switch {
		case l.Port != port:
		case err != nil || ip.Unmap().IsUnspecified():
			return ""
		case ip.Unmap().IsLoopback():
			loopback = true
		default:
			own = append(own, l.Address)
		}
	}
	if loopback { // with the others, all there are
		return ""
	}
	return strings.Join(own, ", ")
}

// exposed reports whether EXPOSE names the port. That there is none is no fault here: it changes
// nothing that can be seen.
func exposed(t check.Target, wanted int) check.Item {
	item := check.Passed("no EXPOSE says otherwise")
	image := t.Built().Image
	if image == nil || len(image.Config.Exposed) == 0 ||
		slices.ContainsFunc(image.Config.Exposed, func(p check.Port) bool {
			return p.Number == wanted && p.Protocol == "tcp"
		}) {
		return item
	}
	var said []string
	for _, p := range image.Config.Exposed {
		said = append(said, strings.TrimSuffix(strconv.Itoa(p.Number)+"/"+p.Protocol, "/tcp"))
	}
	item.Share, item.Want, item.Got = 0, "EXPOSE "+strconv.Itoa(wanted), "EXPOSE "+strings.Join(said, " ")
	item.Hint = check.Advisef("Make EXPOSE say %d, the port that the program should listen on.", wanted)
	item.File, item.Line = check.LastLine(t, "EXPOSE")
	if parsed, err := t.Dockerfile(); err == nil && item.Line > 0 {
		if item.Hint.Edit = exposeEdit(parsed, wanted); item.Hint.Edit != nil {
			item.Hint.Advice = "EXPOSE says on which port the program listens."
		}
	}
	return item
}

// exposeEdit returns the line of the EXPOSE that counts with the port, where it names one alone.
func exposeEdit(parsed *dockerfile.File, wanted int) *check.Edit {
	in := parsed.Last("EXPOSE")
	if in == nil || in.EndLine != in.Line || len(in.Args) != 1 {
		return nil
	}
	return &check.Edit{File: parsed.Name, Line: in.Line, Old: parsed.Lines[in.Line-1],
		New: "EXPOSE " + strconv.Itoa(wanted)}
}
