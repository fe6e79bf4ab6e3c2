package app

import (
	"context"
	"errors"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/ports"
)

const tokenSize = 32

// addLink keeps a new link, good for as long as its purpose says, and returns
// the token, which stands in the mail and nowhere else.
func (d Dependencies) addLink(ctx context.Context, tx ports.Tx, l link.Link) (link.Link, link.Token, error) {
	token := link.NewToken(d.Random.Bytes(tokenSize))
	l.Digest = token.Digest()
	l.CreatedAt, l.ExpiresAt = tx.Now(), tx.Now().Add(l.Purpose.Lifetime())
	return l, token, tx.Links().Add(ctx, l)
}

// findLink returns the open link of a presented token, or link.ErrInvalid for
// any other text.
func findLink(ctx context.Context, tx ports.Tx, text string, purposes ...link.Purpose) (link.Link, error) {
	token, ok := link.ParseToken(text)
	if !ok {
		return link.Link{}, link.ErrInvalid
	}
	found, err := tx.Links().Find(ctx, token.Digest())
	if err != nil {
		return link.Link{}, err
	}
	if found != nil {
		for _, p := range purposes {
			if found.Open(p, tx.Now()) {
				return *found, nil
			}
		}
	}
	return link.Link{}, link.ErrInvalid
}

// spendLink is the single use of a link. Who comes second finds none.
func spendLink(ctx context.Context, tx ports.Tx, l link.Link) error {
	err := tx.Links().Spend(ctx, l.Digest)
	if errors.Is(err, fault.ErrStale) {
		return link.ErrInvalid
	}
	return err
}
