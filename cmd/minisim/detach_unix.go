//go:build unix

package main

import "syscall"

// apart has a process live in a session of its own, so that it outlives the terminal.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
