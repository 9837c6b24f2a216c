package fleet

import (
	"encoding/json"
	"time"

	"github.com/taskgrader/taskgrader/grader/rubric"
)

// Manifest is all that a worker must know of a class to judge as any other does.
type Manifest struct {
	Class      string `json:"class"`
	Generation string `json:"generation"` // random, and new when all is graded again

	RubricFile   string   `json:"rubric_file"` // as positions name it
	RubricText   string   `json:"rubric_text"`
	RubricDigest string   `json:"rubric_digest"`
	BuiltIn      bool     `json:"built_in,omitempty"`
	Only         []string `json:"only,omitempty"`

	Version  string `json:"version"`  // of the grader, as reports show it
	Build    string `json:"build"`    // of the grader: equal where the same program is
	Platform string `json:"platform"` // what a machine must be: equal where the same limits hold
	// Bases is the image lock: what base images are, by the names in Dockerfiles.
	Bases    map[string]Base `json:"bases,omitempty"`
	Samples  []Sample        `json:"samples,omitempty"` // of the canary; none are those that the program has
	Deadline time.Duration   `json:"deadline"`          // of one grading
}

// Base is which image the name of a base image stands for.
type Base struct {
	Digest string `json:"digest"` // of a registry's, or the id that its engine knows it by
	// equal in every engine; the hub has the image as [ImageBlob] of it, if anybody asks
	Content string `json:"content"`
}

// Sample is a submission of which it is known what it must come to.
type Sample struct {
	ID       string                    `json:"id"`
	Blob     string                    `json:"blob"` // as [submission.Pack] writes it
	Expected rubric.ExpectedSubmission `json:"expected"`
}

// need names those who may grade the class.
func (m Manifest) need() string { return digest(m.Platform)[:12] }

// id tells one manifest from another.
func (m Manifest) id() string {
	text, _ := json.Marshal(m) // of texts and numbers; maps are written in order
	return digest(string(text))[:32]
}

// key names one question: a verdict can only ever be of exactly this.
func (m Manifest) key(id, content, seed, round string) string {
	return digest(m.id(), id, content, seed, round)[:40]
}
