# make unit      what needs no Docker: Go and curl, a minute
# make demo      grade the lesson's folder, some with a fault and the sample class, and say where the pages are
# make test      all tests, with what they need, on this machine's Docker engine and on the newest
# make engines   the sample submissions on five engines: docs/engines.md
# make bases     the base images of the samples, loaded or made: the others do it for themselves
# make lint      golangci-lint and govulncheck
# make generate  the list of kinds and the rubrics' JSON Schema
# make new-kind NAME=…   a folder for a new kind of check, with a test that says what to write
# make bench     the figures in docs/benchmarks.md; quiet the machine first
# make cross     build for every system that a release is made for
# make image     the container image of taskgrader itself
SHELL := bash
# Where git does not answer, as in a checkout of another user's, Go must not ask it for the version.
export GOFLAGS ?= $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)
# The engines that make test asks: of own, stable, stable-containerd, newest, newest-containerd.
ENGINES ?= own newest newest-containerd

.PHONY: build bases unit demo test engines bench cross image setup lint generate fresh new-kind clean

build:
	go build -o bin/taskgrader ./cmd/taskgrader

setup:
	./scripts/setup

bases: build
	bin/taskgrader images submissions docs/examples/*/

unit:
	test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	./scripts/unit

demo: build
	./scripts/demo

test: setup build unit bases
	./scripts/tools
	./scripts/engines test $(ENGINES)

engines: setup build bases
	./scripts/engines table

bench: setup build
	go run ./bench

cross:
	./scripts/cross

image:
	./scripts/image

lint:
	./scripts/lint

generate:
	go generate ./...

fresh:
	./scripts/fresh


new-kind:
	./scripts/new-kind $(NAME)

clean:
	rm -rf bin dist
