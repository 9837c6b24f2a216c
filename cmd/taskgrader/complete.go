package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/rubrics"
)

// What a shell offers at the Tab key for the values of flags and arguments.

type completion = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective)

// completeWords offers words, and no files.
func completeWords(words ...string) completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeRubric offers the built-in rubrics, and files.
func completeRubric(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return rubric.Names(rubrics.FS), cobra.ShellCompDirectiveDefault
}

// completeCheck offers the checks of the rubric that the line names, one after another behind
// commas.
func completeCheck(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	name, _ := cmd.Flags().GetString("rubric")
	r, err := rubric.Load(name, rubrics.FS, kinds.All())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	before := begun[:strings.LastIndexByte(begun, ',')+1]
	var ids []string
	for _, c := range r.Checks {
		if !slices.Contains(strings.Split(before, ","), c.ID) {
			ids = append(ids, before+c.ID+"\t"+c.Title)
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// completeFolder offers folders.
func completeFolder(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// offer does what RegisterFlagCompletionFunc does, for a flag that is surely there.
func offer(cmd *cobra.Command, flag string, values completion) {
	if err := cmd.RegisterFlagCompletionFunc(flag, values); err != nil {
		panic(err)
	}
}
