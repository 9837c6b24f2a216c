# make demo    grade the lesson's folder, some with a fault and the sample class, and say where the pages are
# make test    all tests, with what they need
# make bench   the figures in docs/benchmarks.md; quiet the machine first
# make cross   build for every system that a release is made for
# make image   the container image of taskgrader itself
SHELL := bash
# Where git does not answer, as in a checkout of another user's, Go must not ask it for the version.
export GOFLAGS ?= $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)

.PHONY: build demo test bench cross image setup lint generate clean

build:
	go build -o bin/taskgrader ./cmd/taskgrader

setup:
	./scripts/setup

demo: build
	./scripts/demo

test: setup build
	test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	./scripts/tools
	bin/taskgrader images submissions docs/examples/shortener
	go vet ./...
	go test -p 2 -timeout 18m ./...

bench: setup build
	go run ./bench

cross:
	./scripts/cross

image:
	./scripts/image

lint:
	golangci-lint run

generate:
	go generate ./...

clean:
	rm -rf bin dist
