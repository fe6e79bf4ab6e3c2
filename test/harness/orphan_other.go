//go:build !linux

package harness

import "syscall"

// orphaned does nothing: only Linux tells a process that its parent died.
func orphaned() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
