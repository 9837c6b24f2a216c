package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgrader/taskgrader/grader/result"
)

// TestProve: what hostile submissions try is held on this engine.
func TestProve(t *testing.T) {
	var out strings.Builder
	cmd := newDoctor()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--prove"})
	cmd.SetContext(t.Context())
	require.NoError(t, cmd.Execute(), out.String())
	assert.Contains(t, out.String(), "14 of 14 held")
}

// TestAProofCanFail: what passes where it should be held, or is held by something else, is told.
func TestAProofCanFail(t *testing.T) {
	check := func(id, status, got string) result.Report {
		return result.Report{Checks: []result.Check{{ID: id, Status: result.Status(status), Got: got}}}
	}
	byID := map[string]proof{}
	for _, p := range proofs {
		byID[p.check] = p
	}
	for _, c := range []struct {
		check  string
		report result.Report
		held   bool
	}{
		{"processes", check("processes", "pass", ""), true},
		{"processes", check("processes", "fail", "$.started = 500"), false},
		{"drip", check("drip", "fail", "the answer did not end within 5s"), true},
		{"drip", check("drip", "fail", "404 Not Found"), false},
		{"drip", check("drip", "pass", ""), false},
		{"drip", check("other", "pass", ""), false},
		{"drip", result.Report{Problem: &result.Problem{Message: "no"}}, false},
	} {
		held, _ := byID[c.check].judge(c.report)
		assert.Equal(t, c.held, held, "%+v", c.report)
	}
}

// TestProofsAreInTheReadme: its table is this one.
func TestProofsAreInTheReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	table := "| a submission that | is held by |\n|---|---|\n"
	for _, p := range proofs {
		table += "| " + p.tries + " | " + p.holds + " |\n"
	}
	assert.Contains(t, string(text), table)
}
