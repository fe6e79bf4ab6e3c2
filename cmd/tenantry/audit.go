package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/organization"
)

var errBrokenChain = errors.New("the audit has been tampered with, or damaged: see above")

// examineAudit is the subcommand audit: it reads, and changes nothing.
func examineAudit(ctx context.Context, cmd command) error {
	if len(cmd.args) < 1 || len(cmd.args) > 2 {
		return usageError{errors.New("say what to do: audit verify or audit head, and for one organization its id")}
	}
	act, known := map[string]func(context.Context, *app.Audit, organization.ID, command) error{
		"verify": verifyChain, "head": printHead,
	}[cmd.args[0]]
	if !known {
		return usageError{fmt.Errorf("audit cannot %q; it can verify and head", cmd.args[0])}
	}
	c, err := settings()
	if err != nil {
		return err
	}
	store, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	audit := &app.Audit{Dependencies: app.Dependencies{Store: store}}
	return errors.Join(eachChain(ctx, audit, cmd, act), store.Close())
}

// eachChain acts on the chain that is named, or on all of them. A broken one
// does not keep the others from being looked at.
func eachChain(ctx context.Context, audit *app.Audit, cmd command, act func(context.Context, *app.Audit, organization.ID, command) error) error {
	if len(cmd.args) == 2 {
		org, err := id.Parse[organization.Organization](cmd.args[1])
		if err != nil {
			return usageError{fmt.Errorf("%q %w", cmd.args[1], err)}
		}
		return act(ctx, audit, org, cmd)
	}
	broken := false
	err := audit.Chains(ctx, func(org organization.ID) error {
		err := act(ctx, audit, org, cmd)
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

func verifyChain(ctx context.Context, audit *app.Audit, org organization.ID, cmd command) error {
	found, err := audit.Verify(ctx, org)
	if err != nil {
		return err
	}
	if found.Broken != nil {
		_, _ = fmt.Fprintf(cmd.stdout, "%s: BROKEN at %d: %s\n", org, found.Broken.Sequence, found.Broken.Why)
		return errBrokenChain
	}
	_, err = fmt.Fprintf(cmd.stdout, "%s: %d entries, whole\n", org, found.Entries)
	return err
}

// printHead prints what to keep elsewhere: a chain that was cut or written anew
// as a whole shows only beside an older head.
func printHead(ctx context.Context, audit *app.Audit, org organization.ID, cmd command) error {
	head, err := audit.Head(ctx, org)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.stdout, "%s %d %s\n", org, head.Sequence, hex.EncodeToString(head.Hash[:]))
	return err
}
