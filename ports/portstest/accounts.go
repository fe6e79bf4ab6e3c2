package portstest

import (
	"strings"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

var accountPromises = []promise{
	{"every field comes back as it was kept", accountRoundTrip},
	{"names of every kind come back as they were kept", anyNameComesBack},
	{"times come back in UTC, cut to microseconds", timesAreCut},
	{"what is not there is not found", accountAbsence},
	{"an address and a username belong to one account", accountUniqueness},
	{"saving writes every field but the id and the creation time", accountSave},
	{"saving a version that has moved on is stale", accountStale},
	{"a login is noted without touching the version", accountLogin},
	{"removing takes sessions and memberships and leaves the keys", accountRemoval},
	{"an installation is claimed once", installationClaimed},
}

// odd are names that trip what is careless with text.
var odd = []string{
	"👩‍👩‍👧‍👦 & Söhne 🏳️‍🌈", `Robert'); DROP TABLE accounts;--`, `"double" 'single' \back\ slash`, "100% _under_ ? $1 :name @x ::text",
	"e\u0301 is not \u00e9", "עברית und 中文", strings.Repeat("🦉", naming.MaxName), "null", "NULL", "''", "--", "{}",
}

func fullAccount() account.Account {
	a := newAccount("ada.o'lovelace+tag@xn--bcher-kva.example")
	a.EmailVerified, a.Operator, a.Disabled = true, true, true
	a.Name = naming.StoredName(odd[0])
	a.Username = pointer(account.StoredUsername("ada._-9"))
	a.UpdatedAt = start.Add(time.Microsecond)
	a.LastLoginAt = pointer(start.Add(999_999 * time.Microsecond))
	return a
}

func (w *world) addAccount(a account.Account) {
	w.Helper()
	w.do(func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, a) })
}

func accountRoundTrip(w *world) {
	full, bare := fullAccount(), newAccount("bare@example.com")
	w.addAccount(full)
	w.addAccount(bare)
	w.same("the account with all fields", &full, w.accountByID(full.ID))
	w.same("the account with no optional field", &bare, w.accountByID(bare.ID))
	look(w, func(tx ports.Tx) (any, error) {
		byEmail, err := tx.Accounts().FindByEmail(w.ctx, full.Email)
		if err != nil {
			return nil, err
		}
		byUsername, err := tx.Accounts().FindByUsername(w.ctx, *full.Username)
		w.same("the account by its address", &full, byEmail)
		w.same("the account by its username", &full, byUsername)
		return nil, err
	})
}

func anyNameComesBack(w *world) {
	for i, name := range odd {
		a := named(newAccount("ada@"+string(rune('a'+i))+".example"), name)
		w.addAccount(a)
		w.same("the account", &a, w.accountByID(a.ID))
	}
}

func timesAreCut(w *world) {
	east := time.FixedZone("east", 5*3600+1800)
	for i, written := range []time.Time{
		start.Add(789 * time.Nanosecond).In(east),
		time.Date(2026, 10, 25, 2, 30, 0, 1, time.FixedZone("CEST", 7200)),
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 1, 1, 0, 0, 0, 100_000_000, time.UTC),
	} {
		a := newAccount("ada@" + string(rune('a'+i)) + ".example")
		a.CreatedAt, a.LastLoginAt = written, &written
		w.addAccount(a)
		kept := w.accountByID(a.ID)
		for what, got := range map[string]time.Time{"a time": kept.CreatedAt, "an optional time": *kept.LastLoginAt} {
			w.same(what, written.UTC().Truncate(time.Microsecond), got) // cut, not rounded
		}
	}
}

func accountAbsence(w *world) {
	p := w.found("acme")
	look(w, func(tx ports.Tx) (any, error) {
		_, err := tx.Accounts().Get(w.ctx, p.newcomer.ID)
		w.refused("Get", err, fault.ErrNotFound)
		byEmail, err := tx.Accounts().FindByEmail(w.ctx, p.newcomer.Email)
		if byEmail != nil || err != nil {
			w.Errorf("FindByEmail: %v, %v", byEmail, err)
		}
		byUsername, err := tx.Accounts().FindByUsername(w.ctx, account.StoredUsername("nobody"))
		if byUsername != nil || err != nil {
			w.Errorf("FindByUsername: %v, %v", byUsername, err)
		}
		return nil, nil
	})
	before := w.dump(p)
	w.refuses("Save", func(tx ports.Tx) error { return tx.Accounts().Save(w.ctx, p.newcomer) }, fault.ErrStale, fault.ErrNotFound)
	if got := w.logIn(p.newcomer, nil); got != nil {
		w.Errorf("LoggedIn: %v", got)
	}
	w.refuses("Remove", func(tx ports.Tx) error { return tx.Accounts().Remove(w.ctx, p.newcomer.ID) }, fault.ErrNotFound)
	w.unchanged("an account that is not there", p, before)
}

func accountUniqueness(w *world) {
	ada, grace := fullAccount(), newAccount("grace@example.com")
	w.addAccount(ada)
	w.addAccount(grace)
	sameEmail, sameUsername, sameID := newAccount(ada.Email.String()), newAccount("other@example.com"), newAccount("third@example.com")
	sameUsername.Username = ada.Username
	sameID.ID = ada.ID
	w.refuses("the same address", func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, sameEmail) }, account.ErrEmailTaken)
	w.refuses("the same username", func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, sameUsername) }, account.ErrUsernameTaken)
	if err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Accounts().Add(w.ctx, sameID) }); err == nil {
		w.Error("a second account with one id was added")
	}
	email, username := grace, grace
	email.Email, username.Username = ada.Email, ada.Username
	w.refuses("saving a taken address", func(tx ports.Tx) error { return tx.Accounts().Save(w.ctx, email) }, account.ErrEmailTaken)
	w.refuses("saving a taken username", func(tx ports.Tx) error { return tx.Accounts().Save(w.ctx, username) }, account.ErrUsernameTaken)
	w.same("the account that was refused", &grace, w.accountByID(grace.ID))
	w.same("the account that was there", &ada, w.accountByID(ada.ID))
	w.addAccount(newAccount("no-username@example.com"))
	w.do(func(tx ports.Tx) error { return tx.Accounts().Save(w.ctx, ada) }) // its own are not taken
}

func accountSave(w *world) {
	bare, bystander := newAccount("bare@example.com"), newAccount("bystander@example.com")
	w.addAccount(bare)
	w.addAccount(bystander)
	changed := fullAccount()
	changed.ID, changed.CreatedAt = bare.ID, start.Add(time.Hour)
	changed.PasswordHash = account.StoredPasswordHash("$argon2id$another")
	w.do(func(tx ports.Tx) error { return tx.Accounts().Save(w.ctx, changed) })
	changed.CreatedAt = bare.CreatedAt
	changed.Version++
	w.same("all fields set", &changed, w.accountByID(bare.ID))
	emptied := bare
	emptied.Version = changed.Version
	w.do(func(tx ports.Tx) error { return tx.Accounts().Save(w.ctx, emptied) })
	emptied.Version++
	w.same("all optional fields unset", &emptied, w.accountByID(bare.ID))
	w.same("the other account", &bystander, w.accountByID(bystander.ID))
}

func accountStale(w *world) {
	ada := newAccount("ada@example.com")
	w.addAccount(ada)
	edits(w, func(name string, later int64) account.Account {
		edited := named(ada, name)
		edited.Version += later
		return edited
	}, func(tx ports.Tx, edited account.Account) error { return tx.Accounts().Save(w.ctx, edited) },
		func() account.Account { return *w.accountByID(ada.ID) })
}

func (w *world) logIn(a account.Account, fresh *account.PasswordHash) (noted *account.Account) {
	w.Helper()
	w.do(func(tx ports.Tx) (err error) {
		noted, err = tx.Accounts().LoggedIn(w.ctx, a.ID, a.PasswordHash, fresh)
		return err
	})
	return noted
}

func accountLogin(w *world) {
	ada, bystander := newAccount("ada@example.com"), newAccount("bystander@example.com")
	w.addAccount(ada)
	w.addAccount(bystander)
	w.clock.Advance(time.Hour)
	want := ada
	want.LastLoginAt = pointer(start.Add(time.Hour))
	w.same("what a login returns", &want, w.logIn(ada, nil))
	w.same("after a login", &want, w.accountByID(ada.ID))
	w.clock.Advance(time.Hour)
	newer := account.StoredPasswordHash("$argon2id$newer")
	want.LastLoginAt, want.PasswordHash = pointer(start.Add(2*time.Hour)), newer
	w.same("what a login with a newer hash returns", &want, w.logIn(ada, &newer))
	w.same("after a login with a newer hash", &want, w.accountByID(ada.ID))
	if got := w.logIn(ada, nil); got != nil {
		w.Errorf("a login by the password before: %v", got)
	}
	w.same("after it", &want, w.accountByID(ada.ID))
	w.same("the other account", &bystander, w.accountByID(bystander.ID))
}

func accountRemoval(w *world) {
	p, other := w.found("acme"), w.found("other")
	before := w.dump(other)
	w.do(func(tx ports.Tx) error { return tx.Accounts().Remove(w.ctx, p.owner.ID) })
	if w.accountByID(p.owner.ID) != nil {
		w.Error("the account is there")
	}
	look(w, func(tx ports.Tx) (any, error) {
		actor, err := tx.Sessions().Find(w.ctx, p.session.ID, nil)
		if actor != nil || err != nil {
			w.Errorf("its session: %v, %v", actor, err)
		}
		m, err := tx.Memberships().Find(w.ctx, p.org.ID, p.owner.ID)
		if m != nil || err != nil {
			w.Errorf("its membership: %v, %v", m, err)
		}
		return nil, nil
	})
	empty(w, "its sessions", func(tx ports.Tx) ([]session.Session, error) {
		return tx.Sessions().List(w.ctx, p.owner.ID, ports.Page[session.ID]{Limit: whole})
	})
	orphan := p.key
	orphan.CreatedBy = nil
	w.same("the key that it made", orphan, w.keyByID(p, p.key.ID))
	opened := look(w, func(tx ports.Tx) (*ports.Opened, error) { return tx.KeyIndex().Find(w.ctx, p.key.Digest) })
	if opened == nil {
		w.Fatal("the key that it made opens nothing")
	}
	w.same("the key that it made, by what is presented", orphan, opened.Key)
	w.unchanged("removing an account", other, before)
	w.movedOn("removing a member", p)
	again := newAccount(p.owner.Email.String())
	again.Username = p.owner.Username
	w.addAccount(again) // both names are free
}

// movedOn fails unless the organization's version is no longer the plot's: it
// locks who owns the organization.
func (w *world) movedOn(what string, p plot) {
	w.Helper()
	kept := look(w, func(tx ports.Tx) (organization.Organization, error) { return tx.Organization(p.grant()).Get(w.ctx) })
	if kept.Version <= p.org.Version {
		w.Errorf("%s left the organization's version at %d", what, kept.Version)
	}
}

func (w *world) keyByID(p plot, id apikey.ID) apikey.Key {
	w.Helper()
	return look(w, func(tx ports.Tx) (apikey.Key, error) { return tx.APIKeys(p.grant()).Get(w.ctx, id) })
}

func (w *world) claim(id account.ID) bool {
	w.Helper()
	claimed := false
	w.do(func(tx ports.Tx) (err error) {
		claimed, err = tx.Accounts().ClaimInstallation(w.ctx, id)
		return err
	})
	return claimed
}

func installationClaimed(w *world) {
	first, second := newAccount("first@example.com"), newAccount("second@example.com")
	w.addAccount(first)
	w.addAccount(second)
	if !w.claim(first.ID) || !w.accountByID(first.ID).Operator {
		w.Error("the first claim did not make an operator")
	}
	if w.claim(second.ID) || w.claim(first.ID) {
		w.Error("an installation was claimed again")
	}
	w.same("who came too late", &second, w.accountByID(second.ID))
	w.do(func(tx ports.Tx) error { return tx.Accounts().Remove(w.ctx, first.ID) })
	if w.claim(second.ID) {
		w.Error("an installation that had an operator was claimed")
	}
}
