package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/ports"
)

// counted says how each kind of event is shown.
var counted = map[ports.Tallied]struct{ name, help, label string }{
	ports.Logins:             {"tenantry_logins_total", "Attempts to log in by a password. Wrong is unknown, wrong, disabled and unproven.", "result"},
	ports.KeyChecks:          {"tenantry_key_checks_total", "Checks of environment keys, by the SDK plane and for products' backends.", "code"},
	ports.Reuses:             {"tenantry_refresh_reuses_total", "Sessions that ended because a replaced refresh token was presented: a stolen copy, or a client that keeps old ones.", "result"},
	ports.Mails:              {"tenantry_mails_total", "Attempts to send a mail.", "result"},
	ports.SweptRows:          {"tenantry_swept_rows_total", "Rows that were over and were deleted.", "kind"},
	ports.BackgroundFailures: {"tenantry_background_failures_total", "Pieces of background work that failed and are tried again.", "work"},
}

// tally has a counter for everything that can happen, from the start: what was
// never seen is 0, and not missing.
type tally map[ports.Tallied]map[string]prometheus.Counter

// Tally implements ports.Tally.
type Tally struct{ counters tally }

func newTally(registry *prometheus.Registry) Tally {
	all := tally{}
	for what, results := range app.Tallies() {
		shown := counted[what]
		vector := prometheus.NewCounterVec(prometheus.CounterOpts{Name: shown.name, Help: shown.help}, []string{shown.label})
		registry.MustRegister(vector)
		all[what] = map[string]prometheus.Counter{}
		for _, result := range slices.Sorted(slices.Values(results)) {
			all[what][result] = vector.WithLabelValues(result)
		}
	}
	return Tally{all}
}

// Count adds to a counter. A result that is not among app.Tallies is not
// counted: no series is ever made of what somebody invents.
func (t Tally) Count(what ports.Tallied, result string, n int) {
	if c := t.counters[what][result]; c != nil {
		c.Add(float64(n))
	}
}
