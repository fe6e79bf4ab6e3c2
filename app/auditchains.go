package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

// Why says what is wrong with a chain.
type Why string

// What a verification can find. A tail that was cut off together with its head,
// and a chain that was written anew as a whole, it cannot: for those, keep the
// heads elsewhere.
const (
	EntryMissing Why = "an entry is missing here"
	EntryChanged Why = "this entry is not what was recorded"
	TailMissing  Why = "the entries from here to the head are missing"
	HeadChanged  Why = "the head is not that of this entry"
)

// Broken is where a chain first fails.
type Broken struct {
	Sequence int64
	Why      Why
}

// Finding is what a verification found of one chain.
type Finding struct {
	Organization organization.ID // zero for the chain of what belongs to none
	Entries      int64
	Head         audit.Head // of the last entry that is right
	Broken       *Broken    // nil for a chain that holds
}

// Head returns the end of a chain.
func (a *Audit) Head(ctx context.Context, org organization.ID) (audit.Head, error) {
	return ports.Look(ctx, a.Store, func(tx ports.Tx) (audit.Head, error) { return tx.Audit().Head(ctx, org) })
}

// Chains gives each every organization that has a chain, and first the zero id,
// whose chain holds what belongs to none.
func (a *Audit) Chains(ctx context.Context, each func(organization.ID) error) error {
	if err := each(nowhere); err != nil {
		return err
	}
	page := ports.Page[organization.ID]{Limit: exportPage}
	for {
		found, err := ports.Look(ctx, a.Store, func(tx ports.Tx) ([]organization.ID, error) { return tx.Audit().Chains(ctx, page) })
		if err != nil {
			return err
		}
		for _, org := range found {
			if err := each(org); err != nil {
				return err
			}
			page.After = org
		}
		if len(found) < exportPage {
			return nil
		}
	}
}

// Verify computes a chain again from its first entry. What is appended meanwhile
// does no harm: the head is read before the entries.
func (a *Audit) Verify(ctx context.Context, org organization.ID) (Finding, error) {
	stored, err := a.Head(ctx, org)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Organization: org}
	for {
		found, err := ports.Look(ctx, a.Store, func(tx ports.Tx) ([]audit.Entry, error) {
			return tx.Audit().Walk(ctx, org, f.Head.Sequence, exportPage)
		})
		if err != nil {
			return Finding{}, err
		}
		for _, e := range found {
			if f.Broken = follow(f.Head, e, stored); f.Broken != nil {
				return f, nil
			}
			f.Head = audit.Head{Sequence: e.Sequence, Hash: e.Hash}
			f.Entries++
		}
		if len(found) < exportPage {
			break
		}
	}
	if f.Head.Sequence < stored.Sequence {
		f.Broken = &Broken{f.Head.Sequence + 1, TailMissing}
		return f, nil
	}
	if stored, err = a.Head(ctx, org); err == nil && stored.Sequence < f.Head.Sequence {
		f.Broken = &Broken{f.Head.Sequence, HeadChanged}
	}
	return f, err
}

// follow says what is wrong with the entry that comes after the head, or nil.
func follow(head audit.Head, e audit.Entry, stored audit.Head) *Broken {
	switch {
	case e.Sequence != head.Sequence+1:
		return &Broken{head.Sequence + 1, EntryMissing}
	case !e.Follows(head):
		return &Broken{e.Sequence, EntryChanged}
	case e.Sequence == stored.Sequence && e.Hash != stored.Hash:
		return &Broken{e.Sequence, HeadChanged}
	}
	return nil
}
