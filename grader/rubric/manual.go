package rubric

import (
	"fmt"
	"reflect"

	"github.com/taskgrader/taskgrader/grader/check"
	"github.com/taskgrader/taskgrader/grader/option"
)

// Topics returns the manual of the rubric language, but for what the kinds say of themselves. The
// keys are read off the types that [Parse] fills.
func Topics() []check.Topic {
	return []check.Topic{
		{ID: "rubric", Summary: "the top of a rubric: its name, title, points, skills, limits, and the checks",
			Keys: option.Top(option.Keys(reflect.TypeFor[document]())),
			Why: `A rubric is one YAML file. It is read strictly: every mistake is said at once, with its line and
column, and a word that is none with the one that was probably meant. taskgrader rubric new prints one to begin with,
and taskgrader rubric schema a JSON Schema with which an editor completes, explains and underlines.

A rubric is named by the path of its file, by the folder that holds it and no other, or by its name if it is built in.
Every report holds the digest of its text, and a class of which some were graded by another text is graded again.

fresh: {secret: word} makes a value that is new in each run, $secret, and people: {ann: {steps: […]}} names who asks:
taskgrader explain container, taskgrader explain people.`,
			Example: `rubric: notes
title: A Notes Service
points: 10
skills: {docker: {name: Building an Image}}
limits: {run: {start: 60s}}
container: {port: 3000}
checks:
- {id: builds, points: 4, skill: docker, build: {}}
- {id: starts, points: 6, start: {get: /health}}`},
		{ID: "check", Summary: "what every check may say, whatever its kind",
			Keys: option.Keys(reflect.TypeFor[entry]()),
			Why: `An entry of checks has an id, points, and exactly one key that names its kind: taskgrader explain
lists the kinds. The title is what students read; write what is asked, as a fact that is true when it passes.

The build and the start happen once, whether or not a check asks for them. A check of the running program is blocked,
not failed, when nothing was built or nothing ever answered. own gives a check a container in which no other left
anything, and container: {env: …} one with variables of its own; both cost a start. as: ann says who asks: taskgrader
explain people. needs says what else must pass first. A check that is all or nothing fails with its first item; a
partial one shares its points equally among its items: steps, rules, paths. hidden keeps what was asked from students;
they still read title, points, status and hint. bonus comes on top of the total.`,
			Example: `- id: builds
  points: 4
  build: {}
- id: create
  title: A note that is sent can be read again
  points: 6
  needs: [builds]
  hint: Store the note under the id that you answer with.
  partial: true
  fresh: [text]
  http:
  - {send: POST /notes, body: {text: $text}, save: {id: id}}
  - {send: GET /notes/$id, json: {text: $text}}
- {id: empty, points: 1, own: true, http: [{send: GET /notes, count: 0}]}
- {id: debug, points: 1, container: {env: {MODE: debug}}, http: [{send: GET /mode, text: /debug/}]}
- {id: extra, points: 2, bonus: true, hidden: true, stop: {within: 5s}}`},
		{ID: "skills", Summary: "what the points are evidence of",
			Keys: option.Keys(reflect.TypeFor[skill]()),
			Why: `skills maps ids to skills, and a check names one. Reports show the points of each skill, without
bonus, and whether it is mastered: from 80 per cent of its points, or from what mastery says. A rubric without skills is
one without that table.`,
			Example: `rubric: skills
points: 2
skills:
  building: {name: Building an Image, level: B1, mastery: 75}
  serving: {name: Serving Requests}
checks:
- {id: builds, points: 1, skill: building, build: {}}
- {id: starts, points: 1, skill: serving, start: {}}`},
		{ID: "container", Summary: "where the program is expected, and what each container has",
			Keys: option.Keys(reflect.TypeFor[container]()),
			Why: `The program is looked for on this port first, then on what EXPOSE says, then on what really listens
inside. So a wrong port costs the points of listen and no more.

env are variables of every container, for no points: what a program needs to start. The kind env asks whether a variable
arrives. volume is a folder that is empty at first and outlives restarts, as docker run -v gives it; each container of a
check's own has another.`,
			Example: `container: {port: 3000, env: {SECRET_KEY: $secret}, volume: /data}
fresh: {secret: word}`},
		{ID: "limits", Summary: "what a submission may use: time, memory, processes, size, network",
			Keys: option.Keys(reflect.TypeFor[check.Limits]()),
			Why: `Every limit has a default, which the example shows; name only what is to be another. Who goes over one
fails what was asked just then, and costs no other student anything. A network that is isolated reaches nothing but the
grader. With auto, a program that does not come up so, and whose log speaks of a name or a network, is started once more
with a way out: start fails, and says so, and all other checks are asked of that container. A build with network: none
cannot install anything.`,
			Example: defaultLimits()},
		{ID: "points", Summary: "how points add up",
			Why: `points at the top must be the sum of the checks that are not bonus, so that a typing mistake is found.
Points may have fractions; what a check gets is rounded to hundredths once, and every total, in every report and export,
is the sum of those. A score is never a guess: when the grader itself fails, there is no score, and the exit code is
3.`,
			Example: `rubric: points
points: 2.5
checks:
- {id: a, points: 1, build: {}}
- {id: b, points: 1.5, files: {require: [README.md]}}
- {id: more, points: 1, bonus: true, stop: {within: 5s}}`},
		{ID: "sizes", Summary: "how sizes are written: 64KB, 100MB, 1.5GB",
			Why: `A size is a number and a unit: B, KB, MB or GB. They are decimal, as docker images prints them: 1MB is
1,000,000 bytes. Where a size gives points, as in image, full is the size up to which all points are given, zero the one
from which none are, and between them the points fall evenly.`,
			Example: `limits: {build: {context: 20MB}, run: {memory: 0.5GB}}`},
		{ID: "durations", Summary: "how times are written: 300ms, 20s, 5m",
			Why:     `A duration is a number and a unit, ms, s, m or h, or several of them: 1m30s.`,
			Example: `limits: {build: {time: 1m30s}, run: {start: 20s}, http: {timeout: 500ms}}`},
		{ID: "seeds", Summary: "how random values are the same again",
			Why: `All that is random - fresh values, the walks of crud, what is planted into a copy of the folder -
comes from one seed, up to 64 hexadecimal digits. It is new for each run unless --seed says otherwise, every report
shows it, and with it the same image and rubric get the same score. In a class each student has a seed derived from the
class's and their id; a class that goes on keeps its seed.

  $ taskgrader grade --seed 18f3a2 ./my-work`},
		{ID: "expected", Summary: "the file of rubric test: what sample submissions should come to",
			Keys: append(option.Keys(reflect.TypeFor[expectations]()), option.Below("submissions.NAME",
				option.Keys(reflect.TypeFor[ExpectedSubmission]()))...),
			Why: `A rubric is tested by submissions: at least one that is right, and for each thing that it should find,
one with that fault. expected.yaml lies beside their folders and says of each what it should come to. A check that fails
does not name must pass, or be blocked by one that it names. rubric names a built-in rubric, or a file by its path from
expected.yaml.

  $ taskgrader rubric test samples/expected.yaml`,
			Example: `rubric: ./notes.yaml
submissions:
  right: {score: 10}
  forgets: {fails: [create], why: GET answers 404 for a note that was stored}
  no-dockerfile: {score: 0}`},
	}
}

// defaultLimits returns the limits as they would be written.
func defaultLimits() string {
	l := check.DefaultLimits()
	return fmt.Sprintf(`limits:
  build: {time: %s, context: %s, files: %d, image: %s, memory: %s, pids: %d, disk: %s,
    log: %s, network: %s}
  run: {start: %s, time: %s, memory: %s, cpus: %v, pids: %d, disk: %s, files: %d, log: %s, network: %s}
  http: {timeout: %s, body: %s}`,
		l.Build.Time, l.Build.Context, l.Build.Files, l.Build.Image, l.Build.Memory, l.Build.PIDs,
		l.Build.Disk, l.Build.Log, l.Build.Network,
		l.Run.Start, l.Run.Time, l.Run.Memory, l.Run.CPUs, l.Run.PIDs, l.Run.Disk, l.Run.Files, l.Run.Log,
		l.Run.Network, l.HTTP.Timeout, l.HTTP.Body)
}
