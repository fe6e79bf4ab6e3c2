package portstest

import (
	"slices"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

var auditPromises = []promise{
	{"every field comes back as it was sealed", auditRoundTrip},
	{"the entries of a chain follow one another without gaps", auditFollows},
	{"chains begin together, and each only once", auditBegins},
	{"what was appended in a unit of work that failed leaves no gap", auditAbandoned},
	{"a chain is walked in parts, and the chains are listed", auditWalk},
	{"the log has the newest first, in pages by sequence or by number", auditLogPages},
	{"the log is narrowed by actor, action, resource and time", auditLogFilters},
	{"the audit outlives what it tells of", auditOutlives},
}

func (w *world) record(entries ...audit.Entry) {
	w.Helper()
	w.do(func(tx ports.Tx) error {
		for _, e := range entries {
			if err := tx.Audit().Append(w.ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) chain(chain audit.ChainID) []audit.Entry {
	w.Helper()
	return look(w, func(tx ports.Tx) ([]audit.Entry, error) { return tx.Audit().Walk(w.ctx, chain, 0, whole) })
}

// follows fails unless the chain is whole, has that many entries and ends where
// its head says.
func (w *world) follows(chain audit.ChainID, length int) {
	w.Helper()
	var head audit.Head
	entries := w.chain(chain)
	for i, e := range entries {
		if e.Sequence != int64(i)+1 || !e.Follows(head) {
			w.Errorf("entry %d, of sequence %d, does not follow", i, e.Sequence)
		}
		head = audit.Head{Sequence: e.Sequence, Hash: e.Hash}
	}
	if len(entries) != length {
		w.Errorf("%d entries, want %d", len(entries), length)
	}
	w.same("the head", head, look(w, func(tx ports.Tx) (audit.Head, error) { return tx.Audit().Head(w.ctx, chain) }))
}

func newChain() audit.ChainID { return newID[audit.Head]() }

func fullEntry(chain audit.ChainID) audit.Entry {
	e := newEntry(chain)
	e.Origin = audit.Origin{
		ActorType: audit.Key, ActorID: e.ID.String(), Address: "2001:db8::1", RequestID: "req-1", Dialect: "phy",
	}
	e.Action, e.ResourceType, e.ResourceID = audit.MemberRoleChanged, "member", "m-1"
	e.Before, e.After, e.Metadata = `{"name":"`+odd[0]+`"}`, `{"role":"admin"}`, `{"a":"`+odd[2]+`"}`
	e.CreatedAt = start.Add(123_456_789 * time.Nanosecond).In(time.FixedZone("east", 5*3600+1800))
	return e
}

func auditRoundTrip(w *world) {
	org, none := newChain(), audit.ChainID{}
	for _, in := range []audit.ChainID{org, none} {
		var head audit.Head
		var want []audit.Entry
		for _, e := range []audit.Entry{fullEntry(in), newEntry(in)} {
			w.record(e)
			e.CreatedAt = e.CreatedAt.UTC().Truncate(time.Microsecond)
			e, head = e.Seal(head)
			want = append(want, e)
		}
		w.same("the chain", want, w.chain(in))
		w.follows(in, 2)
	}
	if err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Audit().Append(w.ctx, w.chain(org)[0]) }); err == nil {
		w.Error("a second entry of one id was appended")
	}
	w.follows(org, 2)
}

func auditFollows(w *world) {
	a, b := newChain(), newChain()
	w.follows(a, 0)
	w.record(newEntry(a), newEntry(b), newEntry(a))
	w.record(newEntry(b))
	w.record(newEntry(a))
	w.follows(a, 3)
	w.follows(b, 2)
	if w.chain(a)[0].Hash == w.chain(b)[0].Hash {
		w.Error("two chains begin alike")
	}
}

func auditBegins(w *world) {
	a, b, begun := newChain(), newChain(), newChain()
	full := fullEntry(b)
	w.do(func(tx ports.Tx) error { return tx.Audit().Begin(w.ctx, newEntry(a), full) })
	w.record(newEntry(a), newEntry(begun))
	w.follows(a, 2)
	w.follows(b, 1)
	full.CreatedAt = full.CreatedAt.UTC().Truncate(time.Microsecond)
	full, _ = full.Seal(audit.Head{})
	w.same("what was begun", []audit.Entry{full}, w.chain(b))
	c := newChain()
	for _, chain := range []audit.ChainID{a, begun} {
		err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Audit().Begin(w.ctx, newEntry(c), newEntry(chain)) })
		w.refused("a chain that has begun", err, fault.ErrInternal)
	}
	w.follows(c, 0)
	w.follows(begun, 1)
}

func auditAbandoned(w *world) {
	org := newChain()
	for range 2 {
		_ = w.store.Do(w.ctx, func(tx ports.Tx) error {
			if err := tx.Audit().Append(w.ctx, newEntry(org)); err != nil {
				w.Error(err)
			}
			return errAbandoned
		})
	}
	w.follows(org, 0)
	w.record(newEntry(org))
	w.follows(org, 1)
}

func auditWalk(w *world) {
	var chains []audit.ChainID
	for range 4 {
		chains = append(chains, newChain())
		w.record(newEntry(chains[len(chains)-1]), newEntry(chains[len(chains)-1]))
	}
	w.record(newEntry(audit.ChainID{})) // not listed
	paged(w, chains, func(id audit.ChainID) audit.ChainID { return id },
		func(tx ports.Tx, page ports.Page[audit.ChainID]) ([]audit.ChainID, error) {
			return tx.Audit().Chains(w.ctx, page)
		})
	for range 6 {
		w.record(newEntry(chains[0]))
	}
	all := w.chain(chains[0])
	var parts []audit.Entry
	for after := int64(0); ; {
		part := look(w, func(tx ports.Tx) ([]audit.Entry, error) { return tx.Audit().Walk(w.ctx, chains[0], after, 3) })
		if len(part) == 0 {
			break
		}
		parts, after = append(parts, part...), part[len(part)-1].Sequence
	}
	w.same("the parts", all, parts)
	empty(w, "a chain that has not begun", func(tx ports.Tx) ([]audit.Entry, error) {
		return tx.Audit().Walk(w.ctx, newChain(), 0, whole)
	})
}

func (w *world) log(org organization.ID, filter ports.AuditFilter, page ports.AuditPage) []audit.Entry {
	w.Helper()
	grant := access.Found(org, account.ID{})
	return look(w, func(tx ports.Tx) ([]audit.Entry, error) { return tx.AuditLog(grant).List(w.ctx, filter, page) })
}

func auditLogPages(w *world) {
	org, other := newOrganization("acme").ID, newOrganization("other").ID
	for range 7 {
		w.record(newEntry(audit.OfOrganization(org)), newEntry(audit.OfOrganization(other)))
	}
	newest := w.chain(audit.OfOrganization(org))
	slices.Reverse(newest)
	for _, limit := range []int{1, 3, 7, whole} {
		var bySequence, byNumber []audit.Entry
		for page := (ports.AuditPage{Limit: limit}); len(bySequence) < len(newest); page.Before = bySequence[len(bySequence)-1].Sequence {
			part := w.log(org, ports.AuditFilter{}, page)
			if len(part) == 0 || len(part) > limit {
				w.Fatalf("a page of %d has %d entries", limit, len(part))
			}
			bySequence = append(bySequence, part...)
		}
		for len(byNumber) < len(newest) {
			byNumber = append(byNumber, w.log(org, ports.AuditFilter{}, ports.AuditPage{Offset: len(byNumber), Limit: limit})...)
		}
		w.same("the pages by sequence", newest, bySequence)
		w.same("the pages by number", newest, byNumber)
	}
	w.same("past the end", []audit.Entry{}, w.log(org, ports.AuditFilter{}, ports.AuditPage{Before: 1, Limit: whole}))
	w.same("past the last number", []audit.Entry{}, w.log(org, ports.AuditFilter{}, ports.AuditPage{Offset: 7, Limit: whole}))
}

func auditLogFilters(w *world) {
	org, other := newOrganization("acme").ID, newOrganization("other").ID
	w.record(fullEntry(audit.OfOrganization(other)))
	plain, full := newEntry(audit.OfOrganization(org)), fullEntry(audit.OfOrganization(org))
	full.CreatedAt = start.Add(time.Hour)
	w.record(plain, full)
	one, two := []int64{1}, []int64{2}
	for _, test := range []struct {
		name   string
		filter ports.AuditFilter
		want   []int64
	}{
		{"nothing", ports.AuditFilter{}, []int64{2, 1}},
		{"the actor", ports.AuditFilter{ActorID: full.Origin.ActorID}, two},
		{"the action", ports.AuditFilter{Action: plain.Action}, one},
		{"the kind of resource", ports.AuditFilter{ResourceType: "member"}, two},
		{"the resource", ports.AuditFilter{ResourceID: org.String()}, one},
		{"from the very instant", ports.AuditFilter{From: full.CreatedAt}, two},
		{"from before", ports.AuditFilter{From: start}, []int64{2, 1}},
		{"to the very instant", ports.AuditFilter{To: full.CreatedAt}, one},
		{"to after it", ports.AuditFilter{To: full.CreatedAt.Add(time.Microsecond)}, []int64{2, 1}},
		{"all of it", ports.AuditFilter{
			ActorID: full.Origin.ActorID, Action: full.Action, ResourceType: "member", ResourceID: "m-1",
			From: full.CreatedAt, To: full.CreatedAt.Add(time.Second),
		}, two},
		{"all, but another resource", ports.AuditFilter{ActorID: full.Origin.ActorID, ResourceID: "m-2"}, nil},
		{"a wildcard", ports.AuditFilter{ResourceType: "%"}, nil},
	} {
		var got []int64
		for _, e := range w.log(org, test.filter, ports.AuditPage{Limit: whole}) {
			got = append(got, e.Sequence)
		}
		w.same("narrowed by "+test.name, test.want, got)
	}
}

func auditOutlives(w *world) {
	p := w.found("acme")
	firm, owner := audit.OfOrganization(p.org.ID), audit.OfAccount(p.owner.ID)
	w.record(newEntry(firm), newEntry(owner))
	want, wanted := w.chain(firm), w.chain(owner)
	w.do(func(tx ports.Tx) error { return tx.Accounts().Remove(w.ctx, p.owner.ID) })
	w.do(func(tx ports.Tx) error { return tx.Organization(p.grant()).Remove(w.ctx) })
	w.same("the organization's chain", want, w.chain(firm))
	w.follows(firm, 2)
	w.same("the account's chain", wanted, w.chain(owner))
	w.follows(owner, 1)
}
