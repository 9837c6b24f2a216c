//go:build !unix

package baseimage

import "os/exec"

// ownGroup does nothing: where there are no groups of processes there is no debootstrap either.
func ownGroup(*exec.Cmd) {}
