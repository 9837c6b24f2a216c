// Package rubrics holds the rubrics that ship with taskgrader.
//
// They are files beside this one, compiled in as [FS]: task-api is the default, first-steps and
// multi-stage are the lesson's other two paths. rubric.schema.json is the JSON Schema of the
// language, made by `make generate`.
package rubrics

import "embed"

//go:generate go run ../cmd/taskgrader rubric schema --out rubric.schema.json

// FS holds one YAML file for each rubric, named as the rubric is.
//
//go:embed *.yaml
var FS embed.FS
