package faults

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// trace watches the system calls of a process, until ended.
type trace struct {
	command *exec.Cmd
	path    string
	said    bytes.Buffer
}

// attach begins a trace of the process by strace, with these options, and
// returns once it has taken hold of it.
func attach(t *testing.T, pid int, options ...string) *trace {
	t.Helper()
	program, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is not installed: run test/ensure.sh")
	}
	tr := &trace{path: filepath.Join(t.TempDir(), "trace")}
	tr.command = exec.Command(program, append([]string{"-f", "-p", strconv.Itoa(pid), "-o", tr.path}, options...)...) //nolint:gosec // as the test says
	tr.command.Stderr = &tr.said
	if err := tr.command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = tr.command.Wait() // it is interrupted in the end
		close(ended)
	}()
	t.Cleanup(func() {
		_ = tr.command.Process.Signal(syscall.SIGINT)
		<-ended
	})
	for begin := time.Now(); !traced(pid); <-time.After(10 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("strace cannot attach to a process here; in a container it needs the capability SYS_PTRACE:\n%s", tr.said.String())
		default:
		}
		if time.Since(begin) > longest {
			t.Fatal("strace does not attach")
		}
	}
	return tr
}

// traced says whether every thread of the process has a tracer.
func traced(pid int) bool {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/status")
	for _, thread := range threads {
		status, err := os.ReadFile(thread) //nolint:gosec // of our own process
		if err == nil && strings.Contains(string(status), "TracerPid:\t0\n") {
			return false
		}
	}
	return len(threads) > 0
}

// end lets go of the process and returns what was seen.
func (tr *trace) end(t *testing.T, pid int) string {
	t.Helper()
	if err := tr.command.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	for begin := time.Now(); traced(pid); <-time.After(10 * time.Millisecond) {
		if time.Since(begin) > longest {
			t.Fatal("strace does not let go")
		}
	}
	seen, err := os.ReadFile(tr.path)
	if err != nil {
		t.Fatal(err)
	}
	return string(seen)
}
