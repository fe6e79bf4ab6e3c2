package ports

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
)

// Staleness bounds how long an answer of Credentials may lag behind the store:
// what was revoked longer ago is never taken for good, whatever broke meanwhile.
// A change that was made by this process counts at once.
const Staleness = time.Second

// Credentials tells what a presented credential stands for. It answers from
// memory where that is fresh enough, and asks the store once for however many
// wait for the same. Nil is for a credential that nobody knows. It judges
// neither expiry nor revocation. When the store cannot be asked, the error is
// that of the store: what is not known to be good is not good.
//
// What it returns is shared between callers and never written to.
type Credentials interface {
	// Key says what an environment key opens, and how old that knowledge is.
	Key(ctx context.Context, digest apikey.Digest) (opened *Opened, age time.Duration, err error)
	// Session says who holds a session, as Sessions.Find does.
	Session(ctx context.Context, id session.ID, org *organization.ID) (*access.Actor, error)
	// AccountKey says who acts by an account key, as AccountKeys.Find does.
	AccountKey(ctx context.Context, digest apikey.Digest, org *organization.ID) (*access.Actor, error)
}

// Subject is the id of something on which answers of Credentials depend: a key,
// an environment, a project, an organization, an account, a session. Ids are
// unique over all of them.
type Subject [16]byte

// Hearer is told of changes to subjects, after they were committed. Its methods
// may be called at once by many.
type Hearer interface {
	// Forget is for subjects that have changed or are gone.
	Forget(subjects ...Subject)
	// ForgetAll is for whenever it is not known what has changed.
	ForgetAll()
	// Confirm says that every change that was committed before at has been told.
	Confirm(at time.Time)
}
