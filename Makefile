# make demo   grade the lesson's folder and the sample class, and say where the pages are
# make test   all tests, with all they need
# make bench  the figures that the documents quote
SHELL := bash
export GOFLAGS ?= -buildvcs=false

.PHONY: demo test bench setup lint generate clean

bin/taskgrader: $(shell find . -name '*.go' -o -name '*.yaml' -o -name '*.py' -o -name '*.html' -o -name '*.css' | grep -v _test.go) go.mod go.sum
	go build -o $@ ./cmd/taskgrader

setup:
	./scripts/setup

demo: bin/taskgrader setup
	./scripts/demo

test: setup
	go vet ./...
	test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	go test -p 2 -timeout 18m ./...

bench:
	./scripts/bench

generate:
	go generate ./...

clean:
	rm -rf bin
