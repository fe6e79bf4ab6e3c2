package sqlstore

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

// Channel is where PostgreSQL carries announcements.
const Channel = "tenantry"

// An announcement names as many subjects as PostgreSQL takes: less than 8,000
// bytes. A unit of work that changes more announces that anything may have
// changed.
const (
	subjectSize  = 2 * len(ports.Subject{})
	maxAnnounced = 7_900 / subjectSize
	anything     = "*"
)

var (
	errAnnouncement = errors.New("the announcement is malformed")
	errUnannounced  = errors.New("a change that verifiers must hear of was tried alone")
)

// announce notes that verifiers must hear of changes to these ids. Each
// statement that takes something away from a credential, or changes what its
// holder is shown, comes with it. Alone there is no transaction to announce it
// in, so that the unit fails instead of leaving verifiers unaware.
func (u *unit) announce(subjects ...ports.Subject) {
	if u.alone {
		u.failed = fault.ErrInternal.With(errUnannounced)
		return
	}
	u.announced = append(u.announced, subjects...)
}

// announceAnything lets verifiers forget everything.
func (u *unit) announceAnything() { u.announce(make([]ports.Subject, maxAnnounced+1)...) }

// publish announces what was noted, in the transaction that changed it. It takes
// a lock that all who announce share, and so comes last.
func (u *unit) publish(ctx context.Context) error {
	if len(u.announced) == 0 || u.dialect.Announce == "" {
		return nil
	}
	_, err := u.change(ctx, nil, u.dialect.Announce, announcement(u.announced))
	return err
}

func announcement(subjects []ports.Subject) string {
	if len(subjects) > maxAnnounced {
		return anything
	}
	text := make([]byte, 0, subjectSize*len(subjects))
	for _, s := range subjects {
		text = hex.AppendEncode(text, s[:])
	}
	return string(text)
}

// Tell hands what another process announced to who must hear of it.
func Tell(text string, hearer ports.Hearer) error {
	if text == anything {
		hearer.ForgetAll()
		return nil
	}
	ids, err := hex.DecodeString(text)
	if err != nil || len(text)%subjectSize != 0 || strings.ToLower(text) != text {
		hearer.ForgetAll()
		return errAnnouncement
	}
	subjects := make([]ports.Subject, 0, len(text)/subjectSize)
	for ; len(ids) > 0; ids = ids[len(ports.Subject{}):] {
		subjects = append(subjects, ports.Subject(ids[:len(ports.Subject{})]))
	}
	hearer.Forget(subjects...)
	return nil
}
