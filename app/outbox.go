package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/mail"
	"github.com/tenantry/tenantry/ports"
)

// outboxContext is what envelopes are sealed for.
const outboxContext = "outbox"

// How much mail strangers can make us send.
const (
	mailsPerAddress = 3   // of a kind, in an hour, to one address
	mailsPerClient  = 300 // in an hour, asked for from one network
	mailWindow      = time.Hour
)

// wish asks the relay for a mail whose very existence depends on what is stored.
// Requests that must not tell whether an address has an account leave a wish,
// the same for every address, in the same time; the relay looks afterwards.
type wish struct {
	Kind      mail.Kind
	Email     string // of whom, where it is known by address
	AccountID string // of whom, where it is known by id; empty for nobody
	From      Client
}

// content is what an envelope holds: a mail as it is to be sent, or a wish.
type content struct {
	Mail *writtenMail
	Wish *wish
}

// writtenMail is a mail.Mail as it is written into an envelope.
type writtenMail struct {
	ID, Kind, To, Name, Token          string
	Organization, Inviter, Role, Other string
	ExpiresAt                          time.Time
}

func write(m mail.Mail) *writtenMail {
	return &writtenMail{
		ID: m.ID.String(), Kind: string(m.Kind), To: m.To.String(), Name: m.Name, Token: m.Token,
		Organization: m.Organization, Inviter: m.Inviter, Role: m.Role, Other: m.Other, ExpiresAt: m.ExpiresAt,
	}
}

func (w writtenMail) read() (mail.Mail, error) {
	number, err := id.Parse[mail.Mail](w.ID)
	return mail.Mail{
		ID: number, Kind: mail.Kind(w.Kind), To: account.StoredEmail(w.To), Name: w.Name, Token: w.Token,
		Organization: w.Organization, Inviter: w.Inviter, Role: w.Role, Other: w.Other, ExpiresAt: w.ExpiresAt,
	}, err
}

// post puts a mail into the outbox: it is sent when the unit of work commits,
// and never when it does not.
func (d Dependencies) post(ctx context.Context, tx ports.Tx, m mail.Mail) error {
	m.ID = mail.ID(d.Random.ID())
	return d.enclose(ctx, tx, m.ID, content{Mail: write(m)})
}

// ask leaves a wish in the outbox.
func (d Dependencies) ask(ctx context.Context, tx ports.Tx, w wish) error {
	return d.enclose(ctx, tx, mail.ID(d.Random.ID()), content{Wish: &w})
}

func (d Dependencies) enclose(ctx context.Context, tx ports.Tx, number mail.ID, c content) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	sealed, err := d.Sealer.Seal(text, outboxContext)
	if err != nil {
		return err
	}
	return tx.Outbox().Add(ctx, ports.Envelope{ID: number, Sealed: sealed, DueAt: tx.Now(), CreatedAt: tx.Now()})
}

// mailing runs a unit of work that may post mail, and wakes the relay once it is
// committed.
func mailing[T any](ctx context.Context, d Dependencies, fn func(tx ports.Tx) (T, error)) (T, error) {
	value, err := ports.Run(ctx, d.Store, fn)
	if err == nil {
		d.wake()
	}
	return value, err
}

// doMailing is mailing without a value.
func (d Dependencies) doMailing(ctx context.Context, fn func(tx ports.Tx) error) error {
	_, err := mailing(ctx, d, func(tx ports.Tx) (struct{}, error) { return struct{}{}, fn(tx) })
	return err
}

// wake rings the relay's bell. One that rings already will do.
func (d Dependencies) wake() {
	select {
	case d.bell <- struct{}{}:
	default:
	}
}

// mayAsk counts a mail that was asked for from the client's network, whatever
// becomes of it, and says whether it may go out. It counts before the unit of
// work: everybody in one network would meet there.
func (d Dependencies) mayAsk(ctx context.Context, c Client) (bool, error) {
	wait, err := ports.RunAlone(ctx, d.Store, func(tx ports.Tx) (time.Duration, error) {
		return tx.Throttles().Take(ctx, windowed("mail/client/"+c.network(), tx.Now(), mailWindow), mailsPerClient, mailWindow)
	})
	return wait == 0, err
}

// mayMail counts a mail that was asked for by who need not own the address, and
// says whether it may go out. It counts alike for every address.
func mayMail(ctx context.Context, tx ports.Tx, kind mail.Kind, to account.Email) (bool, error) {
	wait, err := tx.Throttles().Take(ctx, "mail/"+string(kind)+"/"+digestOf(to.String()), mailsPerAddress, mailWindow)
	return wait == 0, err
}

// digestOf names what people typed without keeping it.
func digestOf(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// windowed names the window within the key of a count, so that the trickle of a
// busy office never adds up.
func windowed(key string, now time.Time, window time.Duration) string {
	return key + "/" + now.Truncate(window).Format(time.RFC3339)
}
