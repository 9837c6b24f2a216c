package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/plain"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/rubrics"
)

func newRubricShow() *cobra.Command {
	var source bool
	cmd := &cobra.Command{
		Use: "show RUBRIC", Short: "print a rubric as a student reads it",
		Long: `show prints the title of each check, its points, what it asks, and its hint. Of hidden checks it says
what they come to. With --source, it prints the rubric as it is written.

  $ taskgrader rubric show notes.yaml > handout.txt
  $ taskgrader rubric show --source task-api > mine.yaml

` + exitCodes,
		Args: takes(1, 1), ValidArgsFunction: completeRubric,
		RunE: func(cmd *cobra.Command, args []string) error {
			if source {
				_, text, _, err := rubric.Find(args[0], rubrics.FS)
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}
			r, err := rubric.Load(args[0], rubrics.FS, kinds.All())
			if err != nil {
				return err
			}
			show(cmd.OutOrStdout(), r)
			return nil
		},
	}
	cmd.Flags().BoolVar(&source, "source", false, "as it is written")
	return cmd
}

// show prints what a student may know of a rubric before handing in.
func show(out io.Writer, r *rubric.Rubric) {
	fmt.Fprintf(out, "%s: %s\n", r.Title, points(r.Points))
	skills := map[string]string{}
	for _, s := range r.Skills {
		skills[s.ID] = s.Name
	}
	hidden, bonus, skill := 0.0, 0.0, ""
	for _, c := range r.Checks {
		switch {
		case c.Hidden && c.Bonus:
			bonus += c.Points
			continue
		case c.Hidden:
			hidden += c.Points
			continue
		}
		if c.Skill != skill {
			skill = c.Skill
			fmt.Fprintf(out, "\n%s\n", skills[skill])
		}
		earns := points(c.Points)
		if c.Bonus {
			earns += " on top"
		}
		if c.Partial {
			earns += ", in parts"
		}
		fmt.Fprintf(out, "\n%s: %s (%s)\n", c.ID, c.Title, earns)
		asked := []string{c.Kind.Manual.Summary}
		if teller, ok := c.Asks.(check.Teller); ok {
			asked = teller.Tell()
		}
		for _, line := range asked {
			fmt.Fprintf(out, "  %s\n", strings.Join(strings.Fields(line), " "))
		}
		if c.Hint != "" {
			fmt.Fprintf(out, "  hint: %s\n", strings.Join(strings.Fields(c.Hint), " "))
		}
	}
	if hidden > 0 {
		fmt.Fprintf(out, "\nchecks that are not shown: %s\n", points(hidden))
	}
	if bonus > 0 {
		fmt.Fprintf(out, "\nchecks that are not shown, on top: %s\n", points(bonus))
	}
}

// points returns so many with their word.
func points(n float64) string {
	if n == 1 {
		return "1 point"
	}
	return plain.Points(n) + " points"
}
