package main

import (
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/option"
	"github.com/taskgrader/taskgrader/grader/rubric"
)

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use: "explain [TOPIC]", Short: "print the manual: kinds of check, Dockerfile rules, the rubric language",
		Long: `explain prints the manual of a kind of check, of a Dockerfile rule, or of a part of the rubric language;
without a topic, it lists them all. The name of a key is explained wherever there is one.

  $ taskgrader explain
  $ taskgrader explain cache
  $ taskgrader explain cmd-exec
  $ taskgrader explain steps
  $ taskgrader explain save

` + exitCodes,
		Args: takes(0, 1),
		ValidArgsFunction: func(*cobra.Command, []string, string) (words []string, _ cobra.ShellCompDirective) {
			for _, e := range manual() {
				words = append(words, e.ID+"\t"+e.Summary)
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			if len(args) == 0 {
				return list(w)
			}
			var known []string
			for _, e := range manual() {
				if e.ID == args[0] {
					return e.print(w)
				}
				known = append(known, e.ID)
			}
			if explainKey(w, args[0]) {
				return nil
			}
			return unknownWord("topic", args[0], known)
		},
	}
}

// explainKey prints what a key means wherever there is one of that name, each with the part of its
// page's example that has it.
func explainKey(w io.Writer, name string) (found bool) {
	pages := map[string][]entry{} // by what the key means
	var means []string
	for _, e := range manual() {
		for _, k := range e.Keys {
			if k.Name != name {
				continue
			}
			if pages[k.Means] == nil {
				means = append(means, k.Means)
			}
			pages[k.Means] = append(pages[k.Means], e)
		}
	}
	for i, meaning := range means {
		of := slices.CompactFunc(pages[meaning], func(a, b entry) bool { return a.ID == b.ID })
		var ids []string
		for _, e := range of {
			ids = append(ids, e.ID)
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, reflow(fmt.Sprintf("%s, a key of %s: %s", name, strings.Join(ids, ", "), meaning), pageWidth))
		if part := passage(of[len(of)-1].Example, name); part != "" {
			fmt.Fprintf(w, "\n%s\n", part)
		}
		fmt.Fprintf(w, "\nMore: taskgrader explain %s\n", of[len(of)-1].ID)
	}
	return len(means) > 0
}

// passage returns the lines of an example that hold a key: the entry of a list that it is in.
func passage(example, key string) string {
	lines := strings.Split(example, "\n")
	has := regexp.MustCompile(`(^|[\s{,-])` + regexp.QuoteMeta(key) + `: `)
	at := slices.IndexFunc(lines, has.MatchString)
	if at < 0 {
		return ""
	}
	begins := func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "- ") }
	from, to := at, at+1
	for from > 0 && !begins(lines[from]) && strings.HasPrefix(lines[from], " ") {
		from--
	}
	indent := func(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
	for to < len(lines) && indent(lines[to]) > indent(lines[from]) && !begins(lines[to]) {
		to++
	}
	return strings.Join(lines[from:to], "\n")
}

// entry is one page of the manual.
type entry struct {
	check.Topic
	kind bool
}

// manual returns all that can be explained: the language, the kinds, and what each of them explains
// apart.
func manual() (all []entry) {
	add := func(topics []check.Topic) {
		for _, t := range topics {
			all = append(all, entry{Topic: t})
		}
	}
	add(rubric.Topics())
	for _, k := range kinds.All() {
		all = append(all, entry{kind: true, Topic: check.Topic{ID: k.Name, Summary: k.Manual.Summary,
			Why:  k.Manual.Text,
			Keys: option.Keys(reflect.TypeOf(k.New())), Example: k.Manual.Example}})
		add(k.Manual.Topics)
	}
	return all
}

func (e entry) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s\n\n%s\n", e.ID, e.Summary, reflow(e.Why, pageWidth))
	if len(e.Keys) > 0 {
		width := 0
		for _, k := range e.Keys {
			width = max(width, len(k.Name))
		}
		fmt.Fprint(w, "\nKeys:\n\n")
		for _, k := range e.Keys {
			must := ""
			if k.Required {
				must = " (always)"
			}
			name := k.Name
			for _, line := range strings.Split(reflow(k.Means+must, keyWidth-width), "\n") {
				fmt.Fprintf(w, "  %-*s  %s\n", width, name, line)
				name = ""
			}
		}
	}
	switch {
	case e.Good != "":
		fmt.Fprintf(w, "\nBad:\n\n%s\nGood:\n\n%s", e.Bad, e.Good)
	case e.kind:
		fmt.Fprintf(w, "\nExample, an entry of checks:\n\n%s\n", e.Example)
	case e.Example != "":
		fmt.Fprintf(w, "\nExample:\n\n%s\n", e.Example)
	}
	return nil
}

const (
	pageWidth = 80  // that of the smallest terminal that people use
	keyWidth  = 100 // of a key and what it means
)

// reflow breaks paragraphs anew, and leaves lines that begin with a blank as they are.
func reflow(text string, width int) string {
	var lines []string
	flowing := false
	for _, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			lines, flowing = append(lines, line), false
			continue
		}
		for _, word := range strings.Fields(line) {
			if last := len(lines) - 1; flowing && len([]rune(lines[last]))+1+len([]rune(word)) <= width {
				lines[last] += " " + word
				continue
			}
			lines, flowing = append(lines, word), true
		}
	}
	return strings.Join(lines, "\n")
}

// list names everything, the language first, then the kinds, then what they explain apart.
func list(w io.Writer) error {
	section := func(title string, belongs func(entry) bool) {
		fmt.Fprintln(w, title)
		for _, e := range manual() {
			if belongs(e) {
				fmt.Fprintf(w, "  %-18s %s\n", e.ID, e.Summary)
			}
		}
	}
	section("The rubric language:", func(e entry) bool { return !e.kind && e.Good == "" })
	section("\nKinds of check:", func(e entry) bool { return e.kind })
	section("\nRules of the kind dockerfile:", func(e entry) bool { return e.Good != "" })
	return nil
}
