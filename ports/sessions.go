package ports

import (
	"context"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
)

// Sessions keeps the logins. A session that has run out may still be returned;
// session.Session.Ended tells.
type Sessions interface {
	Add(ctx context.Context, s session.Session) error
	// Find returns the session, its account and, where org is not nil, the
	// account's membership there, in one statement; nil when the session is
	// gone. With org nil the session's own active organization is meant.
	Find(ctx context.Context, id session.ID, org *organization.ID) (*access.Actor, error)
	// Save writes the active organization, the counter and the times, but never
	// the terms, where the stored counter still is counter; otherwise
	// fault.ErrStale.
	Save(ctx context.Context, s session.Session, counter int64) error
	// Rotate makes a plain refresh by one statement, fit for Store.Alone, and returns
	// the session as it then is. It is plain where the session meets the rotation,
	// its account may log in, and the account is a member of the active
	// organization or none is active. In any other case nothing is changed and nil
	// is returned: the session has to be read, and session.Session.Refresh decides.
	Rotate(ctx context.Context, id session.ID, r session.Rotation) (*session.Session, error)
	// List returns the account's sessions that have not run out, oldest first.
	List(ctx context.Context, owner account.ID, page Page[session.ID]) ([]session.Session, error)
	// Remove ends one session of the account, or returns a not-found fault.
	Remove(ctx context.Context, owner account.ID, id session.ID) error
	// RemoveAll ends every session of the account but keep, which may be zero,
	// and says how many.
	RemoveAll(ctx context.Context, owner account.ID, keep session.ID) (int, error)
	// Inspect looks at the page's sessions, whoever's they are, by their ids, and
	// says which have run out. So a sweep goes through all of them in short steps.
	Inspect(ctx context.Context, page Page[session.ID]) (Inspected, error)
	// Sweep deletes those of the sessions that have run out by now, and says how
	// many. They are deleted one by one: ids are few hundreds at most.
	Sweep(ctx context.Context, ids []session.ID) (int, error)
}

// Inspected is what came of looking at some sessions.
type Inspected struct {
	RunOut []session.ID
	Last   session.ID // the last that was looked at, run out or not; zero when there was none
}
