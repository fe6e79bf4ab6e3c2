// Package app has the use cases: one file a noun, one method a use case. Here
// is decided who may do what, and in which order a request's answers come:
// what the request alone shows (400), then tenancy (404), then role (403), then
// conflicts with stored state (409).
package app

import (
	"log/slog"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Dependencies are what the use cases reach the world by.
type Dependencies struct {
	Store         ports.Store
	Clock         ports.Clock
	Random        ports.Random
	Passwords     ports.Passwords
	AccessTokens  ports.AccessTokens
	RefreshTokens session.Deriver
	Guess         account.Guess
	ToASCII       account.ToASCII
	Logger        *slog.Logger
}

// Settings are the rules that an installation chooses.
type Settings struct {
	Sessions  session.Policy
	Passwords account.PasswordPolicy
	// LoginFailures is how many wrong passwords an account takes before it makes
	// everyone wait LoginWindow. An address takes ten times as many.
	LoginFailures int
	LoginWindow   time.Duration
}

// App is every use case, by noun.
type App struct {
	Accounts      *Accounts
	Sessions      *Sessions
	Organizations *Organizations
	Projects      *Projects
	Environments  *Environments
	APIKeys       *APIKeys
	Verification  *Verification
	Housekeeping  *Housekeeping
}

// New wires the use cases together.
func New(d Dependencies, s Settings) *App {
	proof := &proof{Dependencies: d, settings: s}
	issuer := &issuer{Dependencies: d, policy: s.Sessions}
	slugs := slugs{random: d.Random}
	found := &founding{random: d.Random, slugs: slugs}
	verification := newVerification(d)
	return &App{
		Accounts:      &Accounts{Dependencies: d, settings: s, proof: proof, issuer: issuer, founding: found},
		Sessions:      &Sessions{Dependencies: d, policy: s.Sessions, proof: proof, issuer: issuer},
		Organizations: &Organizations{Dependencies: d, policy: s.Sessions, founding: found},
		Projects:      &Projects{Dependencies: d, founding: found, slugs: slugs},
		Environments:  &Environments{Dependencies: d, slugs: slugs},
		APIKeys:       &APIKeys{Dependencies: d},
		Verification:  verification,
		Housekeeping:  &Housekeeping{store: d.Store, logger: d.Logger, verification: verification},
	}
}
