package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/app"
)

// newMasterKey is read by keys reseal alone, from itself or the file that its
// twin names.
const newMasterKey = "NEW_MASTER_KEY"

var (
	errNoNewKey   = errors.New(newMasterKey + " or " + newMasterKey + "_FILE is missing: make a key with: openssl rand -base64 32")
	errSameKey    = errors.New(newMasterKey + " is the master key that the installation has")
	errWrongWords = errors.New("it is: tenantry " + keysUsage)
)

// reseal is the subcommand keys reseal: it seals what is sealed anew.
func reseal(ctx context.Context, cmd command) error {
	if len(cmd.args) != 1 {
		return usageError{errWrongWords}
	}
	c, err := settings()
	if err != nil {
		return err
	}
	fresh, err := freshMasterKey()
	if err != nil {
		return usageError{err}
	}
	master, err := keptMasterKey(c)
	if err != nil {
		return err
	}
	if bytes.Equal(master, fresh) {
		return usageError{errSameKey}
	}
	alone, err := openEndpoint(ctx, c) // refuses where somebody serves
	if err != nil {
		return err
	}
	if err := alone.DB.Close(); err != nil {
		return err
	}
	done, err := resealAll(ctx, c, master, fresh)
	if err != nil {
		return err
	}
	where := "set MASTER_KEY to the new key on every replica"
	if !c.MasterKey.set() {
		where = "put the new key into " + c.masterKeyFile() + " (mode 600), or set MASTER_KEY to it"
	}
	_, err = fmt.Fprintf(cmd.stdout, "sealed anew: %d secrets and %d mails. Now %s, and keep the old one for as long as\n"+
		"there are backups from before.\n", done.Secrets, done.Mails, where)
	return err
}

func freshMasterKey() ([]byte, error) {
	text, err := fromFile(newMasterKey)
	if err != nil {
		return nil, err
	}
	if text == "" {
		text = os.Getenv(newMasterKey)
	}
	if text == "" {
		return nil, errNoNewKey
	}
	if err := checkMasterKey(secret{text}); err != nil {
		return nil, fmt.Errorf("%s: %w", newMasterKey, err)
	}
	return seal.ParseMasterKey(text)
}

func resealAll(ctx context.Context, c config, master, fresh []byte) (app.Resealed, error) {
	old, err := seal.New(master)
	if err != nil {
		return app.Resealed{}, err
	}
	next, err := seal.New(fresh)
	if err != nil {
		return app.Resealed{}, err
	}
	store, clock, err := openStore(ctx, c)
	if err != nil {
		return app.Resealed{}, err
	}
	var done app.Resealed
	if err = store.Ping(ctx); err == nil {
		done, err = app.Resealing{Dependencies: app.Dependencies{
			Store: store, Clock: clock, Random: system.NewRandom(), Logger: slog.New(slog.DiscardHandler),
		}, Old: old, New: next}.Run(ctx)
	}
	return done, errors.Join(err, store.Close())
}
