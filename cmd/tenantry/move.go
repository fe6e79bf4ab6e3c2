package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/tenantry/tenantry/adapters/postgres"
	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/app"
)

const moveUsage = "move --from sqlite:FILE --to postgres://…, or the other way"

// move is the subcommand: it takes everything from one engine to the other.
func move(ctx context.Context, cmd command) error {
	var from, to string
	flags := newFlags(moveUsage)
	flags.StringVar(&from, "from", "", "the database that is")
	flags.StringVar(&to, "to", "", "the empty database that is to be")
	if err := parseFlags(flags, cmd.args, 0); err != nil {
		return err
	}
	c, err := settings()
	if err != nil {
		return err
	}
	source, target := c, c
	source.DatabaseURL, target.DatabaseURL = dsn{from}, dsn{to}
	if err := errors.Join(source.DatabaseURL.check("--from"), target.DatabaseURL.check("--to")); err != nil {
		return usageError{fmt.Errorf("%w; it is: tenantry %s", err, moveUsage)}
	}
	if source.DatabaseURL.engine() == target.DatabaseURL.engine() {
		return usageError{fmt.Errorf("both are %s, which has its own means: see docs/operations.md, Back up and restore", source.DatabaseURL.engine())}
	}
	master, err := moveAll(ctx, cmd, source, target)
	if err != nil {
		return err
	}
	target.MasterKey = secret{base64.StdEncoding.EncodeToString(master)}
	if err := examine(ctx, target, cmd.stdout, false); err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.stdout, whatToSet(source))
	return err
}

// moveAll returns the master key, which has to go along.
func moveAll(ctx context.Context, cmd command, source, target config) ([]byte, error) {
	out, err := openEndpoint(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	if err := out.DB.Close(); err != nil { // it is alone; what follows opens it in its own ways
		return nil, err
	}
	if err := atThisSchema(ctx, source); err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	master, err := keptMasterKey(source)
	if err != nil {
		return nil, err
	}
	err = withSigningKeys(ctx, source, master, func(k *app.SigningKeys) error {
		_, err := k.List(ctx) // by which the master key is tried
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := bringUp(ctx, target, newLogger(cmd.stderr, target.LogLevel)); err != nil {
		return nil, fmt.Errorf("--to: %w", err)
	}
	return master, carry(ctx, cmd, source, target)
}

// atThisSchema refuses to read what another version of the program wrote.
func atThisSchema(ctx context.Context, c config) error {
	m, err := openMigrator(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(m.Same(ctx), m.Close())
}

func carry(ctx context.Context, cmd command, source, target config) error {
	out, err := openEndpoint(ctx, source)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	in, err := openEndpoint(ctx, target)
	if err != nil {
		return errors.Join(fmt.Errorf("--to: %w", err), out.DB.Close())
	}
	table := tabwriter.NewWriter(cmd.stdout, 0, 0, 2, ' ', 0)
	err = sqlstore.Move(ctx, out, in, func(m sqlstore.Moved) {
		_, _ = fmt.Fprintf(table, "%s\t%d rows\t%s\n", m.Table, m.Rows, m.Digest)
	})
	return errors.Join(err, table.Flush(), in.DB.Close(), out.DB.Close())
}

func openEndpoint(ctx context.Context, c config) (sqlstore.Endpoint, error) {
	if c.DatabaseURL.engine() == postgresEngine {
		return postgres.OpenEndpoint(ctx, c.postgres())
	}
	return sqlite.OpenEndpoint(ctx, c.DatabaseURL.path())
}

// whatToSet tells what the next start needs.
func whatToSet(source config) string {
	key := "the same MASTER_KEY"
	if !source.MasterKey.set() {
		key = "MASTER_KEY, which is what stands in " + source.masterKeyFile()
	}
	return "everything is moved; now serve with DATABASE_URL set to the new database, and with " + key
}
