package portstest

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

// machineryCalls are for what runs the installation.
var machineryCalls = []call{
	{"KeyIndex.Find", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.KeyIndex().Find(ctx, p.key.Digest))
	}},
	{"KeyIndex.Touch", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.KeyIndex().Touch(ctx, []ports.Use{{Organization: p.org.ID, Key: p.key.ID, At: start}}))
	}},
	{"KeyIndex.Count", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.KeyIndex().Count(ctx, []ports.CallerUse{{Organization: p.org.ID, Key: p.rotated.ID, Callers: calledFrom("192.0.2.2", 1)}}))
	}},
	{"KeyIndex.Inspect", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		found, err := tx.KeyIndex().Inspect(ctx, long, ports.KeyAddress{}, whole)
		return len(found.Ended), err
	}},
	{"KeyIndex.Sweep", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return tx.KeyIndex().Sweep(ctx, long, []ports.KeyAddress{p.addressOf(p.key), p.addressOf(p.rotated)})
	}},
	{"Throttles.Take", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		wait, err := tx.Throttles().Take(ctx, p.uncounted(), 1, time.Hour)
		return truth(wait == 0, err)
	}},
	{"Throttles.Wait", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		wait, err := tx.Throttles().Wait(ctx, p.counted(), 1)
		return truth(wait > 0, err)
	}},
	{"Throttles.Forget", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Throttles().Forget(ctx, p.counted()))
	}},
	{"Throttles.Sweep", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return tx.Throttles().Sweep(ctx)
	}},
	{"Keyring.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Keyring().Add(ctx, newSecret(p.retired.Purpose)))
	}},
	{"Keyring.List", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Keyring().List(ctx, p.retired.Purpose))
	}},
	{"Keyring.Retire", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Keyring().Retire(ctx, p.retired.ID, start.Add(time.Hour)))
	}},
	{"Keyring.Remove", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Keyring().Remove(ctx, p.retired.ID))
	}},
	{"Keyring.Reseal", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Keyring().Reseal(ctx, p.retired.ID, []byte("sealed anew")))
	}},
	{"Outbox.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Outbox().Add(ctx, p.nextEnvelope))
	}},
	{"Outbox.Claim", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return many(tx.Outbox().Claim(ctx, whole, time.Hour))
	}},
	{"Outbox.Postpone", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Outbox().Postpone(ctx, p.envelope.ID, tx.Now().Add(time.Hour)))
	}},
	{"Outbox.Remove", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Outbox().Remove(ctx, p.envelope.ID))
	}},
	{"Outbox.List", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return many(tx.Outbox().List(ctx, ports.Page[mail.ID]{Limit: whole}))
	}},
	{"Outbox.Reseal", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Outbox().Reseal(ctx, p.envelope.ID, []byte("sealed anew")))
	}},
	{"Outbox.Backlog", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		backlog, err := tx.Outbox().Backlog(ctx)
		return backlog.Waiting, err
	}},
	{"Repairs.Mend", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		_ = tx.Sessions().Add(ctx, p.strayed) // something to mend; where it fails, so has the mending to
		return tx.Repairs().Mend(ctx, ports.ActiveOrganizations)
	}},
	{"Answers.Add", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Answers().Add(ctx, p.nextAnswer))
	}},
	{"Answers.Find", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return present(tx.Answers().Find(ctx, p.answer.Digest))
	}},
	{"Answers.Sweep", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return tx.Answers().Sweep(ctx)
	}},
	{"Repairs.Expel", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return tx.Repairs().Expel(ctx)
	}},
	{"Audit.Append", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Audit().Append(ctx, newEntry(audit.OfOrganization(p.org.ID))))
	}},
	{"Audit.Begin", true, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return one(tx.Audit().Begin(ctx, newEntry(audit.OfOrganization(p.next.ID))))
	}},
	{"Audit.Head", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		head, err := tx.Audit().Head(ctx, audit.OfOrganization(p.org.ID))
		return int(head.Sequence), err
	}},
	{"Audit.Walk", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, p plot) (int, error) {
		return many(tx.Audit().Walk(ctx, audit.OfOrganization(p.org.ID), 0, whole))
	}},
	{"Audit.Chains", false, func(ctx context.Context, tx ports.Tx, _ access.Grant, _ plot) (int, error) {
		return many(tx.Audit().Chains(ctx, ports.Page[audit.ChainID]{Limit: whole}))
	}},
}
