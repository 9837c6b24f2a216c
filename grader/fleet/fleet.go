// Package fleet grades a class on several machines. It is the only importer of NATS, and knows
// neither Docker nor kinds of checks.
//
// [Open] starts a [Hub], with a NATS server in this process or at one that runs elsewhere;
// [Hub.Begin] says what is graded, and [Hub.Grade] is the batch.Grade that hands each submission to
// whoever is free. On each machine [Work] takes one submission at a time for each of its slots.
//
// What it promises:
//
//   - The folder of reports is the one truth. The queue may be lost, or lied about, without losing
//     a grade: the hub asks again for what has no verdict.
//   - A worker that dies, hangs or is cut off costs nobody a point: its lease ends, and another
//     takes the submission. One on which several workers died is given up without a score.
//   - A fault of a machine is no verdict: the submission goes back, and the machine takes nothing
//     until its canary passes.
//   - The first valid verdict counts, once; each later one on the same question is compared with
//     it.
//   - A worker may answer for what it was given, under its own name, and nothing else.
package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"time"
)

// The names of what lies in the NATS server.
const (
	workStream    = "TG_WORK"
	resultStream  = "TG_RESULTS"
	classBucket   = "tg_class"
	workersBucket = "tg_workers"
	resultsReader = "hub"
)

func workSubject(class, need, key string) string {
	return strings.Join([]string{"tg.work", class, need, key}, ".")
}

func resultSubject(class, worker, key string) string {
	return strings.Join([]string{"tg.result", class, worker, key}, ".")
}

func eventSubject(class, worker string) string { return "tg.event." + class + "." + worker }
func fetchSubject(class, worker string) string { return "tg.fetch." + class + "." + worker }

// graders returns the name of the consumer that those share who fit a need.
func graders(class, need string) string { return class + "-" + need }

// inbox returns the prefix of a worker's own inbox: one that all shared would be everybody's mail.
func inbox(name string) string { return "_INBOX_" + name }

// namePattern is what a worker or a class may be called: one word of a subject.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// IsName reports whether a worker or a class may be called so.
func IsName(name string) bool { return namePattern.MatchString(name) }

// poisoned is the number of the delivery that is graded no more: whoever took the submission before
// died of it. What was given back is not counted.
const poisoned = 6

// Timing is how long things take before something is done about them. The zero value of each is the
// default; tests shorten them.
type Timing struct {
	Lease time.Duration // a worker that says nothing for so long has lost the submission; 30 s
	// before a submission is tried again that a machine failed at, and before that machine is; 30 s
	Pause  time.Duration
	Tend   time.Duration // how often the hub looks after the queue; 5 s
	Alive  time.Duration // how often a worker says that it is there; 5 s
	Give   time.Duration // what a request may take; 5 s
	Beyond time.Duration // what a grading may take beyond its deadline; 1 min
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		at *time.Duration
		is time.Duration
	}{{&t.Lease, 30 * time.Second}, {&t.Pause, 30 * time.Second}, {&t.Tend, 5 * time.Second},
		{&t.Alive, 5 * time.Second}, {&t.Give, 5 * time.Second}, {&t.Beyond, time.Minute}} {
		if *d.at <= 0 {
			*d.at = d.is
		}
	}
	return t
}

// gone is how many times Alive a worker may be silent.
const gone = 3

func digest(parts ...string) string {
	sum := sha256.New()
	for _, p := range parts {
		sum.Write([]byte(p))
		sum.Write([]byte{0})
	}
	return hex.EncodeToString(sum.Sum(nil))
}
