package files_test

import (
	"context"
	"fmt"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/files"
	"github.com/taskgrader/taskgrader/grader/option"
)

// A check is a kind with its options. What it says of a submission is an outcome, without points.
func ExampleKind() {
	ask := files.Kind().New().(*files.Files)
	ask.Require = []option.Glob{"Dockerfile", "README.md"}
	target := checktest.New()
	defer target.Close()
	outcome, err := ask.Ask(context.Background(), target, check.Input{})
	fmt.Println(checktest.Say(outcome), err)
	// Output:
	// ok Dockerfile
	// 0 README.md: want a file README.md; got none; hint: Add the file, spelt exactly so. <nil>
}
