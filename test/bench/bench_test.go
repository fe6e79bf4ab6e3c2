package bench

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/pgtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(bareVariable) != "" {
		serveBare()
		return
	}
	os.Exit(pgtest.With(m).Run())
}

// row is one line of the table: what was measured, and what it is measured
// against.
type row struct {
	what, against string
	own, bare     rate
}

// BenchmarkReads prints the table of what is read.
func BenchmarkReads(b *testing.B) {
	var rows []row
	for _, engine := range harness.Engines() {
		rows = append(rows, measureEngine(b, engine)...)
	}
	show(rows)
}

// BenchmarkLists prints the table of long lists.
func BenchmarkLists(b *testing.B) { show(longLists(b)) }

// BenchmarkGrown prints the table of a large installation beside an empty one.
func BenchmarkGrown(b *testing.B) { show(grown(b)) }

// BenchmarkFlood prints what a flood of logins does to the SDK plane.
func BenchmarkFlood(b *testing.B) { show(floods(b)) }

// BenchmarkMemory prints what is held in memory.
func BenchmarkMemory(b *testing.B) { showMemory(b) }

// show prints the rows. The last column compares the slowest hundredth.
func show(rows []row) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "\nwhat\trequests/s\tp99\tagainst\tits rate/s\tits p99\tratio\tp99 ratio\n")
	for _, r := range rows {
		_, _ = fmt.Fprintf(table, "%s\t%.0f\t%s\t%s\t%.0f\t%s\t%.2f\t%.2f\n",
			r.what, r.own.perSecond, r.own.p99.Round(10_000), r.against, r.bare.perSecond, r.bare.p99.Round(10_000),
			r.own.perSecond/r.bare.perSecond, float64(r.own.p99)/float64(r.bare.p99))
	}
	_ = table.Flush()
}

func measureEngine(b *testing.B, engine harness.Engine) []row {
	b.Helper()
	s := begin(b, engine)
	name := func(what string) string { return fmt.Sprintf("%s, %s", what, engine) }
	owner := s.Register(b)
	return measureReads(b, s, owner, name)
}

// begin starts the program on an empty database. One line a request would
// measure the pipe to this process, too.
func begin(b *testing.B, engine harness.Engine) *harness.Server {
	b.Helper()
	return harness.Start(b, harness.NewDatabase(b, engine), harness.Environment{"LOG_LEVEL": "WARN"})
}

// measureReads measures what SDKs and dashboards ask all the time.
func measureReads(b *testing.B, s *harness.Server, owner harness.Person, name func(string) string) []row {
	b.Helper()
	key := createKey(b, owner)
	bare, _ := startBare(b, s)
	get := func(url string, header ...string) rate { return manyWorkersGet(b, url, header...) }

	projects := get(s.URL+"/v1/projects", "Authorization", "Bearer "+owner.AccessToken)
	bareProjects := get(bare + "/projects?of=" + owner.Organization)
	sdk := get(s.URL+"/v1/sdk/environment", "X-API-Key", key)
	bareSDK := get(bare + "/environment")
	authorize := get(s.URL+"/v1/sdk/authorize", "X-API-Key", key)
	bareAuthorize := get(bare + "/authorize")
	cold := measure(b, manyWorkers, coldKeys(b, s, owner))
	bareCold := get(bare + "/key?of=" + hex.EncodeToString(digest(key)))
	selectKey := measure(b, manyWorkers, bareSelect(b, s, openKey, digest(key)))
	return []row{
		{name("GET /v1/projects"), "gin and its SELECT", projects, bareProjects},
		{name("sdk/environment, warm"), "gin, the same size", sdk, bareSDK},
		{name("sdk/authorize, warm"), "gin, the same size", authorize, bareAuthorize},
		{name("sdk/authorize, cold"), "gin and its SELECT", cold, bareCold},
		{name("sdk/authorize, cold"), "its SELECT alone", cold, selectKey},
	}
}

func manyWorkersGet(b *testing.B, url string, header ...string) rate {
	b.Helper()
	c := client(manyWorkers)
	defer c.CloseIdleConnections()
	want := http.StatusOK
	if strings.HasSuffix(url, "/authorize") || strings.Contains(url, "/key?") {
		want = http.StatusNoContent
	}
	return measure(b, manyWorkers, func(int) error {
		_, err := send(c, http.MethodGet, url, "", want, header...)
		return err
	})
}
