package bench

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/test/harness"
)

const (
	manyMembers = 10_000
	pageOfMany  = 50
)

// fill puts members into an organization behind the program's back: nobody
// waits for ten thousand hashes.
func fill(b *testing.B, s *harness.Server, organization string) {
	b.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	tx, err := s.DB().Begin()
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for i := range manyMembers {
		account := uuid.Must(uuid.NewV7()).String()
		_, err := tx.Exec(`INSERT INTO accounts (id, email, email_verified, name, password_hash, operator, disabled, version, created_at, updated_at, search_name)
			VALUES ($1, $2, true, $3, 'none', false, false, 1, $4, $5, $6)`,
			account, fmt.Sprintf("member%d@bench.example", i), fmt.Sprintf("Member %d", i), now, now, fmt.Sprintf("member %d", i))
		if err != nil {
			b.Fatal(err)
		}
		_, err = tx.Exec(`INSERT INTO memberships (organization_id, id, account_id, role, status, version, created_at, updated_at)
			VALUES ($1, $2, $3, 'viewer', 'active', 1, $4, $5)`, organization, uuid.Must(uuid.NewV7()).String(), account, now, now)
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	if _, err := s.DB().Exec("ANALYZE"); err != nil { // as autovacuum does within a minute
		b.Fatal(err)
	}
}

// longLists measures the first page of a long list of members and the last that
// is full, which has to be as fast, and what is looked for in all of it.
func longLists(b *testing.B) []row {
	b.Helper()
	var rows []row
	for _, engine := range harness.Engines() {
		s := harness.Start(b, harness.NewDatabase(b, engine), harness.Environment{"LOG_LEVEL": "WARN"})
		owner := s.Register(b)
		fill(b, s, owner.Organization)
		get := func(path string) rate {
			return manyWorkersGet(b, s.Pid(), s.URL+path, "Authorization", "Bearer "+owner.AccessToken)
		}
		begin := fmt.Sprintf("/v1/members?limit=%d", pageOfMany)
		end := lastFullPage(b, owner, begin)
		first, last, found := get(begin), get(end), get(begin+"&q=member9999@")
		rows = append(rows,
			row{fmt.Sprintf("GET /v1/members, page %d, %s", manyMembers/pageOfMany, engine), "page 1", last, first},
			row{fmt.Sprintf("GET /v1/members?q=, one of %d, %s", manyMembers, engine), "page 1", found, first})
	}
	return rows
}

func lastFullPage(b *testing.B, owner harness.Person, path string) string {
	b.Helper()
	for n := 1; ; n++ {
		next := owner.Get(path).Want(http.StatusOK).Next()
		if n == manyMembers/pageOfMany {
			if next == "" {
				b.Fatalf("the list ends on page %d", n)
			}
			return path
		}
		path = next
	}
}
