package bench

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/apikey"
	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/test/harness"
)

// rowsAtOnce is how many rows one INSERT adds: engines bound the number of
// arguments.
const rowsAtOnce = 500

// addKeys puts keys into an environment behind the program's back, and returns
// them whole.
func addKeys(b *testing.B, s *harness.Server, owner harness.Person, n int) []string {
	b.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	var secrets []string
	var keys, digests [][]any
	for range n {
		secret := apikey.NewSecret(environment.Development, apikey.Server, rand.IntN)
		id, sum := uuid.Must(uuid.NewV7()).String(), secret.Digest()
		secrets = append(secrets, secret.Reveal())
		keys = append(keys, []any{owner.Organization, id, owner.Dev, "bench", "server", secret.Prefix(), "", now})
		digests = append(digests, []any{sum[:], owner.Organization, id})
	}
	insert(b, s, "environment_keys (organization_id, id, environment_id, name, type, prefix, scopes, created_at)", keys)
	insert(b, s, "key_digests (digest, organization_id, key_id)", digests)
	return secrets
}

func insert(b *testing.B, s *harness.Server, into string, rows [][]any) {
	b.Helper()
	tx, err := s.DB().Begin()
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for len(rows) > 0 {
		batch := rows[:min(rowsAtOnce, len(rows))]
		rows = rows[len(batch):]
		var text strings.Builder
		var arguments []any
		for i, row := range batch {
			for j, value := range row {
				arguments = append(arguments, value)
				switch {
				case j > 0:
					text.WriteString(", ")
				case i > 0:
					text.WriteString("), (")
				}
				_, _ = fmt.Fprintf(&text, "$%d", len(arguments))
			}
		}
		if _, err := tx.Exec("INSERT INTO "+into+" VALUES ("+text.String()+")", arguments...); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

// manyKeys are more than one measurement can use up.
const manyKeys = 100_000

// coldKeys presents each key once.
func coldKeys(b *testing.B, s *harness.Server, owner harness.Person) func(int) error {
	b.Helper()
	keys := addKeys(b, s, owner, manyKeys)
	c, next := client(manyWorkers), &atomic.Int64{}
	return func(int) error {
		n := next.Add(1)
		if n > manyKeys {
			return errNoRow
		}
		_, err := send(c, http.MethodGet, s.URL+"/v1/sdk/authorize", "", http.StatusNoContent, "X-API-Key", keys[n-1])
		return err
	}
}
