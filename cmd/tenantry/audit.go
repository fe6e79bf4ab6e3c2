package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/id"
)

var errBrokenChain = errors.New("the audit has been tampered with, or damaged: see above")

// examineAudit is the subcommand audit: it reads, and changes nothing.
func examineAudit(ctx context.Context, cmd command) error {
	if len(cmd.args) < 1 || len(cmd.args) > 2 {
		return usageError{errors.New("say what to do: audit verify or audit head, and for one organization or account its id")}
	}
	act, known := map[string]func(context.Context, *app.Audit, audit.ChainID, command) error{
		"verify": verifyChain, "head": printHead,
	}[cmd.args[0]]
	if !known {
		return usageError{fmt.Errorf("audit cannot %q; it can verify and head", cmd.args[0])}
	}
	one, err := chainOf(cmd.args[1:])
	if err != nil {
		return err
	}
	c, err := settings()
	if err != nil {
		return err
	}
	if err := thereIs(c); err != nil {
		return err
	}
	store, _, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	log := &app.Audit{Dependencies: app.Dependencies{Store: store}}
	err = store.Ping(ctx) // which wants the schema of this program, too
	if err == nil {
		err = eachChain(ctx, log, one, cmd, act)
	}
	return errors.Join(err, store.Close())
}

// chainOf is the chain that is named, nil for all.
func chainOf(names []string) (*audit.ChainID, error) {
	if len(names) == 0 {
		return nil, nil
	}
	chain, err := id.Parse[audit.Head](names[0])
	if err != nil {
		return nil, usageError{fmt.Errorf("%q %w", names[0], err)}
	}
	return &chain, nil
}

// eachChain acts on the chain that is named, or on all of them. A broken one
// does not keep the others from being looked at.
func eachChain(ctx context.Context, log *app.Audit, one *audit.ChainID, cmd command, act func(context.Context, *app.Audit, audit.ChainID, command) error) error {
	if one != nil {
		head, err := log.Head(ctx, *one)
		if err == nil {
			err = act(ctx, log, *one, cmd)
		}
		if err == nil && head.Sequence == 0 { // a mistyped id is no chain that is whole
			err = fmt.Errorf("nothing was ever recorded in %s", *one)
		}
		return err
	}
	broken := false
	err := log.Chains(ctx, func(chain audit.ChainID) error {
		err := act(ctx, log, chain, cmd)
		if errors.Is(err, errBrokenChain) {
			broken = true
			return nil
		}
		return err
	})
	if broken {
		err = errors.Join(err, errBrokenChain)
	}
	return err
}

func verifyChain(ctx context.Context, log *app.Audit, chain audit.ChainID, cmd command) error {
	found, err := log.Verify(ctx, chain)
	if err != nil {
		return err
	}
	if found.Broken != nil {
		_, _ = fmt.Fprintf(cmd.stdout, "%s: BROKEN at %d: %s\n", chain, found.Broken.Sequence, found.Broken.Why)
		return errBrokenChain
	}
	_, err = fmt.Fprintf(cmd.stdout, "%s: %d entries, whole\n", chain, found.Entries)
	return err
}

// printHead prints what to keep elsewhere: a chain that was cut or written anew
// as a whole shows only beside an older head.
func printHead(ctx context.Context, log *app.Audit, chain audit.ChainID, cmd command) error {
	head, err := log.Head(ctx, chain)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.stdout, "%s %d %s\n", chain, head.Sequence, hex.EncodeToString(head.Hash[:]))
	return err
}
