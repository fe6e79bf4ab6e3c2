package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tenantry/tenantry/adapters/postgres"
	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/app"
)

var errUnsound = errors.New("the doctor found something: see above, and docs/operations.md")

// doctor is the subcommand: it examines the database, and mends only when told
// to.
func doctor(ctx context.Context, cmd command) error {
	mend := false
	flags := newFlags("doctor [--fix]")
	flags.BoolVar(&mend, "fix", false, "mend what has one way to be mended")
	if err := parseFlags(flags, cmd.args, 0); err != nil {
		return err
	}
	c, err := settings()
	if err != nil {
		return err
	}
	return examine(ctx, c, cmd.stdout, mend)
}

// examine prints a line for each question, and fails when something is wrong.
func examine(ctx context.Context, c config, w io.Writer, mend bool) error {
	inspector, err := openInspector(ctx, c)
	if err != nil {
		return err
	}
	store, _, err := openStore(ctx, c)
	if err != nil {
		return errors.Join(err, inspector.Close())
	}
	d := app.Doctor{Dependencies: app.Dependencies{Store: store, Clock: system.Clock{}, Random: system.NewRandom()}, Inspector: inspector}
	err = examineWith(ctx, c, d, w, mend)
	return errors.Join(err, store.Close(), inspector.Close())
}

func examineWith(ctx context.Context, c config, d app.Doctor, w io.Writer, mend bool) error {
	var err error
	if d.Schema, err = neededSchema(ctx); err != nil {
		return err
	}
	if master, err := keptMasterKey(c); err != nil {
		d.Unsealed = err
	} else if d.Sealer, err = seal.New(master); err != nil {
		return err
	}
	sound := true
	err = d.Examine(ctx, mend, func(found app.Diagnosis) {
		sound = sound && found.Sound()
		_, _ = fmt.Fprintln(w, describe(found))
	})
	if err == nil && !sound {
		err = errUnsound
	}
	return err
}

// describe is one line: what was asked, and what came of it.
func describe(d app.Diagnosis) string {
	verdict := "FOUND"
	switch {
	case d.Count == 0:
		return "ok      " + d.Subject
	case d.Mended == d.Count:
		verdict = "mended"
	case d.Advice:
		verdict = "note"
	}
	line := fmt.Sprintf("%-7s not so: %s: %d (%s", verdict, d.Subject, d.Count, strings.Join(d.Examples, "; "))
	if d.Count > len(d.Examples) {
		line += "; …"
	}
	line += ")"
	switch {
	case d.Mended > 0:
		line += fmt.Sprintf(", %d mended", d.Mended)
	case d.Mendable:
		line += ", doctor --fix mends it"
	}
	return line
}

// openInspector never makes a database: there would be nothing to examine.
func openInspector(ctx context.Context, c config) (*sqlstore.Inspector, error) {
	if c.DatabaseURL.engine() == postgresEngine {
		return postgres.OpenInspector(ctx, c.postgres())
	}
	return sqlite.OpenInspector(ctx, c.DatabaseURL.path())
}

// thereIs refuses a file of SQLite that is not there: opening it would make it.
func thereIs(c config) error {
	if c.DatabaseURL.engine() == sqliteEngine {
		return sqlite.Exists(c.DatabaseURL.path())
	}
	return nil
}

// keptMasterKey is the key as masterKey has it, but none is made.
func keptMasterKey(c config) ([]byte, error) {
	if c.MasterKey.set() {
		return seal.ParseMasterKey(c.MasterKey.text)
	}
	return seal.LoadMasterKey(c.masterKeyFile())
}

// neededSchema is the one that this program's own steps make, in a file that is
// thrown away. Both engines have the same.
func neededSchema(ctx context.Context) (_ []string, err error) {
	directory, err := os.MkdirTemp("", "tenantry-schema-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	path := filepath.Join(directory, "schema.db")
	migrator, err := sqlite.OpenMigrator(ctx, path)
	if err != nil {
		return nil, err
	}
	_, err = migrator.Up(ctx)
	if err := errors.Join(err, migrator.Close()); err != nil {
		return nil, err
	}
	inspector, err := sqlite.OpenInspector(ctx, path)
	if err != nil {
		return nil, err
	}
	sentences, err := inspector.Schema(ctx)
	return sentences, errors.Join(err, inspector.Close())
}
