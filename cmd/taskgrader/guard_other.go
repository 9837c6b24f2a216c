//go:build !unix

package main

import "syscall"

const canGuard = false

func ownGroup() *syscall.SysProcAttr { return nil }
