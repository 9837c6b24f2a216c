// Package grader grades one submission: it builds, starts, asks the rubric's checks in an order
// that wastes no time, and makes points of their outcomes.
//
// Call [Grade] with an [Engine] (package engine has one that uses Docker), a rubric and a
// submission. It always gives a report. What goes wrong for a reason that is not the student's is
// an infrastructure error: it makes a report without a score, and never costs a point. The package
// knows neither Docker nor any kind of check by name, so that it is tested without both.
//
// # One submission's way
//
// A tour through the code, with the place of each step:
//
//  1. grader/submission opens a folder or an archive, within limits, as a submission with an id and
//     a digest. What cannot be opened, or is too large, is refused; that is a build that fails,
//     with the reason.
//  2. grader/rubric has read the rubric. Each entry of its checks was decoded into a value of its
//     kind (grader/check/kinds), which is a [check.Check].
//  3. [Grade] opens the folder as a [check.Source] and begins with the checks that need nothing
//     else (grade.go).
//  4. Engine.Open gives a [Session], where this submission alone is built and run. Its Build makes
//     the image; in grader/engine that is testcontainers-go's build with a BuildKit session that
//     serves the student's files, and a trace of what each step did.
//  5. Checks of the image begin, side by side, while Session.Start brings the container up and
//     looks for the port on which its program answers.
//  6. Checks of the running container take their turns, in the rubric's order; one that ends the
//     container fails, and the container is started again for the next (ask.go). What ends it on
//     purpose comes last.
//  7. A check's [check.Outcome], or its error, becomes a verdict. What needs a check that did not
//     pass is blocked by it, and what needs a phase that was not reached by the gate of that phase:
//     build or start.
//  8. The verdicts and what the engine saw become a [result.Report]: points of each check, rounded
//     once, and sums of those (assemble.go). Session.Close removes everything.
//  9. grader/report draws pages of the report, grader/export writes it in other programs' forms;
//     both see the report alone.
//
// Random values come from the report's seed and the check's id (seed.go), so that the same seed
// asks the same.
//
// docs/design.md has the principles, the glossary, and why BuildKit is asked as it is.
package grader
