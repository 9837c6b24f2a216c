// Package rubrics holds the rubrics that ship with taskgrader.
package rubrics

import "embed"

//go:generate go run ../cmd/taskgrader rubric schema --out rubric.schema.json

// FS holds one YAML file for each rubric, named as the rubric is.
//
//go:embed *.yaml
var FS embed.FS
