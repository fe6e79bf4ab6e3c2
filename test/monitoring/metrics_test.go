package monitoring

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// M is a JSON object.
type M = harness.M

// measured is a server whose metrics can be had at the address.
func measured(t *testing.T, d *harness.Database, env ...harness.Environment) (s *harness.Server, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return harness.Start(t, d, append([]harness.Environment{{"METRICS_ADDR": address}}, env...)...), address
}

// page is what the metrics' address says.
func page(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("/metrics answers %d, %v", answer.StatusCode, err)
	}
	return string(text)
}

// value is a sample's, by its name and labels as the page writes them.
func value(t *testing.T, text, series string) float64 {
	t.Helper()
	for line := range strings.Lines(text) {
		if number, found := strings.CutPrefix(strings.TrimSpace(line), series+" "); found {
			v, err := strconv.ParseFloat(number, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Errorf("there is no %s", series)
	return -1
}

// eventually asks until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); !holds(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func TestEventsAndLoadAreMeasured(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s, address := measured(t, d)
		ada := s.Register(t)
		login := func(password string) int {
			return s.Client(t).Post("/v1/auth/login", M{"email": ada.Email, "password": password}).Status
		}
		login(ada.Password)
		for login(harness.NewPassword()) != http.StatusTooManyRequests {
		}
		secret, id := ada.NewKey(t, ada.Dev)
		for range 3 {
			s.Client(t).Key(secret).Get("/v1/sdk/authorize").Want(204)
		}
		s.Client(t).Key(secret).Get("/v1/sdk/authorize?environment=production").Want(403)
		s.Client(t).Bearer(harness.AdminToken).Post("/v1/keys/verify", M{"key": "mistyped"}).Want(200)
		ada.Delete("/v1/api-keys/" + id).Want(204)
		s.Client(t).Key(secret).Get("/v1/sdk/authorize").Want(401)

		text := page(t, address)
		for series, least := range map[string]float64{
			`tenantry_logins_total{result="ok"}`:                                                                1,
			`tenantry_logins_total{result="wrong"}`:                                                             10,
			`tenantry_logins_total{result="throttled"}`:                                                         1,
			`tenantry_key_checks_total{code="VALID"}`:                                                           3,
			`tenantry_key_checks_total{code="WRONG_ENVIRONMENT"}`:                                               1,
			`tenantry_key_checks_total{code="MALFORMED"}`:                                                       1,
			`tenantry_key_checks_total{code="REVOKED"}`:                                                         1,
			`tenantry_cache_hits_total{kind="environment_key"}`:                                                 2,
			`tenantry_cache_misses_total{kind="environment_key"}`:                                               2,
			`tenantry_cache_entries{kind="session"}`:                                                            1,
			`tenantry_hash_lane_workers`:                                                                        1,
			`tenantry_hash_lane_queue`:                                                                          64,
			`tenantry_database_up`:                                                                              1,
			`tenantry_database_connections_max{pool="writer"}`:                                                  1,
			`tenantry_schema_version{engine="` + string(d.Engine) + `"}`:                                        6,
			`tenantry_build_info{version="` + harness.Version + `"}`:                                            1,
			`tenantry_last_sweep_timestamp_seconds`:                                                             float64(time.Now().Add(-time.Minute).Unix()),
			`tenantry_http_request_duration_seconds_count{method="GET",route="/v1/sdk/authorize",status="204"}`: 3,
		} {
			if got := value(t, text, series); got < least {
				t.Errorf("%s is %v, want at least %v", series, got, least)
			}
		}
		for _, personal := range []string{ada.ID, ada.Organization, ada.Email, ada.Project, id, "10."} {
			if strings.Contains(text, personal) {
				t.Errorf("the metrics hold %s", personal)
			}
		}
		eventually(t, "an empty outbox, which is asked every five seconds", func() bool {
			return value(t, page(t, address), "tenantry_outbox_waiting") == 0
		})
		s.Exec(t, "INSERT INTO outbox (id, sealed, attempts, due_at, created_at) VALUES ($1, $2, 3, $3, $4)",
			"019c13a0-7a5e-7cc0-8f2c-0d7a2f1b9f10", []byte("x"), time.Now().UTC().Add(time.Hour).Truncate(time.Microsecond), time.Now().UTC().Add(-time.Hour).Truncate(time.Microsecond))
		eventually(t, "a mail that waits", func() bool { return value(t, page(t, address), "tenantry_outbox_waiting") == 1 })
		if age := value(t, page(t, address), "tenantry_outbox_oldest_age_seconds"); age < 3590 || age > 3700 {
			t.Errorf("the oldest mail is %v seconds old", age)
		}
	})
}

func TestADatabaseThatIsAwayShowsAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.SQLite)
	s, address := measured(t, d)
	s.Register(t)
	if up := value(t, page(t, address), "tenantry_database_up"); up != 1 {
		t.Fatalf("the database is up: %v", up)
	}
	// A schema that lacks a step is as good as no database.
	latest := s.Count(t, "SELECT max(version_id) FROM goose_db_version")
	s.Exec(t, "DELETE FROM goose_db_version WHERE version_id = $1", latest)
	eventually(t, "the database is away", func() bool { return value(t, page(t, address), "tenantry_database_up") == 0 })
	begun := time.Now()
	text := page(t, address)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the metrics took %s", took)
	}
	if strings.Contains(text, "\ntenantry_outbox_waiting ") {
		t.Error("what nobody knows is told")
	}
	s.Exec(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, 1)", latest)
	eventually(t, "the database is back", func() bool { return value(t, page(t, address), "tenantry_database_up") == 1 })
}

// names are the metrics that an expression of PromQL uses: words that are
// neither functions, labels nor keywords.
func names(expression string) []string {
	expression = regexp.MustCompile(`"[^"]*"`).ReplaceAllString(expression, `""`)
	expression = regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(expression, "")
	expression = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`).ReplaceAllString(expression, "")
	expression = regexp.MustCompile(`\[[^\]]*\]`).ReplaceAllString(expression, "")
	var found []string
	for _, word := range regexp.MustCompile(`[a-z_:][a-zA-Z0-9_:]*\b\s*\(?`).FindAllString(expression, -1) {
		switch {
		case strings.HasSuffix(word, "("), slices.Contains([]string{"and", "or", "unless", "offset", "bool"}, strings.TrimSpace(word)):
		case strings.Contains(word, "_"), strings.TrimSpace(word) == "up":
			found = append(found, strings.TrimSpace(word))
		}
	}
	return found
}

func TestNamesOfMetricsAreFound(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`sum by (route_of) (rate(a_total{status=~"5.._x"}[5m])) / c_count > 0.01`:         "a_total c_count",
		`up{job="x_y"} == 0 and on (instance_name) d_version{engine="postgres"}`:          "up d_version",
		`histogram_quantile(0.99, sum by (le) (rate(e_bucket{a="b"}[$__rate_interval])))`: "e_bucket",
	} {
		if got := strings.Join(names(expression), " "); got != want {
			t.Errorf("%s uses %s", expression, got)
		}
	}
}

func document(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{harness.Root(t), "docs"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// expressions are what the dashboard and the alerts ask, by who asks.
func expressions(t *testing.T) map[string][]string {
	t.Helper()
	asked := map[string][]string{}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(document(t, "monitoring", "tenantry-dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			asked["the panel "+p.Title] = append(asked["the panel "+p.Title], target.Expr)
		}
	}
	for _, rule := range regexp.MustCompile(`(?s)- alert: (\w+)\n\s+expr: (.*?)\n\s+(?:for|labels):`).FindAllStringSubmatch(document(t, "monitoring", "alerts.yml"), -1) {
		asked["the alert "+rule[1]] = []string{rule[2]}
	}
	return asked
}

func TestEveryMetricOfTheDashboardAndTheAlertsIsThere(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s, address := measured(t, d)
		s.Register(t)
		text := page(t, address)
		used := map[string]bool{}
		asked := expressions(t)
		if len(asked) < 40 {
			t.Fatalf("only %d panels and alerts were found", len(asked))
		}
		for who, all := range asked {
			for _, expression := range all {
				found := names(expression)
				if len(found) == 0 {
					t.Errorf("%s uses no metric: %s", who, expression)
				}
				for _, name := range found {
					used[name] = true
					if name != "up" && !strings.Contains(text, "\n"+name+" ") && !strings.Contains(text, "\n"+name+"{") {
						t.Errorf("%s uses %s, which is not measured", who, name)
					}
				}
			}
		}
		for _, shown := range regexp.MustCompile(`(?m)^# TYPE (tenantry_\w+) (\w+)`).FindAllStringSubmatch(text, -1) {
			name := shown[1]
			if shown[2] == "histogram" {
				name += "_bucket"
			}
			if !used[name] {
				t.Errorf("%s is measured and shown nowhere", shown[1])
			}
			if !strings.Contains(document(t, "operations.md"), "`"+shown[1]+"`") {
				t.Errorf("docs/operations.md does not say what %s tells", shown[1])
			}
		}
	})
}

func TestEveryAlertIsExplained(t *testing.T) {
	t.Parallel()
	rules, page := document(t, "monitoring", "alerts.yml"), document(t, "operations.md")
	alerts := regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(rules, -1)
	if len(alerts) < 15 {
		t.Fatalf("only %d alerts were found", len(alerts))
	}
	for _, alert := range alerts {
		if !strings.Contains(page, "\n#### "+alert[1]+"\n") {
			t.Errorf("docs/operations.md does not say what %s means", alert[1])
		}
		if !strings.Contains(rules, "docs/operations.md#"+strings.ToLower(alert[1])+"\n") {
			t.Errorf("%s does not lead to its explanation", alert[1])
		}
	}
	for _, explained := range regexp.MustCompile(`(?m)^#### (Tenantry\w+)$`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(rules, "- alert: "+explained[1]+"\n") {
			t.Errorf("%s is explained, and there is no such alert", explained[1])
		}
	}
}

// promtool is Prometheus' own judge of rules; test/ensure.sh installs
// it.
func promtool(t *testing.T, arguments ...string) string {
	t.Helper()
	judge := exec.Command("promtool", arguments...)
	judge.Dir = harness.Root(t)
	said, err := judge.CombinedOutput()
	if err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, said)
	}
	return string(said)
}

func TestTheAlertsFireWhenTheyShouldAndOnlyThen(t *testing.T) {
	t.Parallel()
	const rules = "docs/monitoring/alerts.yml"
	alerts := strings.Count(document(t, "monitoring", "alerts.yml"), "- alert: ")
	if said := promtool(t, "check", "rules", rules); !strings.Contains(said, fmt.Sprintf("%d rules found", alerts)) {
		t.Errorf("promtool says %s", said)
	}
	promtool(t, "test", "rules", "test/monitoring/testdata/rules.yml")
	cases, err := os.ReadFile("testdata/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(document(t, "monitoring", "alerts.yml"), -1) {
		quiet := strings.Contains(string(cases), "alertname: "+rule[1]+", exp_alerts: []")
		fires := strings.Contains(string(cases), `alertname="`+rule[1]+`"`)
		if !quiet || !fires {
			t.Errorf("%s is tried when all is well: %v, and when nothing is: %v", rule[1], quiet, fires)
		}
	}
}
