package app

import (
	"errors"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

// Results of events that have no name elsewhere.
const (
	succeeded = "ok"
	wrong     = "wrong"     // one for unknown, wrong, disabled and unproven, as in the answer
	throttled = "throttled" // right and wrong alike
	malformed = "malformed"
	failed    = "unavailable"

	keyInURL     = "KEY_IN_URL" // beside the codes of verdicts
	sessionEnded = "session_ended"

	mailSent      = "sent"
	mailPostponed = "postponed"
	mailGivenUp   = "given_up"
)

// Tallies are the results that each kind of event can have, so that whoever
// counts can show all of them from the start.
func Tallies() map[ports.Tallied][]string {
	checks := []string{string(Valid), keyInURL, failed}
	for _, c := range codes {
		checks = append(checks, string(c.code))
	}
	return map[ports.Tallied][]string{
		ports.Logins:             {succeeded, wrong, throttled, malformed, failed},
		ports.KeyChecks:          checks,
		ports.Reuses:             {sessionEnded},
		ports.Mails:              {mailSent, mailPostponed, mailGivenUp},
		ports.SweptRows:          sweepNames(),
		ports.BackgroundFailures: {"flush", "sweep", "tend", "outbox", "signing_keys"},
	}
}

// untallied counts nothing.
type untallied struct{}

func (untallied) Count(ports.Tallied, string, int) {}

// loginResult names how a login ended.
func loginResult(err error) string {
	switch {
	case err == nil:
		return succeeded
	case errors.Is(err, account.ErrInvalidCredentials):
		return wrong
	case errors.Is(err, account.ErrTooManyAttempts):
		return throttled
	case fault.KindOf(err) == fault.Invalid:
		return malformed
	}
	return failed
}

// checkResult names how the check of a key ended.
func checkResult(err error) string {
	if err == nil {
		return string(Valid)
	}
	for _, c := range codes {
		if errors.Is(err, c.fault) {
			return string(c.code)
		}
	}
	if errors.Is(err, apikey.ErrInURL) {
		return keyInURL
	}
	return failed
}
