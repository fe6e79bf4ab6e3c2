package migrations

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Loss is what a step's way back destroys: rows of a table, or what stands in one
// of its columns.
type Loss struct {
	What string // as for people: a table, or a column of a table
	Rows int64
}

// Downward is the way back from the latest step.
type Downward struct {
	Step
	// SQL is what would be run, with its comments.
	SQL string
	// Losses are the tables and columns that it drops, with what is in them. A
	// table that is made anew from its rows is among them.
	Losses []Loss
}

// Preview tells what Down would do, and does nothing.
func (m *Migrator) Preview(ctx context.Context) (Downward, error) {
	latest, err := m.latest(ctx)
	if err != nil {
		return Downward{}, err
	}
	text, err := fs.ReadFile(files, string(m.engine)+"/"+latest.Name+".sql")
	if err != nil {
		return Downward{}, err
	}
	_, down, _ := strings.Cut(string(text), "-- +goose Down\n")
	previewed := Downward{Step: latest, SQL: strings.TrimSpace(down)}
	previewed.Losses, err = m.losses(ctx, down)
	return previewed, err
}

// Down takes the latest step back, with all the data that it held. A step that
// this program does not know it cannot take back.
func (m *Migrator) Down(ctx context.Context) (Step, error) {
	if _, err := m.latest(ctx); err != nil {
		return Step{}, err
	}
	provider, err := m.provider()
	if err != nil {
		return Step{}, err
	}
	result, err := provider.Down(ctx)
	if err != nil {
		return Step{}, err
	}
	return step(result.Source, time.Time{}), nil
}

// latest is the step that Down takes back.
func (m *Migrator) latest(ctx context.Context) (Step, error) {
	if err := Same(ctx, m.engine, m.db); errors.Is(err, ErrAhead) {
		return Step{}, err
	}
	steps, err := m.Status(ctx)
	if err != nil {
		return Step{}, err
	}
	for _, s := range slices.Backward(steps) {
		if !s.AppliedAt.IsZero() {
			return s, nil
		}
	}
	return Step{}, errors.New("there is no step to take back")
}

var (
	droppedTable  = regexp.MustCompile(`(?m)^DROP TABLE (\w+);`)
	droppedColumn = regexp.MustCompile(`(?m)^ALTER TABLE (\w+) DROP COLUMN (\w+)`)
)

// losses counts by names that stand in the program's own steps.
func (m *Migrator) losses(ctx context.Context, down string) ([]Loss, error) {
	var all []Loss
	count := func(what, query string) error {
		lost := Loss{What: what}
		if err := m.db.QueryRowContext(ctx, query).Scan(&lost.Rows); err != nil {
			return fmt.Errorf("count what would be lost: %w", err)
		}
		all = append(all, lost)
		return nil
	}
	for _, found := range droppedTable.FindAllStringSubmatch(down, -1) {
		if err := count("table "+found[1], "SELECT count(*) FROM "+found[1]); err != nil {
			return nil, err
		}
	}
	for _, found := range droppedColumn.FindAllStringSubmatch(down, -1) {
		if err := count("column "+found[2]+" of "+found[1], "SELECT count("+found[2]+") FROM "+found[1]); err != nil {
			return nil, err
		}
	}
	return all, nil
}
