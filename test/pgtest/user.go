package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// unprivileged returns the user that runs the server, or nil for the current
// one: PostgreSQL refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody")
}

const directoryPrefix = "tenantry-pgtest-"

// makeDirectory makes a directory that belongs to the server's user, with the
// lock by which a later process knows whether this one still lives.
func makeDirectory(owner *syscall.Credential) (path string, lock *os.File, err error) {
	parent := os.TempDir()
	if owner != nil && !open(parent) {
		parent = "/tmp" // root's own temporary directory may be closed to others
	}
	sweep(parent)
	if path, err = os.MkdirTemp(parent, directoryPrefix); err != nil {
		return "", nil, err
	}
	if lock, err = lockDirectory(path); err == nil && owner != nil {
		err = os.Chown(path, int(owner.Uid), int(owner.Gid))
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(path))
	}
	return path, lock, nil
}

// open tells whether every user may pass through a directory and all above it.
func open(directory string) bool {
	for {
		info, err := os.Stat(directory)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if parent := filepath.Dir(directory); parent != directory {
			directory = parent
			continue
		}
		return true
	}
}
