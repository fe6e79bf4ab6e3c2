package portstest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/ports"
)

var memberRacePromises = []promise{
	{"of owners who all leave at once one stays", oneOwnerStays},
	{"of many who accept one invitation exactly one does", oneAcceptance},
	{"of many invitations of one address exactly one is added", oneInvitation},
	{"of many who spend one link exactly one does", oneSpends},
	{"what many claim at once each of them has for itself", claimsDoNotMeet},
	{"what many append to one chain at once follows one another", appendsFollow},
}

// oneOwnerStays has pairs of owners who leave as use cases have them leave: lock,
// count, remove.
func oneOwnerStays(w *world) {
	for round := range rounds {
		p := w.found("acme-" + strconv.Itoa(round))
		pair := []membership.Membership{p.member, w.join(p, p.stranger.ID, membership.Owner)}
		point := newRendezvous()
		failures := contend(2, func(i int) error {
			return w.insist(func(tx ports.Tx) error {
				if err := tx.Members(p.grant()).Lock(w.ctx); err != nil {
					return err
				}
				owners, err := tx.Members(p.grant()).Owners(w.ctx)
				point.meet() // which the lock is to prevent
				if err != nil || owners == 1 {
					return lostUnless(false, err)
				}
				return tx.Members(p.grant()).Remove(w.ctx, pair[i])
			})
		})
		if won := w.outcomes(failures, errLost); won != 1 || w.owners(p) != 1 {
			w.Fatalf("round %d: %d left, %d owners stay", round, won, w.owners(p))
		}
	}
}

func oneAcceptance(w *world) {
	p := w.found("acme")
	accounts := make([]account.Account, contenders)
	for i := range accounts {
		accounts[i] = w.newcomer(fmt.Sprintf("ada-%d@example.com", i))
	}
	failures := contend(contenders, func(i int) error {
		return w.insist(func(tx ports.Tx) error { return tx.Invitations(p.grant()).Accept(w.ctx, p.invitation, accounts[i].ID) })
	})
	if won := w.outcomes(failures, fault.ErrStale); won != 1 {
		w.Errorf("%d accepted", won)
	}
	if members := w.membersOf(p, ports.MemberFilter{}); len(members) != 2 {
		w.Errorf("%d members and invitations, want the owner and who accepted", len(members))
	}
}

func oneInvitation(w *world) {
	p := w.found("acme")
	for round := range rounds {
		address := fmt.Sprintf("ada-%d@example.com", round)
		failures := contend(contenders, func(int) error {
			mine := newInvitation(p.org.ID, address, &p.owner.ID)
			return w.insist(func(tx ports.Tx) error { return tx.Invitations(p.grant()).Add(w.ctx, mine) })
		})
		if won := w.outcomes(failures, membership.ErrAlreadyInvited); won != 1 {
			w.Fatalf("round %d: %d invitations were added", round, won)
		}
	}
}

func oneSpends(w *world) {
	p := w.found("acme")
	for round := range rounds {
		l := w.addLink(newLink(link.ResetPassword, p.owner))
		failures := contend(contenders, func(int) error {
			return w.insist(func(tx ports.Tx) error {
				if found, err := tx.Links().Find(w.ctx, l.Digest); err != nil || found == nil {
					return errors.Join(err, fault.ErrStale)
				}
				return tx.Links().Spend(w.ctx, l.Digest)
			})
		})
		if won := w.outcomes(failures, fault.ErrStale); won != 1 {
			w.Fatalf("round %d: %d spent the link", round, won)
		}
	}
}

func claimsDoNotMeet(w *world) {
	const relays, each = 5, 3
	posted := map[mail.ID]int{}
	for range relays*each - 1 {
		posted[w.post(start).ID] = 0
	}
	claims := make([][]ports.Envelope, relays)
	failures := contend(relays, func(i int) error {
		claim := func(tx ports.Tx) (err error) {
			claims[i], err = tx.Outbox().Claim(w.ctx, each, time.Hour)
			return err
		}
		if i%2 == 0 {
			return w.insist(claim)
		}
		var err error
		for err == nil && len(claims[i]) == 0 { // others may have come first to all that it saw
			err = w.store.Alone(w.ctx, claim)
		}
		return err
	})
	if err := errors.Join(failures...); err != nil {
		w.Fatal(err)
	}
	for _, e := range slices.Concat(claims...) {
		posted[e.ID]++
	}
	for id, claimed := range posted {
		if claimed != 1 {
			w.Errorf("mail %s was claimed %d times", id, claimed)
		}
	}
}

func appendsFollow(w *world) {
	for _, chain := range []audit.ChainID{newChain(), {}} {
		failures := contend(contenders, func(int) error {
			return w.insist(func(tx ports.Tx) error {
				return errors.Join(tx.Audit().Append(w.ctx, newEntry(chain)), tx.Audit().Append(w.ctx, newEntry(chain)))
			})
		})
		if err := errors.Join(failures...); err != nil {
			w.Fatal(err)
		}
		w.follows(chain, 2*contenders)
	}
}
