// Package kinds is the list of all kinds of check. Each has a folder here; the list is generated from them.
package kinds

//go:generate go run ./gen kinds.go
