package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/fleet"
	"github.com/taskgrader/taskgrader/grader/plain"
)

func newWorkers() *cobra.Command {
	keys, url, format := "", "", "text"
	cmd := &cobra.Command{
		Use: "workers", Short: "who grades for a class on several machines",
		Long: `workers lists who has a token, who is there, what each has in hand and came to, how often they agreed,
and why one takes nothing.

  $ taskgrader workers token lab-1 --at 192.0.2.7:4227     make what lab-1 joins with
  $ taskgrader workers                                     who is there
  $ taskgrader workers remove lab-1                        cut it off

` + exitCodes,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return subcommand(cmd, args)
			}
			if !slices.Contains(formats, format) {
				return unknownWord("format", format, formats)
			}
			return runWorkers(cmd, keys, url, format)
		},
	}
	addKeys(cmd, &keys)
	cmd.Flags().StringVar(&url, "fleet", "", "URL of a NATS server of your own, with #CLASS")
	cmd.Flags().StringVar(&format, "format", "text", "what stdout gets: text or json")
	offer(cmd, "format", completeWords(formats...))
	cmd.AddCommand(newWorkersToken(), newWorkersRemove())
	return cmd
}

func newWorkersToken() *cobra.Command {
	keys, at := "", ""
	cmd := &cobra.Command{
		Use: "token NAME", Short: "make the token that a worker joins with",
		Long: `token prints one line, for "taskgrader worker" on the other machine. It is a secret of that worker's:
whoever has it is given submissions. One that the worker had before is void. --at is where that machine finds this one
while "class --fleet --listen" runs.

  $ taskgrader workers token lab-1 --at 192.0.2.7:4227

` + exitCodes,
		Args: takes(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, _, err := net.SplitHostPort(at); err != nil {
				return usageError{fmt.Sprintf("--at is an address and a port, not %q", at),
					"for example --at 192.0.2.7:4227"}
			}
			folder, err := keysFolder(keys)
			if err != nil {
				return err
			}
			token, err := folder.Token(args[0], at)
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("at") {
				say(cmd.ErrOrStderr(), "taskgrader: this token is for a worker on this machine; for another, "+
					"name where it finds this one, as --at 192.0.2.7:4227")
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	}
	cmd.Flags().StringVar(&at, "at", fleetListen, "address and port at which the worker finds this machine")
	addKeys(cmd, &keys)
	return cmd
}

func newWorkersRemove() *cobra.Command {
	keys := ""
	cmd := &cobra.Command{
		Use: "remove NAME", Short: "cut a worker off",
		Long: "remove has a worker cut off within a second, and not let in again before it has a new token. What it " +
			"had in hand goes to another.\n\n  $ taskgrader workers remove lab-1\n\n" + exitCodes,
		Args: takes(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			folder, err := keysFolder(keys)
			if err != nil {
				return err
			}
			names, _, err := folder.Names()
			if err != nil {
				return graderError{err}
			}
			if !slices.Contains(names, args[0]) {
				if len(names) == 0 {
					return usageError{fmt.Sprintf("there is no worker %q", args[0]),
						"nobody has a token: taskgrader workers token NAME"}
				}
				return unknownWord("worker", args[0], names)
			}
			if err := folder.Remove(args[0], fleet.Removed); err != nil {
				return graderError{err}
			}
			return nil
		},
	}
	addKeys(cmd, &keys)
	return cmd
}

// listTime is what asking a hub may take.
const listTime = 5 * time.Second

func runWorkers(cmd *cobra.Command, keys, url, format string) error {
	all, err := listed(cmd.Context(), keys, url)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		say(cmd.ErrOrStderr(), "taskgrader: no class is graded on several machines now")
	case err != nil:
		return err
	}
	if format == "json" {
		return plain.JSON(cmd.OutOrStdout(), all, " ")
	}
	return printWorkers(cmd.OutOrStdout(), all)
}

// listed returns the workers. The error wraps [fs.ErrNotExist] where no class is graded, and then
// they are those who have a token.
func listed(ctx context.Context, keys, url string) ([]member, error) {
	asking, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	if url != "" {
		hub, err := fleet.ParseToken(url, "hub")
		if err != nil {
			return nil, usageError{err.Error(), "as --fleet=tls://hub:password@nats.example.org:4222#spring"}
		}
		there, err := fleet.List(asking, hub)
		if err != nil {
			return nil, graderError{err}
		}
		return members(nil, nil, there), nil
	}
	folder, err := keysFolder(keys)
	if err != nil {
		return nil, err
	}
	names, out, err := folder.Names()
	if err != nil {
		return nil, graderError{err}
	}
	hub, err := folder.Running()
	if err != nil {
		return members(names, out, nil), err
	}
	there, err := fleet.List(asking, hub)
	if err != nil { // it was killed
		err = fs.ErrNotExist
	}
	return members(names, out, there), err
}

// member is a worker as it is listed.
type member struct {
	fleet.Machine
	Out string `json:"out,omitempty"` // why it may not join
}

// members returns who has a token and who is there, each once.
func members(names []string, out map[string]string, there []fleet.Machine) []member {
	all := []member{}
	for _, m := range there {
		all = append(all, member{m, out[m.Name]})
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(m member) bool { return m.Name == name }) {
			all = append(all, member{fleet.Machine{Presence: fleet.Presence{Name: name}}, out[name]})
		}
	}
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// printWorkers writes a table, and below it why some take nothing.
func printWorkers(w io.Writer, all []member) error {
	if len(all) == 0 {
		fmt.Fprintln(w, "no worker has a token: taskgrader workers token NAME")
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WORKER\tSTATE\tIN HAND\tVERDICTS\tAGREED\tDIFFERED\tFAULTS\tMACHINE")
	for _, m := range all {
		state := string(m.State)
		if state == "" {
			state = "away"
		}
		fmt.Fprintf(table, "%s\t%s\t%d of %d\t%d\t%d\t%d\t%d\t%s\n", m.Name, state, m.Busy, m.Slots, m.Verdicts,
			m.Agreed, m.Differed, m.Faults, plain.Line(strings.Trim(m.Platform+", "+m.Engine, ", "), 120))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, m := range all {
		switch {
		case m.Out != "":
			fmt.Fprintf(w, "\n%s may not join: %s\n", m.Name, plain.Line(m.Out, 300))
		case m.Why != "":
			fmt.Fprintf(w, "\n%s takes nothing: %s\n", m.Name, plain.Line(m.Why, 500))
		}
	}
	return nil
}
