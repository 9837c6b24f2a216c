// Package kinds is the list of all kinds of check.
//
// [All] returns them in the order of their names. Each has a folder here that declares a
// [check.Kind]; the list is made from the folders by gen, so that a new kind is a folder and `make
// generate`, and nothing else is edited. `make new-kind` lays the folder. No kind may import
// another.
package kinds

//go:generate go run ./gen kinds.go
