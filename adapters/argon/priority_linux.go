package argon

import (
	"os/exec"
	"runtime"
	"syscall"
)

// startLow starts the program at a lower priority. On Linux threads have
// priorities, and a process begins with that of the thread that makes it. A
// thread cannot have its own back, so it ends with its goroutine, which stays
// locked to it.
func startLow(c *exec.Cmd, nice int) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		if syscall.Gettid() == syscall.Getpid() {
			// The process's first thread never ends, and its priority is taken for
			// the whole process's: it is held here while another does this.
			started <- startLow(c, nice)
			runtime.UnlockOSThread()
			return
		}
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice) // where it may not, it starts all the same
		started <- c.Start()
	}()
	return <-started
}
