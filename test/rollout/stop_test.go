package rollout

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

func stopping(s *harness.Server) func() bool {
	return func() bool { return strings.Contains(s.Logs(), `"msg":"stopping"`) }
}

func TestASecondSignalEndsTheServerAtOnce(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"DRAIN_SECONDS": "60"})
	s.Signal(syscall.SIGTERM)
	eventually(t, "the server drains", stopping(s))
	s.Signal(syscall.SIGTERM)
	if code, ended := s.Ended(5 * time.Second); !ended || code == 0 {
		t.Errorf("ended %t, code %d", ended, code)
	}
}

func TestAServerThatWillStopSaysSoAndGoesOnForTheDrain(t *testing.T) {
	t.Parallel()
	const length = 3 * time.Second
	s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"DRAIN_SECONDS": "3"})
	p := s.Register(t)
	begun := time.Now()
	s.Signal(syscall.SIGTERM)
	eventually(t, "the server drains", stopping(s))
	for n := 0; time.Since(begun) < length-time.Second; n++ {
		if status := s.Client(t).Get("/readyz").Status; status != http.StatusServiceUnavailable {
			t.Fatalf("/readyz is %d", status)
		}
		p.Post("/v1/projects", harness.M{"name": "Late " + harness.Unique()}).Want(201)
		r, err := http.Get(s.URL + "/healthz") //nolint:noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if !r.Close {
			t.Fatal("an answer does not send its client elsewhere")
		}
	}
	code, ended := s.Ended(exitLimit)
	if took := time.Since(begun); !ended || code != 0 || took < length {
		t.Errorf("ended %t, code %d, after %s", ended, code, took)
	}
}

// dribble begins a request whose body does not end, and returns its connection.
func dribble(t *testing.T, s *harness.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Address()) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestWhatCannotBeFinishedIsRefusedAndRolledBack(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	s := harness.Start(t, d)
	p := s.Register(t)
	db := d.Open(t)
	held, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.ExecContext(t.Context(), "SELECT * FROM projects FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	slow := dribble(t, s)
	waiting := make(chan *http.Response, 1)
	go func() {
		defer close(waiting)
		request, err := http.NewRequest(http.MethodPatch, s.URL+"/v1/projects/"+p.Project, strings.NewReader(`{"name": "Never"}`)) //nolint:noctx // it ends
		if err != nil {
			return
		}
		request.Header = http.Header{"Authorization": {"Bearer " + p.AccessToken}, "Content-Type": {"application/json"}}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			waiting <- answer
		}
	}()
	eventually(t, "the change waits for the lock", func() bool {
		return s.Count(t, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0
	})
	begun := time.Now()
	s.Signal(syscall.SIGTERM)
	answer, answered := <-waiting
	if !answered {
		t.Fatal("the change that waited was cut off")
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	refusal, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil {
		t.Fatalf("the body that does not end: %v", err)
	}
	text, _ := io.ReadAll(refusal.Body)
	_ = refusal.Body.Close()
	for what, r := range map[string]*http.Response{"the change that waited": answer, "the body that does not end": refusal} {
		if r.StatusCode != http.StatusServiceUnavailable || !r.Close || r.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v %s", what, r.StatusCode, r.Header, text)
		}
	}
	code, ended := s.Ended(exitLimit - time.Since(begun))
	took := time.Since(begun)
	if !ended || code != 0 {
		t.Errorf("ended %t, code %d, after %s", ended, code, took)
	}
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, "SELECT count(*) FROM projects WHERE name = 'Never'"); n != 0 {
		t.Error("what was refused took place")
	}
	d.Sound(t)
	harness.Figure(t, "exit with requests in flight that do not end", "%s", took.Round(100*time.Millisecond))
}
