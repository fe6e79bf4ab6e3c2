package app

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

// addressFactor is how many times more failures an address takes than an
// account: many people share one address.
const addressFactor = 10

// Client is the device that a request came from.
type Client struct {
	Address   string // as the adapter established it, never a header that anyone may send
	UserAgent string
	RequestID string // of the one request, for the audit
	Dialect   string // the compatibility dialect that it speaks, empty for our own API
}

// actor is who was authenticated, calling from the client.
func (c Client) actor(a access.Actor) access.Actor {
	a.Address, a.RequestID, a.Dialect = c.Address, c.RequestID, c.Dialect
	return a
}

// proof judges passwords, and lets nobody try too many.
type proof struct {
	Dependencies
	settings Settings
}

// claimant is who claims to be somebody: an account, or a name that no account
// has. Both take the same way and the same time.
type claimant struct {
	account *account.Account
	name    string // as it was normalized, where there is no account
	client  Client
}

// verify says whether the password is the claimant's. Attempts are counted
// before they are judged, inside the lane, so that a burst of parallel guesses
// gets no more of them than a patient row.
func (p *proof) verify(ctx context.Context, c claimant, pw account.Password) (match bool, fresh *account.PasswordHash, err error) {
	if err := p.mayTry(ctx, c); err != nil {
		return false, nil, err
	}
	var hash *account.PasswordHash
	if c.account != nil && !c.account.PasswordHash.IsNone() {
		hash = &c.account.PasswordHash
	}
	match, fresh, err = p.Passwords.Verify(ctx, hash, pw, func() error { return p.take(ctx, c.key(), p.settings.LoginFailures) })
	if errors.Is(err, account.ErrTooManyAttempts) {
		return false, nil, cmp.Or(p.alarm(ctx, c), err)
	}
	return match, fresh, err
}

// alarm has the account told, once a day, that somebody tries its password. A
// name that no account has takes the same way, and nobody is told.
func (p *proof) alarm(ctx context.Context, c claimant) error {
	return p.doMailing(ctx, func(tx ports.Tx) error {
		wait, err := tx.Throttles().Take(ctx, windowed("notice/"+c.key(), tx.Now(), day), 1, day)
		if err != nil || wait > 0 {
			return err
		}
		w := wish{Kind: mail.ManyFailures, From: c.client}
		if c.account != nil {
			w.AccountID = c.account.ID.String()
		}
		return p.ask(ctx, tx, w)
	})
}

// answer posts the notice that was wished for, where there is an account.
func (p *proof) answer(ctx context.Context, tx ports.Tx, w wish) error {
	if w.AccountID == "" {
		return nil // nobody was meant
	}
	who, err := id.Parse[account.Account](w.AccountID)
	if err != nil {
		return err
	}
	found, err := tx.Accounts().Get(ctx, who)
	if fault.KindOf(err) == fault.NotFound {
		return nil // gone since
	}
	if err != nil {
		return err
	}
	return p.post(ctx, tx, mail.Mail{Kind: mail.ManyFailures, To: found.Email, Name: found.Name.String()})
}

// mayTry refuses an address with too many failures.
func (p *proof) mayTry(ctx context.Context, c claimant) error {
	wait, err := ports.Look(ctx, p.Store, func(tx ports.Tx) (time.Duration, error) {
		now, window := tx.Now(), p.settings.LoginWindow
		wait, err := tx.Throttles().Wait(ctx, p.addressKey(now, c.client), p.settings.LoginFailures*addressFactor)
		return min(wait, now.Truncate(window).Add(window).Sub(now)), err
	})
	if err == nil && wait > 0 {
		return account.ErrTooManyAttempts.After(wait)
	}
	return err
}

// failed counts a failure against the client's address.
func (p *proof) failed(ctx context.Context, c claimant) error {
	return p.Store.Alone(ctx, func(tx ports.Tx) error {
		_, err := tx.Throttles().Take(ctx, p.addressKey(tx.Now(), c.client), p.settings.LoginFailures*addressFactor, p.settings.LoginWindow)
		return err
	})
}

func (p *proof) take(ctx context.Context, key string, limit int) error {
	wait, err := ports.RunAlone(ctx, p.Store, func(tx ports.Tx) (time.Duration, error) {
		return tx.Throttles().Take(ctx, key, limit, p.settings.LoginWindow)
	})
	if err == nil && wait > 0 {
		return account.ErrTooManyAttempts.After(wait)
	}
	return err
}

// key is what attempts are counted under: one for all spellings and names of
// an account. A name that nobody has is kept as a digest only: people type
// passwords there.
func (c claimant) key() string {
	if c.account != nil {
		return "password/account/" + c.account.ID.String()
	}
	return "password/name/" + digestOf(strings.ToLower(c.name))
}

func (p *proof) addressKey(now time.Time, c Client) string {
	return windowed("password/address/"+c.network(), now, p.settings.LoginWindow)
}

// Network is the client's address, or for IPv6 the /64 that one subscriber has.
// It is zero where the address is not known.
func (c Client) Network() netip.Prefix {
	a, err := netip.ParseAddr(c.Address)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, min(a.BitLen(), subscriberBits)).Masked()
}

// subscriberBits are those of an IPv6 address that tell subscribers apart.
const subscriberBits = 64

// network is how counts name the network.
func (c Client) network() string {
	switch n := c.Network(); {
	case !n.IsValid():
		return "unknown"
	case n.IsSingleIP():
		return n.Addr().String()
	default:
		return n.String()
	}
}

// own proves that the caller knows the password of its own account, or returns
// account.ErrWrongPassword.
func (p *proof) own(ctx context.Context, actor access.Actor, pw account.Password, client Client) error {
	c := claimant{account: &actor.Account, client: client}
	match, _, err := p.verify(ctx, c, pw)
	if err != nil {
		return err
	}
	if !match {
		if err := p.failed(ctx, c); err != nil {
			return err
		}
		return account.ErrWrongPassword
	}
	return p.Store.Alone(ctx, func(tx ports.Tx) error { return tx.Throttles().Forget(ctx, c.key()) })
}
