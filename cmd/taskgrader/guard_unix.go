//go:build unix

package main

import "syscall"

// canGuard is that a process can be told of another's end here.
const canGuard = true

func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
