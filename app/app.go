// Package app has the use cases: one file a noun, one method a use case. Here
// is decided who may do what, and in which order a request's answers come:
// what the request alone shows (400), then tenancy (404), then role (403), then
// conflicts with stored state (409).
package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Dependencies are what the use cases reach the world by.
type Dependencies struct {
	Store         ports.Store
	Credentials   ports.Credentials
	Clock         ports.Clock
	Random        ports.Random
	Passwords     ports.Passwords
	AccessTokens  ports.AccessTokens
	RefreshTokens session.Deriver
	Guess         account.Guess
	ToASCII       account.ToASCII
	// Sealer keeps what waits in the outbox from who reads the database: mails
	// carry links that let people in. It is the one that opens the keyring.
	Sealer ports.Sealer
	// Idempotency derives what kept answers are looked up by and sealed under, and
	// SealerOf seals under 32 bytes that it derived.
	Idempotency idempotency.Deriver
	SealerOf    func(key []byte) (ports.Sealer, error)
	// Mailer is the relay's alone. Everything else posts to the outbox.
	Mailer ports.Mailer
	Logger *slog.Logger
	// Tally counts what operators watch; nil is nobody.
	Tally ports.Tally

	bell chan struct{} // wakes the relay
}

// Settings are the rules that an installation chooses.
type Settings struct {
	Sessions  session.Policy
	Passwords account.PasswordPolicy
	// LoginFailures is how many wrong passwords an account takes before it makes
	// everyone wait LoginWindow. An address takes ten times as many.
	LoginFailures int
	LoginWindow   time.Duration
	// EmailVerification makes every account prove its address before it logs in
	// for the first time. Registrations then have one answer for new and known
	// addresses.
	EmailVerification bool
	Retention         Retention
}

// App is every use case, by noun.
type App struct {
	Accounts      *Accounts
	Passwords     *Passwords
	Emails        *Emails
	Sessions      *Sessions
	AccountKeys   *AccountKeys
	Organizations *Organizations
	Members       *Members
	Invitations   *Invitations
	Projects      *Projects
	Environments  *Environments
	APIKeys       *APIKeys
	Verification  *Verification
	Audit         *Audit
	Access        *Access
	Operators     *Operators
	Relay         *Relay
	Idempotency   *Idempotency
	Housekeeping  *Housekeeping
	SigningKeys   *SigningKeys
}

// New wires the use cases together. Whoever serves also runs Housekeeping and
// Relay, and calls Housekeeping.Flush at the end.
func New(d Dependencies, s Settings) *App {
	d.bell = make(chan struct{}, 1)
	if d.Tally == nil {
		d.Tally = untallied{}
	}
	proof := &proof{Dependencies: d, settings: s}
	issuer := &issuer{Dependencies: d, policy: s.Sessions}
	slugs := slugs{random: d.Random}
	found := &founding{random: d.Random, slugs: slugs}
	departure := &departure{Dependencies: d}
	newcomers := &newcomers{Dependencies: d, settings: s}
	emails := &Emails{Dependencies: d, settings: s}
	passwords := &Passwords{Dependencies: d, settings: s, proof: proof}
	verification, keys := newVerification(d), newAccountKeys(d)
	signing := &SigningKeys{Dependencies: d}
	protection := protection{verification}
	return &App{
		Accounts: &Accounts{
			Dependencies: d, settings: s, proof: proof, issuer: issuer,
			founding: found, departure: departure, newcomers: newcomers, emails: emails,
		},
		Passwords:     passwords,
		Emails:        emails,
		Sessions:      &Sessions{Dependencies: d, settings: s, proof: proof, issuer: issuer},
		AccountKeys:   keys,
		Organizations: &Organizations{Dependencies: d, policy: s.Sessions, founding: found},
		Members:       &Members{Dependencies: d, policy: s.Sessions},
		Invitations:   &Invitations{Dependencies: d, issuer: issuer, newcomers: newcomers},
		Projects:      &Projects{Dependencies: d, founding: found, slugs: slugs, protection: protection},
		Environments:  &Environments{Dependencies: d, slugs: slugs, protection: protection},
		APIKeys:       &APIKeys{Dependencies: d, verification: verification},
		Verification:  verification,
		Audit:         &Audit{Dependencies: d},
		Access:        &Access{Dependencies: d},
		Operators:     &Operators{Dependencies: d, departure: departure, newcomers: newcomers, founding: found, emails: emails},
		Relay: &Relay{Dependencies: d, answers: map[mail.Kind]func(context.Context, ports.Tx, wish) error{
			mail.VerifyEmail: emails.answer, mail.ResetPassword: passwords.answer, mail.ManyFailures: proof.answer,
		}},
		Idempotency:  &Idempotency{Dependencies: d},
		Housekeeping: &Housekeeping{Dependencies: d, keep: s.Retention, verification: verification, keys: keys, signing: signing},
		SigningKeys:  signing,
	}
}
