package portstest

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// Live is credentials that remember nothing, for tests of what stands on them.
type Live struct{ Store ports.Store }

var _ ports.Credentials = Live{}

// Key implements ports.Credentials.
func (l Live) Key(ctx context.Context, digest apikey.Digest) (*ports.Opened, time.Duration, error) {
	o, err := ports.Look(ctx, l.Store, func(tx ports.Tx) (*ports.Opened, error) { return tx.KeyIndex().Find(ctx, digest) })
	return o, 0, err
}

// Session implements ports.Credentials.
func (l Live) Session(ctx context.Context, id session.ID, org *organization.ID) (*access.Actor, error) {
	return ports.Look(ctx, l.Store, func(tx ports.Tx) (*access.Actor, error) { return tx.Sessions().Find(ctx, id, org) })
}

// AccountKey implements ports.Credentials.
func (l Live) AccountKey(ctx context.Context, digest apikey.Digest, org *organization.ID) (*access.Actor, error) {
	return ports.Look(ctx, l.Store, func(tx ports.Tx) (*access.Actor, error) { return tx.AccountKeys().Find(ctx, digest, org) })
}
