package pgtest

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const lockName = "owner.lock"

// lockDirectory takes the lock that says "my process lives". The kernel frees
// it when the process ends, however it ends.
func lockDirectory(directory string) (*os.File, error) { return lock(directory, os.O_CREATE) }

func lock(directory string, flag int) (*os.File, error) {
	// Temporary directories are open to all: a link planted there must not
	// lead a test that runs as root anywhere else.
	file, err := os.OpenFile(filepath.Join(directory, lockName), os.O_RDWR|syscall.O_NOFOLLOW|flag, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// sweep removes what killed test processes left behind.
func sweep(parent string) {
	// A young directory may belong to a process that has not locked it yet,
	// and a server that was just orphaned needs a moment to end.
	const settled = time.Minute

	for _, directory := range glob([]string{filepath.Join(parent, directoryPrefix+"*")}) {
		info, err := os.Lstat(directory)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < settled {
			continue
		}
		abandoned, err := lock(directory, 0)
		if err != nil {
			continue // still in use, or another user's
		}
		// What cannot be removed costs disk space; it must not cost a test.
		_ = os.RemoveAll(directory)
		_ = abandoned.Close()
	}
}
