package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/app"
)

const (
	backupUsage  = "backup [--with-key] FILE"
	restoreUsage = "restore [--end-sessions=false] [FILE]"
)

var errBackupByServer = errors.New("PostgreSQL has its own means: pg_dump --format=custom --file=FILE, or continuous archiving for any " +
	"moment (PITR); then, on the restored database, tenantry restore without a file. See docs/operations.md, Back up and restore")

// backup is the subcommand: it copies an SQLite database that may be in use.
func backup(ctx context.Context, cmd command) error {
	withKey := false
	flags := newFlags(backupUsage)
	flags.BoolVar(&withKey, "with-key", false, "copy the master key's file, too")
	if err := parseFlags(flags, cmd.args, 1); err != nil {
		return err
	}
	c, err := settings()
	if err != nil {
		return err
	}
	file := flags.Arg(0)
	switch {
	case c.DatabaseURL.engine() == postgresEngine:
		return usageError{errBackupByServer}
	case file == "":
		return usageError{fmt.Errorf("say where to: tenantry %s", backupUsage)}
	}
	if err := sqlite.Backup(ctx, c.DatabaseURL.path(), file); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(cmd.stdout, "%s is a whole copy\n", file)
	if withKey {
		return copyKey(cmd, c.masterKeyFile(), keyBeside(file))
	}
	_, err = fmt.Fprintln(cmd.stdout, "the master key is not in it: keep MASTER_KEY, or "+c.masterKeyFile()+", elsewhere")
	return err
}

// keyBeside is where the key of a database file is, as of a backup.
func keyBeside(file string) string { return file + ".key" }

func copyKey(cmd command, from, to string) error {
	if _, err := seal.LoadMasterKey(from); err != nil {
		return err
	}
	text, err := os.ReadFile(from) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // as above
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.stdout, "%s is the master key\n", to)
	return err
}

// restore is the subcommand: it puts a backup where no database is, or, without
// a file, finishes what other means have put there.
func restore(ctx context.Context, cmd command) error {
	end := true
	flags := newFlags(restoreUsage)
	flags.BoolVar(&end, "end-sessions", true, "end every session, void every link and drop the mail that waits")
	if err := parseFlags(flags, cmd.args, 1); err != nil {
		return err
	}
	c, err := settings()
	if err != nil {
		return err
	}
	switch file := flags.Arg(0); {
	case file == "":
		err = finishRestore(ctx, cmd, c, end)
	case c.DatabaseURL.engine() == postgresEngine:
		return usageError{errBackupByServer}
	default:
		err = restoreFile(ctx, cmd, c, file, end)
	}
	if err != nil {
		return err
	}
	return examine(ctx, c, cmd.stdout, false)
}

func restoreFile(ctx context.Context, cmd command, c config, file string, end bool) error {
	brought := false
	err := sqlite.Restore(ctx, file, c.DatabaseURL.path(), func(draft string) (err error) {
		if brought, err = bringKey(cmd, c, file); err != nil {
			return err
		}
		there := c
		there.DatabaseURL = dsn{"sqlite:" + draft}
		master, err := keptMasterKey(c)
		if err != nil {
			return err
		}
		return finish(ctx, cmd, there, master, end)
	})
	if err != nil {
		if brought { // the next backup may have another
			err = errors.Join(err, os.Remove(c.masterKeyFile()))
		}
		return err
	}
	_, err = fmt.Fprintf(cmd.stdout, "%s is restored from %s\n", c.DatabaseURL.path(), file)
	return err
}

// bringKey puts the key that a backup has beside it where the program looks, if
// there is no other, and says whether it did.
func bringKey(cmd command, c config, file string) (bool, error) {
	if c.MasterKey.set() {
		return false, nil
	}
	if _, err := os.Lstat(c.masterKeyFile()); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if _, err := os.Lstat(keyBeside(file)); errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("the master key is missing, without which nobody can use the backup: put %s in place, or set MASTER_KEY", c.masterKeyFile())
	}
	err := copyKey(cmd, keyBeside(file), c.masterKeyFile())
	return err == nil, err
}

func finishRestore(ctx context.Context, cmd command, c config, end bool) error {
	alone, err := openEndpoint(ctx, c) // never makes a database, and refuses where somebody serves
	if err != nil {
		return err
	}
	master, keyErr := keptMasterKey(c)
	if err := errors.Join(keyErr, alone.DB.Close()); err != nil {
		return err
	}
	return finish(ctx, cmd, c, master, end)
}

// finish brings the schema up to this program, and ends what may have been ended
// since the backup.
func finish(ctx context.Context, cmd command, c config, master []byte, end bool) error {
	if err := bringUp(ctx, c, newLogger(cmd.stderr, c.LogLevel)); err != nil {
		return err
	}
	inspector, err := openInspector(ctx, c)
	if err != nil {
		return err
	}
	latest, err := inspector.Latest(ctx)
	if err := errors.Join(err, inspector.Close()); err != nil {
		return err
	}
	ended := 0
	err = withSigningKeys(ctx, c, master, func(k *app.SigningKeys) error {
		if !end {
			_, err := k.List(ctx) // by which the master key is tried
			return err
		}
		ended, err = app.Restoration{SigningKeys: k}.Finish(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if end {
		_, _ = fmt.Fprintf(cmd.stdout, "ended: every session, link and mail that waited (%d), and every signing key\n", ended)
	}
	_, err = fmt.Fprintf(cmd.stdout, "the audit ends at %s: keys that were revoked, members that were removed and\n"+
		"accounts that were disabled since are as they were then. Take that away again before you serve.\n", moment(latest))
	return err
}
