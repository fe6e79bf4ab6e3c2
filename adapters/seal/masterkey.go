package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	privateMode = 0o600
	forOthers   = 0o077 // permission bits of group and others
	maxFile     = 1 << 10
)

var errKeyForm = errors.New("the master key must be 32 bytes in base64; make one with: openssl rand -base64 32")

// ParseMasterKey reads a master key from base64, with or without white space
// around it. Errors do not quote it.
func ParseMasterKey(b64 string) ([]byte, error) {
	b64 = strings.TrimSpace(b64)
	key, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || len(key) != KeySize || strings.ContainsAny(b64, "\r\n") {
		return nil, errKeyForm
	}
	return key, nil
}

// LoadOrCreateMasterKey reads the master key from the file, which nobody but
// its owner may read, or makes the file with a new key. Processes that start at
// once end with the same key. When it returns, the file survives a power cut.
func LoadOrCreateMasterKey(path string) ([]byte, error) {
	key, err := LoadMasterKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("making the master key file: %w", err)
	}
	return LoadMasterKey(path)
}

// LoadMasterKey reads the master key from the file, which nobody but its owner
// may read.
func LoadMasterKey(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the operator's own setting
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the master key file %s is no regular file", path)
	}
	if open := info.Mode().Perm() & forOthers; open != 0 {
		return nil, fmt.Errorf("the master key file %s is open to others (mode %04o); chmod 600 it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, err
	}
	key, err := ParseMasterKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// create writes a new key under another name and links it to path, which fails
// when path exists: nobody ever sees half a key, and who comes second keeps
// the first one's.
func create(path string) error {
	key := make([]byte, KeySize)
	rand.Read(key) // never fails: it ends the program instead
	directory := filepath.Dir(path)
	draft, err := os.CreateTemp(directory, ".master-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // a leftover is a private file with an unused key
	_, err = draft.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, draft.Chmod(privateMode), draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDirectory(directory)
}

// syncDirectory makes the name durable, also for who came second: it may seal
// with the key before the first has got as far.
func syncDirectory(path string) error {
	directory, err := os.Open(path) //nolint:gosec // the operator's own setting
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
