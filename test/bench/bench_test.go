package bench

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
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

// BenchmarkTable prints the table.
func BenchmarkTable(b *testing.B) {
	var rows []row
	for _, engine := range harness.Engines() {
		rows = append(rows, measureEngine(b, engine)...)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "\nwhat\trequests/s\tp99\tagainst\tits rate/s\tratio\n")
	for _, r := range append(rows, longLists(b)...) {
		_, _ = fmt.Fprintf(table, "%s\t%.0f\t%s\t%s\t%.0f\t%.2f\n",
			r.what, r.own.perSecond, r.own.p99.Round(10_000), r.against, r.bare.perSecond, r.own.perSecond/r.bare.perSecond)
	}
	_ = table.Flush()
}

func measureEngine(b *testing.B, engine harness.Engine) []row {
	b.Helper()
	// One line a request would measure the pipe to this process, too.
	s := harness.Start(b, harness.NewDatabase(b, engine), harness.Environment{"LOG_LEVEL": "WARN"})
	bare := startBare(b)
	name := func(what string) string { return fmt.Sprintf("%s, %s", what, engine) }
	owner := s.Register(b)
	key := createKey(b, owner)

	// Beside each other, so that both meet the same machine.
	hashing := measure(b, runtime.NumCPU(), bareHash())
	registration := measure(b, fewWorkers, register(s))
	login := measure(b, fewWorkers, logIn(b, s))
	refreshing := measure(b, fewWorkers, refresh(b, s))
	bareUpdate := measure(b, fewWorkers, bareRefresh(b, s))

	projects := manyWorkersGet(b, s.URL+"/v1/projects", "Authorization", "Bearer "+owner.AccessToken)
	bareProjects := manyWorkersGet(b, bare+"/projects")
	selectProjects := measure(b, manyWorkers, bareSelect(b, s, listProjects, owner.Organization))

	sdk := manyWorkersGet(b, s.URL+"/v1/sdk/environment", "X-API-Key", key)
	bareSDK := manyWorkersGet(b, bare+"/environment")
	authorize := manyWorkersGet(b, s.URL+"/v1/sdk/authorize", "X-API-Key", key)
	bareAuthorize := manyWorkersGet(b, bare+"/authorize")
	selectKey := measure(b, manyWorkers, bareSelect(b, s, openKey, digest(key)))

	return []row{
		{name("registration"), "argon2id, one lane a core", registration, hashing},
		{name("login"), "argon2id, one lane a core", login, hashing},
		{name("refresh"), "its UPDATE", refreshing, bareUpdate},
		{name("GET /v1/projects"), "gin, the same answer", projects, bareProjects},
		{name("GET /v1/projects"), "its SELECT", projects, selectProjects},
		{name("sdk/environment"), "gin, the same answer", sdk, bareSDK},
		{name("sdk/environment"), "its SELECT", sdk, selectKey},
		{name("sdk/authorize"), "gin, the same answer", authorize, bareAuthorize},
	}
}

func manyWorkersGet(b *testing.B, url string, header ...string) rate {
	b.Helper()
	c := client(manyWorkers)
	defer c.CloseIdleConnections()
	want := http.StatusOK
	if strings.HasSuffix(url, "/authorize") {
		want = http.StatusNoContent
	}
	return measure(b, manyWorkers, func(int) error {
		_, err := send(c, http.MethodGet, url, "", want, header...)
		return err
	})
}
