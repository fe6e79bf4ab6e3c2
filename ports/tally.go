package ports

// Tallied is a kind of event that operators count.
type Tallied string

// The kinds.
const (
	Logins             Tallied = "logins"
	KeyChecks          Tallied = "key_checks"
	Reuses             Tallied = "reuses" // of refresh tokens that were replaced
	Mails              Tallied = "mails"
	SweptRows          Tallied = "swept_rows"
	BackgroundFailures Tallied = "background_failures"
)

// Tally counts events. Counting neither waits nor fails: it is done on the
// hottest paths there are.
type Tally interface {
	// Count adds n events of a kind with the same result, which is one of few.
	Count(what Tallied, result string, n int)
}
