// Package listen is the kind `listen`: whether the program is where it says.
package listen

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgrader/taskgrader/grader/check"
)

// Kind is the kind.
func Kind() check.Kind {
	return check.Kind{Name: "listen", Phase: check.Running, New: func() check.Check { return new(Listen) }, Manual: check.Manual{
		Summary: "does the program listen where it should, on all interfaces, and does EXPOSE say so",
		Text: `Three things are asked: that the running program answers on the port; that it listens on all interfaces, and not on
127.0.0.1 alone, where nothing outside the container reaches it; and that the image's EXPOSE names the port. The rest of the program
is judged on the port where it was found, so a wrong port costs these points and no others.`,
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
		port = check.Item{Name: port.Name, Want: fmt.Sprintf("port %d", wanted), Got: fmt.Sprintf("port %d", started.Port),
			Hint: check.Advisef("Start the server with --port %d.", wanted)}
	}
	all := check.Passed("on all interfaces")
	if started.Loopback {
		all = check.Item{Name: all.Name, Want: "0.0.0.0", Got: "127.0.0.1, where nothing outside the container reaches it",
			Hint: check.Advise("Start the server with --host 0.0.0.0: inside a container, localhost is the container alone.")}
	}
	if port.Share < 1 || all.Share < 1 {
		file, line := check.LastLine(t, "CMD", "ENTRYPOINT")
		port.File, port.Line, all.File, all.Line = file, line, file, line
	}
	return check.Outcome{Items: []check.Item{port, all, exposed(t, wanted)}}, nil
}

// exposed says whether EXPOSE names the port.
func exposed(t check.Target, wanted int) check.Item {
	item := check.Passed("EXPOSE says so")
	image := t.Built().Image
	if image == nil || slices.ContainsFunc(image.Config.Exposed, func(p check.Port) bool { return p.Number == wanted && p.Protocol == "tcp" }) {
		return item
	}
	item.Share, item.Want = 0, "EXPOSE "+strconv.Itoa(wanted)
	item.Got = "no EXPOSE"
	item.Hint = check.Advisef("Add the line EXPOSE %d: it tells others which port the program uses.", wanted)
	var said []string
	for _, p := range image.Config.Exposed {
		said = append(said, strconv.Itoa(p.Number)+"/"+p.Protocol)
	}
	if len(said) > 0 {
		item.Got = "EXPOSE " + strings.Join(said, " ")
		item.Hint = check.Advisef("Make EXPOSE say %d, the port that the program should listen on.", wanted)
	}
	item.File, item.Line = check.LastLine(t, "EXPOSE")
	return item
}
