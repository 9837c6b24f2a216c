package grader_test

import (
	"context"
	"fmt"
	"log"

	"github.com/taskgrader/taskgrader/grader"
	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/check/kinds"
	"github.com/taskgrader/taskgrader/grader/engine"
	"github.com/taskgrader/taskgrader/grader/result"
	"github.com/taskgrader/taskgrader/grader/rubric"
	"github.com/taskgrader/taskgrader/grader/submission"
)

// A folder is graded with Docker, and its report is what the student may see.
func ExampleGrade() {
	ctx := context.Background()
	docker, err := engine.Connect(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer docker.Close()
	r, err := rubric.Parse("notes.yaml", []byte(`rubric: notes
points: 2
checks:
- {id: builds, points: 1, build: {}}
- {id: starts, points: 1, start: {get: /health}}
`), kinds.All())
	if err != nil {
		log.Fatal(err)
	}
	sub, err := submission.Open("ada")
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()
	open := grader.EngineFunc(func(ctx context.Context, job check.Job) (grader.Session, error) {
		return docker.Open(ctx, job)
	})
	report := grader.Grade(ctx, open, r, *sub, grader.Options{}).For(result.Student)
	for _, c := range report.Checks {
		fmt.Println(c.ID, c.Status, c.Points)
	}
}
