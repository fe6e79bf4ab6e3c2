package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// migrate is the subcommand.
func migrate(ctx context.Context, cmd command) error {
	if len(cmd.args) != 1 {
		return usageError{errors.New("say what to do: migrate up, migrate status or migrate down")}
	}
	c, err := settings()
	if err != nil {
		return err
	}
	act, known := map[string]func(context.Context, *migrations.Migrator, command) error{
		"up": migrateUp, "status": migrateStatus, "down": migrateDown,
	}[cmd.args[0]]
	if !known {
		return usageError{fmt.Errorf("migrate cannot %q; it can up, status and down", cmd.args[0])}
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
	for _, step := range steps {
		state := "pending"
		if !step.AppliedAt.IsZero() {
			state = "applied " + step.AppliedAt.UTC().Format(time.RFC3339)
		}
		_, _ = fmt.Fprintf(cmd.stdout, "%d %s: %s\n", step.Version, step.Name, state)
	}
	return err
}

func migrateDown(ctx context.Context, m *migrations.Migrator, cmd command) error {
	step, err := m.Down(ctx)
	if err == nil {
		_, _ = fmt.Fprintf(cmd.stdout, "took back %d %s\n", step.Version, step.Name)
	}
	return err
}
