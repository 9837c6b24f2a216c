//go:build unix

package baseimage

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the head of a group of processes that ends as one: debootstrap starts
// many.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}
