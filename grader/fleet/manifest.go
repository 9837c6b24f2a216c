package fleet

import (
	"maps"
	"slices"
	"strings"
	"time"
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
	// Bases is the image lock: the ids of the base images by the names in Dockerfiles.
	Bases map[string]string `json:"bases,omitempty"`
	// Images are those of the Bases that no registry has, as blobs by their ids.
	Images   map[string]string `json:"images,omitempty"`
	Samples  string            `json:"samples,omitempty"` // a blob: the packed folder of the canary; empty is none
	Deadline time.Duration     `json:"deadline"`          // of one grading
}

// need names those who may grade the class.
func (m Manifest) need() string { return digest(m.Platform)[:12] }

// id tells one manifest from another.
func (m Manifest) id() string {
	var pairs []string
	for _, of := range []map[string]string{m.Bases, m.Images} {
		for _, ref := range slices.Sorted(maps.Keys(of)) {
			pairs = append(pairs, ref+"="+of[ref])
		}
	}
	return digest(m.Generation, m.RubricFile, m.RubricDigest, strings.Join(m.Only, ","), m.Version, m.Build, m.Platform,
		strings.Join(pairs, ","), m.Samples, m.Deadline.String())[:32]
}

// key names one question: a verdict can only ever be of exactly this.
func (m Manifest) key(id, content, seed, round string) string {
	return digest(m.id(), id, content, seed, round)[:40]
}
