package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

var errEncoding = errors.New("the master key must be 32 bytes in base64; make one with: openssl rand -base64 32")

// ParseMasterKey reads a key as it stands in a setting or a file.
func ParseMasterKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != KeySize {
		return nil, errEncoding // the cause could repeat a part of the key
	}
	return key, nil
}

// LoadOrCreateMasterKey reads the key file, or makes one that its owner alone
// may read. Processes that start at once end with the same key: the first to
// put the file in place wins, and the others read it.
func LoadOrCreateMasterKey(path string) ([]byte, error) {
	key, err := load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := create(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("the master key file cannot be made: %w", err)
	}
	return load(path)
}

func load(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others; run: chmod 600 %s", path, path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	key, err := ParseMasterKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// create writes a whole file under another name and links it into place, which
// fails where there is one already. Both the file and the directory reach the
// disk before anything is sealed under the key.
func create(path string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".masterkey-*") // of mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // never fails
	_, err = temporary.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

func syncDirectory(path string) error {
	directory, err := os.Open(path) //nolint:gosec // beside the database
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
