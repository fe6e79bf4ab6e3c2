package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

var errBeside = errors.New("there is a write-ahead log beside it, so it is no backup: it belongs to a database that was copied while it was open, and lacks what was written last")

// Backup copies a database that may be in use into a new file, for its owner's
// eyes only. The copy is of one moment, whole in itself, examined, and on the
// disk when Backup returns; where anything fails there is none.
func Backup(ctx context.Context, path, to string) error {
	if err := Exists(path); err != nil {
		return err
	}
	connector, err := connect(path, settings)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	if err := ping(ctx, db, path); err != nil {
		return err
	}
	err = place(to, func(draft string) error {
		if _, err := db.ExecContext(ctx, "VACUUM INTO $1", draft); err != nil {
			return fmt.Errorf("copy the database: %w", err)
		}
		return CheckBackup(ctx, draft)
	})
	return errors.Join(err, db.Close())
}

// CheckBackup says whether the file is a whole database by itself. It changes
// nothing, and makes no file beside it.
func CheckBackup(ctx context.Context, path string) error {
	if err := Exists(path); err != nil {
		return err
	}
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("%s: %w", path, errBeside)
	}
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro&immutable=1"}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return err
	}
	var verdict string
	err = db.QueryRowContext(ctx, "SELECT integrity_check FROM pragma_integrity_check LIMIT 1").Scan(&verdict)
	if err := errors.Join(err, db.Close()); err != nil {
		if ctx.Err() != nil {
			return ctx.Err() // nothing was found out
		}
		return fmt.Errorf("%s is no database: %w", path, err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%s is damaged: %s", path, verdict)
	}
	return nil
}

// Restore puts a copy of a backup where no database is, once prepare has made of
// it what it is to be: under another name, so that nobody opens it before.
func Restore(ctx context.Context, backup, path string, prepare func(draft string) error) error {
	if err := CheckBackup(ctx, backup); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if _, err := os.Lstat(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%s is there already: move it away, with what belongs to it", path+suffix), err)
		}
	}
	return place(path, func(draft string) error {
		if err := copyInto(backup, draft); err != nil {
			return err
		}
		if err := prepare(draft); err != nil {
			return err
		}
		return CheckBackup(ctx, draft) // and all of it is in the one file
	})
}

// place makes a file under another name and then gives it its own, which fails
// when there is one of that name. When it returns, the file survives a power cut.
func place(path string, fill func(draft string) error) error {
	directory := filepath.Dir(path)
	draft, err := os.CreateTemp(directory, "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	name := draft.Name()
	defer func() {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			_ = os.Remove(name + suffix) // what is left of a failure; mostly nothing
		}
	}()
	if err := errors.Join(draft.Close(), fill(name), persist(name)); err != nil {
		return err
	}
	if err := os.Link(name, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already", path)
		}
		return err
	}
	return persist(directory)
}

func copyInto(from, to string) (err error) {
	source, err := os.Open(from) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // our own draft
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// persist brings a file, or a directory's names, to the disk.
func persist(path string) error {
	f, err := os.Open(path) //nolint:gosec // our own draft, and its directory
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
