package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tenantry/tenantry/adapters/jwt"
	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/app"
)

// defaultNotice is twice as long as others may keep the published keys (see
// Cache-Control of /.well-known/jwks.json).
const defaultNotice = 10 * time.Minute

var errOwnSecret = errors.New("access tokens are signed with JWT_SECRET, which is not kept in the database: " +
	"to change it, set another on every replica and restart them; tokens end, and sessions go on by their refresh tokens")

const keysUsage = "keys list | keys rotate [--notice 10m] [--revoke-old] | keys reseal"

// keys is the subcommand for the keys that sign access tokens, and for the one
// that seals them.
func keys(ctx context.Context, cmd command) error {
	if len(cmd.args) > 0 && cmd.args[0] == "reseal" {
		return reseal(ctx, cmd)
	}
	notice, revoke := defaultNotice, false
	flags := newFlags(keysUsage)
	flags.DurationVar(&notice, "notice", notice, "how long the new key is published before it signs")
	flags.BoolVar(&revoke, "revoke-old", revoke, "let the new key sign at once, and refuse what the old ones signed")
	if err := parseFlags(flags, cmd.args, 1); err != nil {
		return err
	}
	act, known := map[string]func(context.Context, *app.SigningKeys) error{
		"list": func(context.Context, *app.SigningKeys) error { return nil },
		"rotate": func(ctx context.Context, k *app.SigningKeys) error {
			if revoke {
				return k.Revoke(ctx)
			}
			return k.Rotate(ctx, notice)
		},
	}[flags.Arg(0)]
	if !known || notice < app.LeastNotice || notice > longestNotice {
		return usageError{fmt.Errorf("it is: tenantry %s, with a notice from %s to %s", keysUsage, app.LeastNotice, longestNotice)}
	}
	c, err := settings()
	if err != nil {
		return err
	}
	if c.JWTSecret.set() {
		return usageError{errOwnSecret}
	}
	inspector, err := openInspector(ctx, c) // never makes a database
	if err != nil {
		return err
	}
	master, err := keptMasterKey(c)
	if err := errors.Join(err, inspector.Close()); err != nil {
		return err
	}
	return withSigningKeys(ctx, c, master, func(k *app.SigningKeys) error {
		return errors.Join(act(ctx, k), listKeys(ctx, k, cmd))
	})
}

const longestNotice = 7 * 24 * time.Hour

// withSigningKeys opens the store of an installation that has served before.
func withSigningKeys(ctx context.Context, c config, master []byte, work func(*app.SigningKeys) error) error {
	sealer, err := seal.New(master)
	if err != nil {
		return err
	}
	store, clock, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	err = store.Ping(ctx)
	if err == nil {
		err = work(&app.SigningKeys{Dependencies: app.Dependencies{
			Store: store, Clock: clock, Random: system.NewRandom(), Sealer: sealer, Logger: slog.New(slog.DiscardHandler),
		}})
	}
	return errors.Join(err, store.Close())
}

// listKeys prints a line for each key, by the name that tokens and the published
// keys have for it.
func listKeys(ctx context.Context, k *app.SigningKeys, cmd command) error {
	all, err := k.List(ctx)
	if err != nil {
		return err
	}
	now, from := k.Clock.Now(), time.Time{}
	for _, key := range all {
		state := "signs"
		switch end := key.Term.End(); {
		case !key.Term.Verifies(now):
			state = "is of no use any more"
		case !key.Term.Signs(now):
			state = "is retired; its tokens are accepted until " + moment(end)
		case from.After(now):
			state = "is published, and signs from " + moment(from)
		case !end.IsZero():
			state = "signs until " + moment(key.Term.RetiredAt)
		}
		if !key.Term.RetiredAt.IsZero() {
			from = key.Term.RetiredAt
		}
		if _, err := fmt.Fprintf(cmd.stdout, "%s, made at %s, %s\n", jwt.KeyID(ed25519.NewKeyFromSeed(key.Seed)), moment(key.CreatedAt), state); err != nil {
			return err
		}
	}
	return nil
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
