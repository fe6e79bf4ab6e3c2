package app

import (
	"context"

	"github.com/tenantry/tenantry/domain/audit"
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
	Chain   audit.ChainID
	Entries int64
	Head    audit.Head // of the last entry that is right
	Broken  *Broken    // nil for a chain that holds
}

// Head returns the end of a chain.
func (a *Audit) Head(ctx context.Context, chain audit.ChainID) (audit.Head, error) {
	return ports.Look(ctx, a.Store, func(tx ports.Tx) (audit.Head, error) { return tx.Audit().Head(ctx, chain) })
}

// Chains gives each every chain that there is, and first the zero one, begun or
// not.
func (a *Audit) Chains(ctx context.Context, each func(audit.ChainID) error) error {
	if err := each(audit.ChainID{}); err != nil {
		return err
	}
	page := ports.Page[audit.ChainID]{Limit: exportPage}
	for {
		found, err := ports.Look(ctx, a.Store, func(tx ports.Tx) ([]audit.ChainID, error) { return tx.Audit().Chains(ctx, page) })
		if err != nil {
			return err
		}
		for _, chain := range found {
			if err := each(chain); err != nil {
				return err
			}
			page.After = chain
		}
		if len(found) < exportPage {
			return nil
		}
	}
}

// Verify computes a chain again from its first entry. What is appended meanwhile
// does no harm: the head is read before the entries.
func (a *Audit) Verify(ctx context.Context, chain audit.ChainID) (Finding, error) {
	stored, err := a.Head(ctx, chain)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Chain: chain}
	for {
		found, err := ports.Look(ctx, a.Store, func(tx ports.Tx) ([]audit.Entry, error) {
			return tx.Audit().Walk(ctx, chain, f.Head.Sequence, exportPage)
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
	if stored, err = a.Head(ctx, chain); err == nil && stored.Sequence < f.Head.Sequence {
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
