package bench

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

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
	_, _ = fmt.Fprintf(table, "\nwhat\trequests/s\tp99\tCPU\tagainst\tits rate/s\tits p99\tits CPU\tratio\tp99 ratio\n")
	for _, r := range rows {
		_, _ = fmt.Fprintf(table, "%s\t%.0f\t%s\t%s\t%s\t%.0f\t%s\t%s\t%.2f\t%.2f\n",
			r.what, r.own.perSecond, r.own.p99.Round(10_000), shownCPU(r.own), r.against,
			r.bare.perSecond, r.bare.p99.Round(10_000), shownCPU(r.bare),
			r.own.perSecond/r.bare.perSecond, float64(r.own.p99)/float64(r.bare.p99))
	}
	_ = table.Flush()
}

// shownCPU is how long the server had a core for each request.
func shownCPU(r rate) string {
	if r.cpu == 0 {
		return ""
	}
	return r.cpu.Round(100 * time.Nanosecond).String()
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
	bare, barePid := startBare(b, s)
	own := func(path string, header ...string) rate { return manyWorkersGet(b, s.Pid(), s.URL+path, header...) }
	gin := func(path string, header ...string) rate { return manyWorkersGet(b, barePid, bare+path, header...) }
	token, presented := []string{"Authorization", "Bearer " + owner.AccessToken}, []string{"X-API-Key", key}

	projects := own("/v1/projects", token...)
	bareProjects := gin("/projects?of="+owner.Organization, token...)
	sdk := own("/v1/sdk/environment", presented...)
	bareSDK := gin("/environment", presented...)
	authorize := own("/v1/sdk/authorize", presented...)
	bareAuthorize := gin("/authorize", presented...)
	empty := gin("/empty", presented...)
	cold := measureServer(b, s.Pid(), manyWorkers, coldKeys(b, s, owner))
	bareCold := gin("/key?of="+hex.EncodeToString(digest(key)), presented...)
	selectKey := measure(b, manyWorkers, bareSelect(b, s, openKey, digest(key)))
	return []row{
		{name("GET /v1/projects"), "gin and its SELECT", projects, bareProjects},
		{name("sdk/environment, warm"), "gin, the same answer", sdk, bareSDK},
		{name("sdk/authorize, warm"), "gin, the same answer", authorize, bareAuthorize},
		{name("sdk/authorize, warm"), "gin, nothing in it", authorize, empty},
		{name("sdk/authorize, cold"), "gin and its SELECT", cold, bareCold},
		{name("sdk/authorize, cold"), "its SELECT alone", cold, selectKey},
	}
}

// manyWorkersGet asks a server that is the process pid.
func manyWorkersGet(b *testing.B, pid int, url string, header ...string) rate {
	b.Helper()
	c := client(manyWorkers)
	defer c.CloseIdleConnections()
	want := http.StatusOK
	if strings.HasSuffix(url, "/authorize") || strings.HasSuffix(url, "/empty") || strings.Contains(url, "/key?") {
		want = http.StatusNoContent
	}
	return measureServer(b, pid, manyWorkers, func(int) error {
		_, err := send(c, http.MethodGet, url, "", want, header...)
		return err
	})
}
