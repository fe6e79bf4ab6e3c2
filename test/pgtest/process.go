package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// process is a program that runs; over is closed when it has ended.
type process struct {
	command *exec.Cmd
	over    chan struct{}
	err     error // readable once over is closed
}

// spawn starts one of PostgreSQL's programs as the server's user.
func (s *Server) spawn(program string, arguments ...string) (*process, error) {
	// Its words go to a file: a server that held the test's own output open
	// would keep "go test" waiting.
	words, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	path, err := locate(s.programs, program)
	if err != nil {
		return nil, errors.Join(err, words.Close())
	}
	command := exec.Command(path, arguments...)
	command.Dir = s.directory // the test's own may be closed to the server's user
	command.Env = []string{"LC_ALL=C", "TZ=UTC", "HOME=" + s.directory, "PATH=" + os.Getenv("PATH")}
	command.Stdout, command.Stderr = words, words
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	orphaned(command.SysProcAttr)

	started := &process{command: command, over: make(chan struct{})}
	failure := make(chan error)
	go func() {
		// The kernel calls a process orphaned when the thread that started it
		// is gone. This one stays until the process has ended.
		runtime.LockOSThread()
		err := command.Start()
		failure <- errors.Join(err, words.Close())
		if err == nil {
			started.err = command.Wait()
		}
		close(started.over)
	}()
	if err := <-failure; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return started, nil
}

// initialize makes the data directory. Whoever reaches 127.0.0.1 is let in,
// nobody else: the server listens nowhere else.
func (s *Server) initialize() error {
	initdb, err := s.spawn("initdb", "-D", s.data(), "-U", "postgres", "--auth=trust",
		"--encoding=UTF8", "--no-locale", "--no-sync")
	if err != nil {
		return err
	}
	if !initdb.wait(startLimit) {
		return errors.Join(errors.New("initdb does not end"), initdb.destroy(stopLimit))
	}
	if initdb.err != nil {
		return fmt.Errorf("initdb: %w\n%s", initdb.err, s.words())
	}
	rules := "host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"
	return os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(rules), 0o600)
}

// await returns when the server takes connections. It asks the server's own
// file, because on the port somebody else's server may answer.
func (s *Server) await(server *process) error {
	const statusLine = 7
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); {
		content, _ := os.ReadFile(filepath.Join(s.data(), "postmaster.pid")) // absent at first
		lines := strings.Split(string(content), "\n")
		ours := lines[0] == fmt.Sprint(server.command.Process.Pid)
		if ours && len(lines) > statusLine {
			if status := strings.TrimSpace(lines[statusLine]); status == "ready" || status == "standby" { // which takes reads
				return nil
			}
		}
		if server.wait(10 * time.Millisecond) {
			return fmt.Errorf("PostgreSQL ended while it started: %w\n%s", server.err, s.words())
		}
	}
	return fmt.Errorf("PostgreSQL did not start within %s\n%s", startLimit, s.words())
}

// words returns the end of what the server's programs said.
func (s *Server) words() string {
	const enough = 20
	content, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-enough):], "\n")
}

// wait tells whether the process ended within the limit.
func (p *process) wait(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.over:
		return true
	case <-timer.C:
		return false
	}
}

// end asks the process to end, and makes it when it does not.
func (p *process) end(signal os.Signal, limit time.Duration) error {
	if err := p.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if p.wait(limit) {
		return nil
	}
	return errors.Join(fmt.Errorf("PostgreSQL did not end within %s", limit), p.destroy(limit))
}

// destroy kills the process with all its children and returns when they are gone.
func (p *process) destroy(limit time.Duration) error {
	// The parent goes first: it would answer a child's death with a restart.
	// Its children are read while it is frozen and can have no more of them.
	_ = p.command.Process.Signal(syscall.SIGSTOP) // fails when it has ended, which is the aim
	family := children(p.command.Process.Pid)
	_ = p.command.Process.Kill()
	for _, child := range family {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	if !p.wait(limit) {
		return fmt.Errorf("PostgreSQL survived a kill for %s", limit)
	}
	for deadline := time.Now().Add(limit); slices.ContainsFunc(family, alive); {
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL's backends survived a kill for %s", limit)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

func (p *process) signalAll(signal syscall.Signal) error {
	failures := []error{p.command.Process.Signal(signal)}
	for _, child := range children(p.command.Process.Pid) {
		if err := syscall.Kill(child, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}
