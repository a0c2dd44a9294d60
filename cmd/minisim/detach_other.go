//go:build !unix

package main

import "syscall"

// apart changes nothing: here a process outlives the terminal by itself.
func apart() *syscall.SysProcAttr { return nil }
