//go:build unix

package tour

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// Where SQLite's connections hold their shared locks in the file.
const (
	sharedFirst = 0x40000000 + 2
	sharedSize  = 510
)

// docs/operations.md has operators open the file by SQLite's own tools while the
// program serves. The last to leave takes the write-ahead log away, so that what
// the program writes next is lost in a crash, unless the program's lock says
// that somebody is still there.
func TestWhoVisitsTheSQLiteFileSeesThatTheProgramUsesIt(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	harness.Start(t, d).Register(t)
	file, err := os.OpenFile(d.File(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: sharedFirst, Len: sharedSize}
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &lock); err != nil {
		t.Fatal(err)
	}
	if lock.Type == syscall.F_UNLCK {
		t.Error("the program has the database open and holds no lock on it")
	}
}
