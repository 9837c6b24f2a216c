package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/taskgrader/taskgrader/grader/baseimage"
	"github.com/taskgrader/taskgrader/grader/dockerfile"
	"github.com/taskgrader/taskgrader/grader/submission"
)

func newImages() *cobra.Command {
	var offline bool
	var wheels string
	cmd := &cobra.Command{
		Use: "images [DIR]...", Short: "make the base images ready that submissions ask for",
		Long: `images looks at the Dockerfiles of each DIR, and of the folders and archives in it, and makes ready what
they name in FROM and COPY --from: what is there stays, what a registry gives is pulled, and where none answers, or with
--offline, stand-ins are made from Debian packages. Without DIR, the lesson's own images are made ready.

--wheels adds wheels and source archives of your own to the stand-ins, for what Debian has not. A wheel of pip or of uv
among them is in the place of Debian's pip, and of the stand-in for uv.

  $ taskgrader images ./class
  $ taskgrader images --offline
  $ pip download --dest wheels --python-version 3.13 --only-binary :all: aiofiles uv   # where there is a network
  $ taskgrader images --offline --wheels wheels

` + exitCodes,
		ValidArgsFunction: completeFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			if wheels != "" && !offline {
				return usageError{"--wheels is for stand-ins, which --offline makes",
					"write both: taskgrader images --offline --wheels " + wheels}
			}
			if _, err := os.Stat(wheels); wheels != "" && err != nil {
				return noFolder(wheels)
			}
			refs, err := references(cmd, args)
			if err != nil {
				return err
			}
			e, err := connect(cmd)
			if err != nil {
				return err
			}
			defer e.Close()
			results, err := baseimage.Prepare(cmd.Context(), e.Store(), refs,
				baseimage.Options{Offline: offline, Wheels: wheels,
					Progress: func(line string) { say(cmd.ErrOrStderr(), line) }})
			missing := false
			for _, r := range results {
				fmt.Fprintf(cmd.OutOrStdout(), "%-8s %s", r.Action, r.Ref)
				if r.Note != "" {
					fmt.Fprintf(cmd.OutOrStdout(), "  (%s)", r.Note)
				}
				fmt.Fprintln(cmd.OutOrStdout())
				if r.Fix != "" {
					fmt.Fprintln(cmd.ErrOrStderr(), "hint: "+r.Fix)
				}
				missing = missing || r.Action == baseimage.Missing
			}
			if err != nil {
				return graderError{err}
			}
			if missing {
				return errGrader
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "ask no registry: make stand-ins")
	cmd.Flags().StringVar(&wheels, "wheels", "", "folder of wheels and source archives that the stand-ins get, too")
	return cmd
}

// references returns the images that the Dockerfiles name: of the folders and archives themselves,
// and of the submissions in the folders.
func references(cmd *cobra.Command, names []string) ([]string, error) {
	if len(names) == 0 {
		return baseimage.Default, nil
	}
	var refs []string
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			return nil, noFolder(name)
		}
		if err := notFile(cmd, name); err != nil {
			return nil, err
		}
		entries := []submission.Entry{{Path: name}}
		if !submission.IsArchive(name) {
			below, _, err := submission.List(name)
			if err != nil {
				return nil, err
			}
			entries = append(entries, below...)
		}
		refs = referencesOf(entries, refs)
	}
	return refs, nil
}

// referencesOf adds the images that the Dockerfiles of submissions name.
func referencesOf(entries []submission.Entry, refs []string) []string {
	for _, e := range entries {
		file, err := dockerfileOf(e)
		if err != nil {
			continue // a Dockerfile that cannot be read asks for nothing
		}
		for _, ref := range file.References() {
			if !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

func dockerfileOf(e submission.Entry) (*dockerfile.File, error) {
	if !submission.IsArchive(e.Path) {
		return dockerfile.Load(os.DirFS(e.Path))
	}
	sub, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer sub.Close()
	return dockerfile.Load(os.DirFS(sub.Dir))
}
