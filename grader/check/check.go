// Package check is the contract between a check and a submission.
//
// A kind of check is one folder below kinds: it declares a [Kind], reads its options into a type
// that is a [Check], and asks its question of a [Target]. It answers with an [Outcome], or with an
// error when the grader could not ask: an error never costs a student a point.
//
// A Target offers small interfaces, and a kind asks for the ones that it needs: the folder
// ([Source]), the build, the image, the running program. What a student can do about a lost point
// is a [Hint], which is data: the cause that was seen, advice, and the edit of a file where a line
// can be written. Whether it becomes text on a page or a terminal, points or a row of a gradebook
// is decided elsewhere.
package check

import (
	"context"
	"math/rand/v2"

	"github.com/taskgrader/taskgrader/grader/option"
)

// Kind is one kind of check: the key in a rubric, when it can be asked, its manual, and how to make
// one.
type Kind struct {
	Name  string // the key in a rubric
	Phase Phase  // when it can be asked
	Quiet bool   // it sends the program nothing, so that an end of the program while it is asked is not its doing
	// it judges whether Phase was reached, so it is asked when reaching Phase was tried, and what
	// needs Phase is blocked by it
	Gate   bool
	Manual Manual
	New    func() Check // a new Check with its defaults, to be decoded into; it must be a pointer
}

// Phase is how far a submission must have come before a check can be asked.
type Phase int

// The phases, in order.
const (
	Folder  Phase = iota // nothing has to be there but the folder
	Context              // the folder can be sent to a build, whether or not the student's own succeeds
	Image                // the image is built
	Running              // the main container answers; such checks take turns in rubric order, what is hidden last
	// as Running, with a container of its own: it takes no turn, and is asked while the main one
	// still comes up
	OwnContainer
	Last // as Running, after all others, because it ends the container
)

// Manual is what `taskgrader explain` prints of a kind or of a rule.
type Manual struct {
	Summary string // one line
	Text    string // paragraphs: what it asks, what it wants, how it judges, what it does not see
	Example string // YAML: the entry of `checks` that asks it; the tests parse it
	// Every is entries that have every key of its options between them, where the example does not:
	// the tests put other values in the place of each.
	Every  []string
	Topics []Topic
}

// Topic is a part of a manual with a name of its own: a Dockerfile rule, or a part of the rubric
// language.
type Topic struct {
	ID      string
	Summary string
	Why     string       // paragraphs
	Bad     string       // of a rule: a Dockerfile that breaks it
	Good    string       // the same, fixed
	Keys    []option.Key // of a part of the language that is written as a mapping
	Example string       // of a part of the language: YAML; the tests parse it
}

// Check asks one question of a submission.
type Check interface {
	// Ask answers the question. The context ends when the check's time is up or the run is
	// interrupted, which is an error. An error means that the grader could not ask. Ask is called
	// for many submissions, after another or at once, so it must not change its receiver.
	Ask(ctx context.Context, t Target, in Input) (Outcome, error)
}

// SetupConfigurer is a Check that has a say in how the image is built or the container started.
type SetupConfigurer interface {
	Configure(*Setup)
}

// Phased is a Check whose options decide when it can be asked, rather than its kind alone.
type Phased interface {
	Phase() Phase
}

// ScopeValidator is a Check whose options use variables: it is told what the rubric says around it,
// and returns what is wrong, and which of the names it used.
type ScopeValidator interface {
	ValidateScope(scope Scope) (used []string, problems option.Problems)
}

// Scope is what a rubric says around a check.
type Scope struct {
	Fresh  Fresh        // what the check's `fresh` makes
	Shared Fresh        // what the rubric's own `fresh` makes
	People option.Value // who may ask; zero where the rubric names nobody
	As     option.Value // who asks; zero where the check names nobody

	Partial bool // the check shares its points among its items
}

// StartJudge is a Check that judges how the container of its own starts, so that it is asked of one
// that did not come up.
type StartJudge interface {
	JudgesStart() bool
}

// Owner is a Check that needs a container that is no other check's.
type Owner interface {
	Owns() bool
}

// LimitsValidator is a Check with options that the rubric's limits bound: it is told where they are
// written.
type LimitsValidator interface {
	ValidateLimits(at option.Value, l Limits) option.Problems
}

// Foreseer is a Check that sees in the folder alone some of what it would judge: what a student is
// told while nothing was built. The program is to listen on port. What it returns holds no verdict.
type Foreseer interface {
	Foresee(t Source, port int) []Item
}

// Sender is a Check of steps, which may be given what another check judges.
type Sender interface {
	// Sends are the requests that it judges, as the rubric writes them: POST /tasks.
	Sends() []string
	// Givens are those that it is given.
	Givens() []string
}

// Teller is a Check that says what it asks, a line each, for who has not been asked yet.
type Teller interface {
	Tell() []string
}

// Input is what one asking of a check is given besides the submission.
type Input struct {
	ID      string           // the check's id in the rubric
	Fresh   map[string]any   // the new random values of `fresh`
	Shared  map[string]any   // those of the rubric's own `fresh`, the same in every check
	Rand    *rand.Rand       // from the run's seed and the check's id; for this asking alone
	Partial bool             // ask all items, even after one failed
	Line    func(int) string // the rubric's text on a line; never nil
	Memory  *Memory          // of the checks that were asked before; may be nil
	Port    int              // on which the rubric looks for the program
}

// Outcome is the answer to a check's question: its items, and what to show.
type Outcome struct {
	// Items are what was asked, in the rubric's order; there is always at least one. The outcome as
	// a whole is the worst of them, or of a `partial` check their mean.
	Items []Item
	// Want, Got and Hint sum the items up; where empty, the first item that does not hold speaks
	// for all.
	Want, Got string
	Hint      Hint
	Evidence  []Evidence
	// Given is the request, as the rubric writes it, that was to set up what is asked and did not:
	// the check is blocked by the one that judges it and did not pass, and fails where there is
	// none.
	Given string
	// Lacks is the phase that cannot be reached, where items are Skipped because of that: its gate
	// blocks the check.
	Lacks Phase
	// Until is the phase that must be reached for the outcome to count: where it is not, there was
	// nothing to judge, and the gate of that phase blocks the check.
	Until Phase
	// Down says that the container of the check's own did not come up. Where the main one did not
	// either, the gate of the running container blocks the check.
	Down bool
}

// Item is one thing that was asked.
type Item struct {
	Name   string
	Share  float64 // how much of it holds: 1 is all, 0 nothing
	Weight float64 // its share of the points of a partial check; 0 is 1
	// Skipped means not asked, because an item before it did not hold, or because there was nothing
	// to judge; Share is then 0, and Got may say why. A check of which nothing else fails is
	// blocked.
	Skipped   bool
	Free      bool // it sets up what is asked, or is told as advice, and earns nothing
	Want, Got string
	Hint      Hint
	Alone     bool   // its hint is all there is to say: the rubric's is about something else
	File      string // the student's file that Line is of
	Line      int
}

// Evidence is something to look at. Its fields are those of result.Evidence.
type Evidence struct {
	Kind  string // exchange, diff, rubric, command, log, text, table, ignore, story
	Title string
	Text  string
	File  string
	Line  int
	Rows  [][]string
}

// Passed returns the item that holds.
func Passed(name string) Item { return Item{Name: name, Share: 1} }

// Pass returns the outcome in which one thing was asked, and it holds.
func Pass(name, got string) Outcome {
	return Outcome{Items: []Item{{Name: name, Share: 1, Got: got}}, Got: got}
}

// Fail returns the outcome in which one thing was asked, and it does not hold.
func Fail(name, want, got string, hint Hint) Outcome {
	return Outcome{Items: []Item{{Name: name, Want: want, Got: got, Hint: hint}}, Want: want, Got: got, Hint: hint}
}
