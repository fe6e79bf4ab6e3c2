package harness

import "syscall"

// orphaned makes the kernel end a server whose test process died without a
// word.
func orphaned() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
