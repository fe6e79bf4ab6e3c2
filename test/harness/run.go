package harness

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Limits of waiting. Generous: a loaded machine is not a broken program.
const (
	startLimit = 60 * time.Second
	stopLimit  = 40 * time.Second
)

// Environment is a program's settings.
type Environment map[string]string

// Outcome is how a run of the program ended.
type Outcome struct {
	Code           int
	Stdout, Stderr string
}

// Run runs the program to its end.
func Run(tb testing.TB, env Environment, arguments ...string) Outcome {
	tb.Helper()
	return RunProgram(tb, Binary(tb), env, arguments...)
}

// RunProgram is Run for another build of the program.
func RunProgram(tb testing.TB, program string, env Environment, arguments ...string) Outcome {
	tb.Helper()
	return RunWithin(tb, startLimit, program, env, arguments...)
}

// RunWithin is RunProgram for a run that a test makes wait.
func RunWithin(tb testing.TB, limit time.Duration, program string, env Environment, arguments ...string) Outcome {
	tb.Helper()
	p, err := launch(program, tb.TempDir(), env, arguments...)
	if err != nil {
		tb.Fatal(err)
	}
	if !p.ended(limit) {
		_ = p.command.Process.Kill()
		tb.Fatalf("tenantry %v did not end; it said\n%s%s", arguments, p.stdout.String(), p.stderr.String())
	}
	return Outcome{p.command.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String()}
}

// running is one run of the program.
type running struct {
	command        *exec.Cmd
	stdout, stderr *output
	done           chan struct{}
}

func launch(binary, directory string, env Environment, arguments ...string) (*running, error) {
	return launchAs(nil, binary, directory, env, arguments...)
}

// launchAs starts a program as another user, or as this one for nil.
func launchAs(user *syscall.Credential, binary, directory string, env Environment, arguments ...string) (*running, error) {
	p := &running{stdout: newOutput(), stderr: newOutput(), done: make(chan struct{})}
	p.command = exec.Command(binary, arguments...)
	p.command.Dir = directory
	// With the race detector a program sleeps for a second before it ends, and
	// tests end hundreds.
	p.command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + directory, "TMPDIR=" + os.TempDir(), "GORACE=atexit_sleep_ms=10"}
	for name, value := range env {
		p.command.Env = append(p.command.Env, name+"="+value)
	}
	p.command.Stdout, p.command.Stderr = p.stdout, p.stderr
	p.command.SysProcAttr = orphaned()
	p.command.SysProcAttr.Credential = user
	started := make(chan error)
	go func() {
		// What the kernel calls the parent is the thread (see orphaned), which has
		// to live for as long as the program does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			_ = p.command.Wait() // the state tells
			close(p.done)
		}
	}()
	return p, <-started
}

// ended waits for the program's end and says whether it came in time.
func (p *running) ended(limit time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(limit):
		return false
	}
}

func (p *running) signal(s os.Signal) error {
	err := p.command.Process.Signal(s)
	if errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// output keeps what a program writes, and tells whoever waits for it.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
	news  chan struct{} // replaced with each write
}

func newOutput() *output { return &output{news: make(chan struct{})} }

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	close(o.news)
	o.news = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

// now returns the text and a channel that closes when there is more.
func (o *output) now() (string, <-chan struct{}) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String(), o.news
}
