package advice_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check/advice"
)

func folder(files ...string) fstest.MapFS {
	f := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		f[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return f
}

// TestOf: what a program brings in comes before what its dependencies name, and both before the
// ends of names.
func TestOf(t *testing.T) {
	for _, c := range []struct {
		folder fstest.MapFS
		want   string
	}{
		{folder("main.py", "from fastapi import FastAPI\n"), "FastAPI"},
		{folder("app/main.py", "import os\nfrom flask import Flask\n", "requirements.txt", "fastapi\nflask\n"),
			"Flask"},
		{folder("requirements.txt", "fastapi[standard]>=0.1\n"), "FastAPI"},
		{folder("requirements.txt", "fastapi-mail\nflask\n"), "Flask"},
		{folder("pyproject.toml", "dependencies = [\"django>=5\"]\n", "manage.py", "import os\n"), "Django"},
		{folder("index.js", "const express = require('express')\n"), "Express"},
		{folder("src/main.ts", "import { NestFactory } from '@nestjs/core'\n", "package.json",
			`{"dependencies":{"@nestjs/core":"1","express":"4"}}`), "Express"},
		{folder("src/main.ts", "import { Get } from '@nestjs/common'\n", "package.json",
			`{"dependencies":{"@nestjs/core":"1"}}`), "NestJS"},
		{folder("server.mjs", "import fastify from 'fastify'\n"), "Fastify"},
		{folder("server.js", "const http = require('http')\n"), "Node"},
		{folder("main.go", "package main\n"), "Go"},
		{folder("go.mod", "require github.com/gin-gonic/gin v1\n", "main.go", "package main\n"), "Gin"},
		{folder("pom.xml", "<artifactId>spring-boot-starter-web</artifactId>"), "Spring"},
		{folder("server.py", "import http.server\n"), "Python"},
		{folder("server.js", "http\n", "node_modules/express/index.js", "require('express')", "tests/a.py",
			"import fastapi\n"), "Node"},
		{folder("README.md", "fastapi\n"), ""},
	} {
		assert.Equal(t, c.want, advice.Of(c.folder).Name)
	}
}

// TestSentences: none has a hole left, and what is said of a framework names it no other.
func TestSentences(t *testing.T) {
	for _, program := range [][2]string{{"main.py", "import fastapi\n"}, {"main.py", "import flask\n"},
		{"main.py", "import django\n"}, {"a.js", "require('express')"},
		{"a.ts", "from '@nestjs/common'"}, {"a.js", "require('fastify')"}, {"A.java", "import org.springframework.x;"},
		{"go.mod", "github.com/gin-gonic/gin"},
		{"Gemfile", "gem \"rails\""}, {"a.py", ""}, {"a.js", ""}, {"a.go", ""}, {"a.rb", ""}, {"a.md", ""}} {
		f := advice.Of(folder(program[0], program[1]))
		for _, said := range []string{f.JSON(), f.Status("POST", "/tasks", "201"), f.Refuse("404"),
			f.Route("PUT", "/tasks/1"), f.Validate(), f.Listen(8000), f.Stop(), f.Failure("405")} {
			assert.NotEmpty(t, said, f.Name)
			assert.NotRegexp(t, `\{(method|METHOD|path|code|name|port)\}`, said)
			if f.Name != "FastAPI" {
				assert.NotRegexp(t, `FastAPI|HTTPException\(|Pydantic|uvicorn`, said)
			}
		}
	}
	express := advice.Of(folder("index.js", "require('express')"))
	assert.Equal(t, "Set the status in the route: res.status(201).json(…).", express.Status("POST", "/tasks", "201"))
	assert.Equal(t, `Add app.put("/tasks/:id", (req, res) => …).`, express.Route("PUT", "/tasks/{id}"))
	assert.Equal(t, `Add a function with @app.route("/tasks/<id>", methods=["PUT"]).`,
		advice.Of(folder("app.py", "import flask\n")).Route("PUT", "/tasks/{id}"))
}

// TestRefuse: a name that the program does not bring in is told with what does, or done without.
func TestRefuse(t *testing.T) {
	for program, want := range map[string]string{
		"from fastapi import FastAPI, HTTPException\n": "raise HTTPException(status_code=404)",
		"from fastapi import FastAPI\n": "raise HTTPException(status_code=404), with `from fastapi import " +
			"HTTPException` at the top,",
		"from flask import Flask, abort\n": "abort(404)",
		"from flask import Flask\n":        `return {"error": "…"}, 404`,
	} {
		assert.Equal(t, want, advice.Of(folder("main.py", program)).Refuse("404"))
	}
}
