package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/tenantry/tenantry/adapters/argon"
	"github.com/tenantry/tenantry/adapters/guess"
	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/adapters/idn"
	"github.com/tenantry/tenantry/adapters/jwt"
	"github.com/tenantry/tenantry/adapters/memory"
	"github.com/tenantry/tenantry/adapters/metrics"
	"github.com/tenantry/tenantry/adapters/postgres"
	"github.com/tenantry/tenantry/adapters/seal"
	"github.com/tenantry/tenantry/adapters/smtp"
	"github.com/tenantry/tenantry/adapters/sqlite"
	"github.com/tenantry/tenantry/adapters/sqlstore"
	"github.com/tenantry/tenantry/adapters/system"
	"github.com/tenantry/tenantry/adapters/tracing"
	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/idempotency"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/migrations"
	"github.com/tenantry/tenantry/ports"
)

// program is everything that runs, put together.
type program struct {
	app     *app.App
	handler http.Handler
	ready   *httpapi.Readiness
	metrics *metrics.Metrics
	store   *sqlstore.Store
	clock   *system.Shared
	memory  *memory.Memory
	helper  *argon.Helper
	crowd   *httpapi.Crowd
	tracing *tracing.Tracing // nil where nobody collects traces
	logger  *slog.Logger

	background []func(context.Context) // what runs beside the server
}

// wire brings the schema up to date, opens the store and builds the program
// upon it. When it fails, nothing stays open.
func wire(ctx context.Context, c config, logger *slog.Logger) (*program, error) {
	if err := bringUp(ctx, c, logger); err != nil {
		return nil, err
	}
	store, clock, err := openStore(ctx, c)
	if err != nil {
		return nil, err
	}
	p := &program{store: store, clock: clock, logger: logger, ready: &httpapi.Readiness{}, metrics: metrics.New(version)}
	if err = p.trace(ctx, c); err == nil {
		err = p.build(ctx, c)
	}
	if err != nil {
		p.endTraces(ctx)
		return nil, errors.Join(err, store.Close())
	}
	return p, nil
}

func (p *program) build(ctx context.Context, c config) error {
	random, store, logger := system.NewRandom(), p.store, p.logger
	master, err := masterKey(ctx, c, store)
	if err != nil {
		return err
	}
	sealer, err := seal.New(master)
	if err != nil {
		return err
	}
	ring, err := app.LoadKeyring(ctx, store, sealer, random)
	if err != nil {
		return err
	}
	tokens, err := accessTokens(c, ring)
	if err != nil {
		return err
	}
	mailer, err := c.mailer(logger)
	if err != nil {
		return err
	}
	p.helper = newHelper(c.PasswordHashNice, logger)
	if err := p.remember(c); err != nil {
		return err
	}
	hasher := argon.New(argon.Options{Helper: p.helper})
	p.app = app.New(app.Dependencies{
		Store: store, Credentials: p.memory, Clock: p.clock, Random: random, Passwords: hasher,
		AccessTokens: tokens, RefreshTokens: session.NewDeriver(ring.Derive("refresh tokens")),
		Idempotency: idempotency.NewDeriver(ring.Derive("idempotency keys")),
		SealerOf:    func(key []byte) (ports.Sealer, error) { return seal.New(key) },
		Guess:       guess.Score, ToASCII: idn.ToASCII, Sealer: sealer, Mailer: mailer, Logger: logger, Tally: p.metrics.Tally,
	}, app.Settings{
		Sessions: c.sessionPolicy(), Passwords: c.passwordPolicy(),
		LoginFailures: c.LoginFailures, LoginWindow: time.Duration(c.LoginWindowMinutes) * time.Minute,
		EmailVerification: c.EmailVerification == verificationRequired, Retention: c.retention(),
	})
	p.background = append(p.background, p.keepTime, p.app.Housekeeping.Run, p.app.Relay.Run, paceGarbage)
	p.crowd = newCrowd(c, logger)
	p.measure(hasher)
	if !c.JWTSecret.set() {
		p.follow(tokens)
	}
	spoken, err := chosenDialects(c.Compat)
	if err != nil {
		return err
	}
	p.handler, err = httpapi.New(httpapi.Options{
		App: p.app, Logger: logger, PublicURL: c.PublicURL, Secure: c.secure(), CORSOrigins: c.CORSOrigins, TrustedProxies: c.TrustedProxies,
		JWKS:      func() []byte { return tokens.JWKS(p.clock.Now()) },
		CursorKey: ring.Derive("cursors"), AdminToken: httpapi.NewAdminToken(c.AdminAPIToken.text),
		Limits:   httpapi.Limits{Auth: c.RateAuth, Organization: c.RateOrganization, Environment: c.RateEnvironment, KeyReads: c.RateKeyReads},
		Dialects: spoken,
		Ready:    p.ready, Ping: store.Ping, Observe: p.metrics.Observe, Trace: p.traceRequests(),
	})
	return err
}

// remember puts the memory before the store, and lets it hear of changes.
func (p *program) remember(c config) error {
	var err error
	if p.memory, err = memory.New(p.store, p.clock); err != nil {
		return err
	}
	p.store.Heard(p.memory.Forget)
	p.metrics.Memory(p.memory.Behind, p.memory.Hears)
	if address := c.listenAddress(); address != "" {
		feed, err := postgres.NewFeed(address, p.memory, p.logger)
		if err != nil {
			return err
		}
		p.background = append(p.background, feed.Run)
	}
	return nil
}

// accessTokens signs with JWT_SECRET where there is one, else with the keys that
// the installation made for itself.
func accessTokens(c config, ring app.Keyring) (*jwt.Tokens, error) {
	keys := signingKeys(ring.Signing)
	if c.JWTSecret.set() {
		keys = jwt.Keys{Secret: []byte(c.JWTSecret.text)}
	}
	return jwt.New(jwt.Settings{Issuer: c.JWTIssuer, Audience: c.JWTAudience}, keys)
}

func signingKeys(all []app.SigningKey) jwt.Keys {
	var keys jwt.Keys
	for _, k := range all {
		keys.Ed25519 = append(keys.Ed25519, jwt.Key{Private: ed25519.NewKeyFromSeed(k.Seed), Term: k.Term})
	}
	return keys
}

// follow lets the tokens know of keys that others make and retire.
func (p *program) follow(tokens *jwt.Tokens) {
	p.app.SigningKeys.Use = func(all []app.SigningKey) error { return tokens.Use(signingKeys(all)) }
	tokens.WhenUnknown(p.app.SigningKeys.Unknown)
	p.background = append(p.background, p.app.SigningKeys.Run)
}

// mailer sends by SMTP, or writes to the log where no server is named.
func (c *config) mailer(logger *slog.Logger) (ports.Mailer, error) {
	if c.SMTPURL.set() {
		return smtp.New(c.smtp())
	}
	return smtp.NewLog(logger, c.PublicURL)
}

func (c *config) smtp() smtp.Settings {
	return smtp.Settings{URL: c.SMTPURL.text, From: c.MailFrom, PublicURL: c.PublicURL}
}

// masterKey is MASTER_KEY, or on SQLite a key that is made once and kept beside
// the database. One that is lost is not replaced: a new one opens nothing.
func masterKey(ctx context.Context, c config, store *sqlstore.Store) ([]byte, error) {
	if c.MasterKey.set() {
		return seal.ParseMasterKey(c.MasterKey.text)
	}
	// In this order: who seals secrets has put the key in place before.
	sealed, err := app.HasKeyring(ctx, store)
	if err != nil {
		return nil, err
	}
	path := c.masterKeyFile()
	if _, err := os.Stat(path); sealed && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing, and the secrets in the database were sealed with it: put it back, or set MASTER_KEY to what stood in it", path)
	}
	return seal.LoadOrCreateMasterKey(path)
}

// masterKeyFile is where the key of an SQLite database is, unless MASTER_KEY is
// set.
func (c *config) masterKeyFile() string { return c.DatabaseURL.path() + ".key" }

// openStore opens the store, with the clock that it goes by: the database's, as far
// as it has one.
func openStore(ctx context.Context, c config) (*sqlstore.Store, *system.Shared, error) {
	clock := &system.Shared{}
	if c.DatabaseURL.engine() != postgresEngine {
		store, err := sqlite.Open(ctx, c.DatabaseURL.path(), clock)
		return store, clock, err
	}
	store, err := postgres.Open(ctx, c.postgres(), clock)
	if err != nil {
		return nil, nil, err
	}
	if _, err := clock.Follow(ctx, store.Time); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("ask the database for the time: %w", err), store.Close())
	}
	return store, clock, nil
}

func openMigrator(ctx context.Context, c config) (*migrations.Migrator, error) {
	if c.DatabaseURL.engine() == postgresEngine {
		return postgres.OpenMigrator(ctx, c.direct())
	}
	return sqlite.OpenMigrator(ctx, c.DatabaseURL.path())
}

// direct is the database without the pooler before it, where that is known:
// through one, a change of the schema cannot set how long it waits for a lock.
func (c *config) direct() postgres.Config {
	if c.DatabasePooler && c.ListenURL.text != "" {
		return postgres.Config{DSN: c.ListenURL.text}
	}
	return c.postgres()
}

// pools is how many the store has: one that writes and one that reads.
const pools = 2

func (c *config) postgres() postgres.Config {
	return postgres.Config{DSN: c.DatabaseURL.text, Pooler: c.DatabasePooler, MaxConns: c.DatabaseConns / pools}
}
