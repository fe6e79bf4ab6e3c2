package races

import (
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// naive does what nobody should: it looks whether a thing was taken, and then
// takes it.
func naive(db *sql.DB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		thing, err := io.ReadAll(r.Body)
		taken := 0
		if err == nil {
			err = db.QueryRowContext(r.Context(), "SELECT count(*) FROM taken WHERE thing = $1", string(thing)).Scan(&taken)
		}
		if err == nil && taken == 0 {
			_, err = db.ExecContext(r.Context(), "INSERT INTO taken (thing) VALUES ($1)", string(thing))
		}
		switch {
		case err != nil:
			w.WriteHeader(http.StatusInternalServerError)
		case taken > 0:
			w.WriteHeader(http.StatusConflict)
		default:
			w.WriteHeader(http.StatusCreated)
		}
	})
}

// What the rounds of this package show rests on requests that meet. Servers that
// look before they take, on the same engines behind the same gate, give a thing
// away several times: on PostgreSQL in most rounds, or the gate has no power. On
// SQLite each look takes microseconds, and fewer break.
func TestServersThatLookBeforeTheyTakeGiveAThingAwaySeveralTimes(t *testing.T) {
	for _, engine := range harness.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			db := harness.NewDatabase(t, engine).Open(t)
			if _, err := db.Exec("CREATE TABLE taken (thing text)"); err != nil {
				t.Fatal(err)
			}
			var g gate
			for range harness.Replicas {
				s := httptest.NewServer(naive(db))
				t.Cleanup(s.Close)
				g.addresses = append(g.addresses, strings.TrimPrefix(s.URL, "http://"))
			}
			broken, rounds := 0, harness.Rounds(100, 300)
			for range rounds {
				if g.takers(t, harness.Unique()) > 1 {
					broken++
				}
			}
			harness.Figure(t, "the same gate before servers that look and then take: things given away twice", "%d of %d rounds on %s", broken, rounds, engine)
			if want := map[harness.Engine]int{harness.Postgres: rounds / 2, harness.SQLite: 1}[engine]; broken < want {
				t.Errorf("only %d of %d rounds broke", broken, rounds)
			}
		})
	}
}

// takers says how many got the thing.
func (g gate) takers(t *testing.T, thing string) (n int) {
	t.Helper()
	for _, w := range g.open(t, times(crowd, public("/", thing))) {
		answer := w.Answer()
		if answer == nil || answer.StatusCode >= http.StatusInternalServerError {
			t.Fatalf("the control is broken: %v", answer)
		}
		if answer.StatusCode == http.StatusCreated {
			n++
		}
		_ = answer.Body.Close()
		_ = w.Close()
	}
	return n
}
