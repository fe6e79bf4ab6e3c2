package bench

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// A large installation has so many organizations, twice as many accounts and ten
// times as many keys. TENANTRY_BENCH_ORGANIZATIONS replaces it.
const grownOrganizations = 100_000

func organizations(b *testing.B) int {
	b.Helper()
	n := grownOrganizations
	if asked := os.Getenv("TENANTRY_BENCH_ORGANIZATIONS"); asked != "" {
		var err error
		if n, err = strconv.Atoi(asked); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

// growth fills PostgreSQL by its own means: a million rows from here would take
// many minutes. Each organization has two members, one project, three
// environments and ten keys.
var growth = []string{
	`CREATE TEMPORARY TABLE grown AS SELECT n, gen_random_uuid() AS o, gen_random_uuid() AS p, gen_random_uuid() AS e, gen_random_uuid() AS a
		FROM generate_series(1, $1::integer) n`,
	`INSERT INTO organizations (id, name, slug, personal, version, created_at, updated_at, search_name)
		SELECT o, 'Organization ' || n, 'organization-' || n, false, 1, now(), now(), 'organization ' || n FROM grown`,
	`INSERT INTO accounts (id, email, email_verified, name, password_hash, operator, disabled, version, created_at, updated_at, search_name)
		SELECT CASE WHEN i = 1 THEN a ELSE gen_random_uuid() END, 'grown' || n || 'x' || i || '@bench.example', true, 'Grown ' || n, 'none', false, false, 1, now(), now(), 'grown ' || n
		FROM grown, generate_series(1, 2) i`,
	`INSERT INTO memberships (organization_id, id, account_id, role, status, version, created_at, updated_at)
		SELECT o, gen_random_uuid(), a, 'owner', 'active', 1, now(), now() FROM grown`,
	`INSERT INTO projects (organization_id, id, name, slug, version, created_at, updated_at)
		SELECT o, p, 'Default', 'default', 1, now(), now() FROM grown`,
	`INSERT INTO environments (organization_id, id, project_id, name, slug, kind, color, protected, version, created_at, updated_at)
		SELECT o, CASE WHEN i = 1 THEN e ELSE gen_random_uuid() END, p, 'Stage ' || i, 'stage-' || i, 'development', '#22c55e', false, 1, now(), now()
		FROM grown, generate_series(1, 3) i`,
	`CREATE TEMPORARY TABLE grown_keys AS SELECT o, e, gen_random_uuid() AS k FROM grown, generate_series(1, $1::integer)`,
	`INSERT INTO environment_keys (organization_id, id, environment_id, name, type, prefix, scopes, created_at)
		SELECT o, k, e, 'Key', 'server', 'sdk-dev-grown', '', now() FROM grown_keys`,
	`INSERT INTO key_digests (digest, organization_id, key_id)
		SELECT sha256(convert_to(k::text, 'UTF8')), o, k FROM grown_keys`,
	`VACUUM (ANALYZE)`, // or PostgreSQL does it by itself, while there is measuring
}

// grow fills the server's database, on one connection: temporary tables belong
// to theirs.
func grow(b *testing.B, s *harness.Server) {
	b.Helper()
	connection, err := s.DB().Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	const keysEach = 10
	counts := map[int]int{0: organizations(b), 6: keysEach}
	for i, statement := range growth {
		var arguments []any
		if n, counted := counts[i]; counted {
			arguments = append(arguments, n)
		}
		if _, err := connection.ExecContext(b.Context(), statement, arguments...); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
}

// grown measures the same on a large installation and on an empty one, one after
// the other.
func grown(b *testing.B) []row {
	b.Helper()
	empty, full := begin(b, harness.Postgres), begin(b, harness.Postgres)
	begun := time.Now()
	grow(b, full)
	_, _ = fmt.Fprintf(os.Stdout, "%d organizations were loaded within %s\n", organizations(b), time.Since(begun).Round(time.Second))
	same := func(what string) string { return what }
	before, after := measureReads(b, empty, empty.Register(b), same), measureReads(b, full, full.Register(b), same)
	before, after = append(before, measureWrites(b, empty, same)...), append(after, measureWrites(b, full, same)...)
	var rows []row
	for i := range after {
		if i > 0 && after[i].what == after[i-1].what {
			continue // the same measurement, against another
		}
		rows = append(rows, row{after[i].what + " among many", "on an empty database", after[i].own, before[i].own})
	}
	return rows
}
