package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/tenantry/tenantry/migrations"
)

// bringUp applies the steps that the database lacks. Replicas that start at
// once wait for the one that does it.
func bringUp(ctx context.Context, c config, logger *slog.Logger) error {
	m, err := openMigrator(ctx, c)
	if err != nil {
		return err
	}
	applied, err := m.Up(ctx)
	for _, step := range applied {
		logger.Info("migrated", "version", step.Version, "name", step.Name)
	}
	return errors.Join(err, m.Close())
}

const migrateUsage = "migrate up, migrate status or migrate down [--yes]"

// migrate is the subcommand.
func migrate(ctx context.Context, cmd command) error {
	sure := false
	flags := newFlags(migrateUsage)
	flags.BoolVar(&sure, "yes", false, "take the step back without being asked")
	if err := parseFlags(flags, cmd.args, 1); err != nil {
		return err
	}
	act, known := map[string]func(context.Context, *migrations.Migrator, command) error{
		"up": migrateUp, "status": migrateStatus, "down": migrateDown(sure),
	}[flags.Arg(0)]
	switch {
	case flags.NArg() == 0:
		return usageError{errors.New("say what to do: " + migrateUsage)}
	case !known:
		return usageError{fmt.Errorf("migrate cannot %q; it is: %s", flags.Arg(0), migrateUsage)}
	case sure && flags.Arg(0) != "down":
		return usageError{errors.New("only migrate down takes --yes: nothing else loses anything")}
	}
	c, err := settings()
	if err != nil {
		return err
	}
	if flags.Arg(0) == "down" {
		if err := thereIs(c); err != nil {
			return err
		}
	}
	m, err := openMigrator(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(act(ctx, m, cmd), m.Close())
}

func migrateUp(ctx context.Context, m *migrations.Migrator, cmd command) error {
	applied, err := m.Up(ctx)
	for _, step := range applied {
		_, _ = fmt.Fprintf(cmd.stdout, "applied %d %s\n", step.Version, step.Name)
	}
	if err == nil && len(applied) == 0 {
		_, _ = fmt.Fprintln(cmd.stdout, "the schema is up to date")
	}
	return err
}

func migrateStatus(ctx context.Context, m *migrations.Migrator, cmd command) error {
	steps, err := m.Status(ctx)
	if err != nil {
		return err
	}
	for _, step := range steps {
		state := "pending"
		if !step.AppliedAt.IsZero() {
			state = "applied " + step.AppliedAt.UTC().Format(time.RFC3339)
		}
		_, _ = fmt.Fprintf(cmd.stdout, "%d %s: %s\n", step.Version, step.Name, state)
	}
	return tellAhead(ctx, m, cmd)
}

// tellAhead says of a database that a newer program has changed whether this one
// can work on it.
func tellAhead(ctx context.Context, m *migrations.Migrator, cmd command) error {
	if err := m.Same(ctx); !errors.Is(err, migrations.ErrAhead) {
		return nil // pending steps are told already
	}
	err := m.Check(ctx)
	switch {
	case err == nil:
		_, _ = fmt.Fprintln(cmd.stdout, "a newer program has added to the schema; this one can go on")
	case errors.Is(err, migrations.ErrAhead):
		_, _ = fmt.Fprintln(cmd.stdout, err)
		err = nil
	}
	return err
}

// migrateDown takes the latest step back, once somebody has said that what it
// held may go.
func migrateDown(sure bool) func(context.Context, *migrations.Migrator, command) error {
	return func(ctx context.Context, m *migrations.Migrator, cmd command) error {
		way, err := m.Preview(ctx)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(cmd.stdout, "The way back from %d %s:\n\n%s\n\n", way.Version, way.Name, indented(way.SQL))
		for _, lost := range way.Losses {
			_, _ = fmt.Fprintf(cmd.stdout, "It drops the %s: %d rows.\n", lost.What, lost.Rows)
		}
		if !sure && !agreed(cmd, "Replicas must be stopped, and there should be a backup. Take the step back? Say yes: ") {
			return usageError{errors.New("nothing was done; say --yes to take the step back")}
		}
		step, err := m.Down(ctx)
		if err == nil {
			_, _ = fmt.Fprintf(cmd.stdout, "took back %d %s\n", step.Version, step.Name)
		}
		return err
	}
}

func indented(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

// agreed asks whoever sits at the terminal. Where nobody does, nobody agrees.
func agreed(cmd command, question string) bool {
	if !cmd.terminal {
		return false
	}
	_, _ = fmt.Fprint(cmd.stdout, question)
	answer, err := bufio.NewReader(cmd.stdin).ReadString('\n')
	return err == nil && strings.TrimSpace(answer) == "yes"
}
