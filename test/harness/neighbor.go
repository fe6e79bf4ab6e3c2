package harness

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Neighbor is a program of others that runs beside the server: a gateway, or a
// product's backend.
type Neighbor struct {
	tb      testing.TB
	process *running
	name    string
}

// nobody is the user without rights, on every system that has users.
const nobody = 65534

// StartNeighbor starts a program in the directory and waits until it listens on
// the address. It runs without the rights of root, and ends with the test.
func StartNeighbor(tb testing.TB, address, directory string, env Environment, program string, arguments ...string) *Neighbor {
	tb.Helper()
	var user *syscall.Credential
	if os.Getuid() == 0 {
		user = &syscall.Credential{Uid: nobody, Gid: nobody}
		if err := os.Chown(directory, nobody, nobody); err != nil {
			tb.Fatal(err)
		}
	}
	p, err := launchAs(user, program, directory, env, arguments...)
	if err != nil {
		tb.Fatal(err)
	}
	n := &Neighbor{tb, p, program}
	tb.Cleanup(n.stop)
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return n
		}
		if p.ended(20 * time.Millisecond) {
			break
		}
	}
	tb.Fatalf("%s does not listen on %s:\n%s", program, address, n.Said())
	return nil
}

// Said is what the program has written.
func (n *Neighbor) Said() string { return n.process.stdout.String() + n.process.stderr.String() }

func (n *Neighbor) stop() {
	n.tb.Helper()
	_ = n.process.signal(syscall.SIGTERM) // one that has ended is what is wanted
	if !n.process.ended(stopLimit) {
		_ = n.process.signal(os.Kill)
		n.tb.Errorf("%s did not stop within %s", n.name, stopLimit)
	}
	if n.tb.Failed() {
		n.tb.Logf("%s said:\n%s", n.name, tail(n.Said()))
	}
}

// FreeAddress is one on which nothing listens now.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// OpenDirectory is one that another user can get into, which TempDir is not.
func OpenDirectory(tb testing.TB) string {
	tb.Helper()
	directory, err := os.MkdirTemp("", "tenantry-neighbor-")
	if err == nil {
		err = os.Chmod(directory, 0o755) //nolint:gosec // that is what it is for
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			tb.Error(err)
		}
	})
	return directory
}

// Find returns the path of a program. Packages put servers where only
// administrators' shells look.
func Find(tb testing.TB, program string) string {
	tb.Helper()
	for _, candidate := range []string{program, "/usr/sbin/" + program, "/usr/local/sbin/" + program, "/opt/homebrew/bin/" + program} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	tb.Fatalf("%s is not installed: run test/ensure.sh, which \"make test\" does, too", program)
	return ""
}
