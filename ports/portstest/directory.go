package portstest

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/ports"
)

var directoryPromises = []promise{
	{"accounts are found by address, name and username, in which nothing is a wildcard", accountsFound},
	{"organizations are found by name and slug", organizationsFound},
	{"a new name is found and the old one is not", newNameFound},
	{"accounts and organizations come in pages, in the order of their ids", directoryPages},
	{"operators are counted unless they are disabled", operatorsCounted},
	{"the home is the last that was settled, until it is deleted", homeSettled},
}

func (w *world) accountsBy(text string) string {
	w.Helper()
	var parts []string
	for _, a := range look(w, func(tx ports.Tx) ([]account.Account, error) {
		return tx.Directory().Accounts(w.ctx, text, ports.Page[account.ID]{Limit: whole})
	}) {
		w.same("the account", &a, w.accountByID(a.ID))
		parts = append(parts, a.Email.LocalPart())
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

func (w *world) organizationsBy(text string) string {
	w.Helper()
	var slugs []string
	for _, o := range look(w, func(tx ports.Tx) ([]organization.Organization, error) {
		return tx.Directory().Organizations(w.ctx, text, ports.Page[organization.ID]{Limit: whole})
	}) {
		w.same("the organization", o, w.organizationByID(o))
		slugs = append(slugs, o.Slug.String())
	}
	slices.Sort(slugs)
	return strings.Join(slugs, " ")
}

func accountsFound(w *world) {
	full := fullAccount()
	full.Email, full.Name = account.StoredEmail("zoe@example.com"), naming.StoredName("\u00c9LODIE 100%_\\")
	w.addAccount(full)
	w.addAccount(named(newAccount("grace@example.com"), "Grace HOPPER"))
	for text, want := range map[string]string{
		"": "grace zoe", "EXAMPLE.COM": "grace zoe", "hopper": "grace", "gRaCe": "grace", "\u00e9lodie": "zoe", "Ada._-": "zoe",
		"%": "zoe", "_": "zoe", `\`: "zoe", "g%e": "", "*": "", "nobody": "", "com\u00e9": "", "'": "",
	} {
		w.same("the accounts by "+text, want, w.accountsBy(text))
	}
}

func organizationsFound(w *world) {
	for slug, name := range map[string]string{"acme": "Wile & S\u00d6HNE", "100": "Hundred%"} {
		o := newOrganization(slug)
		o.Name = naming.StoredName(name)
		w.addOrganization(o)
	}
	for text, want := range map[string]string{
		"": "100 acme", "ACM": "acme", "s\u00f6hne": "acme", "S\u00f6hn": "acme", "%": "100", "_": "", "hundred": "100", "10": "100", "acmew": "",
	} {
		w.same("the organizations by "+text, want, w.organizationsBy(text))
	}
}

func newNameFound(w *world) {
	p := w.found("acme")
	w.do(func(tx ports.Tx) error { return tx.Accounts().Save(w.ctx, named(p.owner, "Z\u00c9PHYR")) })
	w.do(func(tx ports.Tx) error { return tx.Organization(p.grant()).Save(w.ctx, renamed(p.org, "Z\u00c9PHYR")) })
	w.same("the accounts by the new name", "acme", w.accountsBy("z\u00e9phyr"))
	w.same("the accounts by the old name", "stranger-acme", w.accountsBy("ada"))
	w.same("the members by the new name", "acme", localParts(w.membersOf(p, ports.MemberFilter{Text: "z\u00e9phyr"})))
	w.same("the organizations by the new name", "acme", w.organizationsBy("Z\u00e9phyr"))
}

func directoryPages(w *world) {
	var accounts []account.ID
	var organizations []organization.ID
	for _, name := range []string{"d", "c", "b", "a"} {
		a, o := newAccount(name+"@example.com"), newOrganization("of-"+name)
		w.addAccount(a)
		w.addOrganization(o)
		accounts, organizations = append(accounts, a.ID), append(organizations, o.ID)
	}
	w.addAccount(newAccount("nobody@elsewhere.org"))
	w.addOrganization(renamed(newOrganization("elsewhere"), "Nowhere"))
	paged(w, accounts, func(a account.Account) account.ID { return a.ID },
		func(tx ports.Tx, page ports.Page[account.ID]) ([]account.Account, error) {
			return tx.Directory().Accounts(w.ctx, "example.com", page)
		})
	paged(w, organizations, func(o organization.Organization) organization.ID { return o.ID },
		func(tx ports.Tx, page ports.Page[organization.ID]) ([]organization.Organization, error) {
			return tx.Directory().Organizations(w.ctx, "acme", page)
		})
}

func operatorsCounted(w *world) {
	for i, want := range []int{1, 2, 2, 2} {
		a := newAccount(string(rune('a'+i)) + "@example.com")
		a.Operator, a.Disabled = i < 3, i == 2
		w.addAccount(a)
		got := look(w, func(tx ports.Tx) (int, error) { return tx.Directory().Operators(w.ctx) })
		w.same("the operators", want, got)
	}
}

// renamed is o, called otherwise.
func renamed(o organization.Organization, name string) organization.Organization {
	o.Name = naming.StoredName(name)
	return o
}

func homeSettled(w *world) {
	home := func() *organization.ID {
		return look(w, func(tx ports.Tx) (*organization.ID, error) { return tx.Directory().Home(w.ctx) })
	}
	if got := home(); got != nil {
		w.Errorf("a fresh installation has the home %s", got)
	}
	first, last := w.found("first"), w.found("last")
	for _, p := range []plot{first, last} {
		w.do(func(tx ports.Tx) error { return tx.Directory().Settle(w.ctx, p.org.ID) })
		w.same("the home", &p.org.ID, home())
	}
	w.do(func(tx ports.Tx) error { return tx.Organization(first.grant()).Remove(w.ctx) })
	w.same("the home, after another organization was deleted", &last.org.ID, home())
	w.do(func(tx ports.Tx) error { return tx.Organization(last.grant()).Remove(w.ctx) })
	if got := home(); got != nil {
		w.Errorf("after it was deleted, the home is %s", got)
	}
	err := w.store.Do(w.ctx, func(tx ports.Tx) error { return tx.Directory().Settle(w.ctx, first.org.ID) })
	w.refused("a home that is no organization", err, fault.ErrNotFound)
}
