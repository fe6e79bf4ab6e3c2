package harness

import (
	"database/sql"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// AdminToken is what every server's ADMIN_API_TOKEN is, unless a test says
// otherwise.
const AdminToken = "hw3VpEHMnbzJ0p1ZqRk9s8Yx6tUuQd2c"

// PublicURL is where every server believes to be found.
const PublicURL = "https://accounts.example.com"

// settings are those that tests want by default: nothing waits, there are no rate
// limits, and the address of a client can be chosen, so that no test is throttled
// for another.
func settings(d *Database) Environment {
	env := Environment{
		"HOST": "127.0.0.1", "PORT": "0", "PUBLIC_URL": PublicURL, "METRICS_ADDR": "",
		"DATABASE_URL": d.URL, "DRAIN_SECONDS": "0", "ADMIN_API_TOKEN": AdminToken,
		"COMPAT": "all", "TRUSTED_PROXIES": "127.0.0.1/32",
		"RATE_AUTH_PER_MINUTE": "0", "RATE_ORGANIZATION_PER_MINUTE": "0", "RATE_ENVIRONMENT_PER_MINUTE": "0", "RATE_KEY_READS_PER_MINUTE": "0",
	}
	if Racing { // nothing is to spare, and who yields would stand still
		env["PASSWORD_HASH_NICE"] = "0"
	}
	if d.MasterKey != "" {
		env["MASTER_KEY"] = d.MasterKey
	}
	return env
}

// Server is the program, serving: one process, or some replicas (see Alone).
type Server struct {
	URL      string // http://127.0.0.1:NNNNN; of the first replica
	Database *Database

	tb        testing.TB
	program   string
	processes []*running
	env       Environment
	http      *http.Client
	once      sync.Once

	db *sql.DB

	mutex sync.Mutex
	cast  *Cast
}

var greeting = regexp.MustCompile(`is listening on (https?://[0-9A-Za-z.:\[\]]+)`)

// Start starts the program on the database and waits until it listens. An
// environment replaces the settings of the same names; a setting that is to be
// absent has the value Unset. The server stops with the test.
func Start(tb testing.TB, d *Database, env ...Environment) *Server {
	tb.Helper()
	return StartProgram(tb, Binary(tb), d, env...)
}

// StartProgram is Start with another build of the program, such as a broken one.
func StartProgram(tb testing.TB, program string, d *Database, env ...Environment) *Server {
	tb.Helper()
	s := &Server{Database: d, tb: tb, program: program, env: settings(d)}
	for _, e := range env {
		maps.Copy(s.env, e)
	}
	s.db = d.Open(tb) // closes after the server has stopped
	s.launch(tb)
	tb.Cleanup(s.Stop)
	s.await(tb)
	return s
}

// Unset is the value of a setting that is to be absent.
const Unset = "\x00"

func (s *Server) launch(tb testing.TB) {
	tb.Helper()
	env := maps.Clone(s.env)
	maps.DeleteFunc(env, func(name, value string) bool { return value == Unset || name == together })
	for range side(s.Database.Engine, s.env) {
		p, err := launch(s.program, tb.TempDir(), env, "serve")
		if err != nil {
			tb.Fatal(err)
		}
		s.processes = append(s.processes, p)
	}
}

// await waits for the greetings.
func (s *Server) await(tb testing.TB) {
	tb.Helper()
	var hosts []string
	for i, p := range s.processes {
		said := p.greeting(tb)
		if i == 0 {
			s.URL = said
		}
		hosts = append(hosts, host(said))
	}
	s.http = &http.Client{
		Timeout:       60 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &robin{hosts: hosts, base: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			DisableCompression:  true,
			MaxIdleConnsPerHost: 64,
		}},
	}
}

// greeting waits until the server listens, and returns where.
func (p *running) greeting(tb testing.TB) string {
	tb.Helper()
	limit := time.After(startLimit)
	for {
		text, more := p.stdout.now()
		if found := greeting.FindStringSubmatch(text); found != nil {
			return found[1]
		}
		select {
		case <-more:
		case <-p.done:
			tb.Fatalf("the server ended with code %d before it listened:\n%s%s", p.command.ProcessState.ExitCode(), text, p.stderr.String())
		case <-limit:
			tb.Fatalf("the server did not listen within %s:\n%s%s", startLimit, text, p.stderr.String())
		}
	}
}

// Restart stops the server, if nothing has ended it before, and starts the
// program again: the same settings, the same database, another port.
func (s *Server) Restart(tb testing.TB) *Server {
	tb.Helper()
	s.Stop()
	return StartProgram(tb, s.program, s.Database, s.env)
}

// Stop asks the server to end, as an orchestrator does, and judges how it did
// and what it wrote. Stopping again does nothing.
func (s *Server) Stop() {
	s.tb.Helper()
	s.once.Do(func() {
		s.tb.Helper()
		s.Signal(syscall.SIGTERM)
		for _, p := range s.processes {
			if !p.ended(stopLimit) {
				_ = p.signal(os.Kill)
				s.tb.Errorf("the server did not stop within %s", stopLimit)
			} else if code := p.command.ProcessState.ExitCode(); code != 0 {
				s.tb.Errorf("the server ended with code %d:\n%s", code, tail(p.stderr.String()))
			}
		}
		s.judgeLogs()
		s.judgeStore()
	})
}

// Kill ends the server without a word.
func (s *Server) Kill() {
	s.tb.Helper()
	s.once.Do(func() {
		s.tb.Helper()
		s.Signal(os.Kill)
		for _, p := range s.processes {
			if !p.ended(stopLimit) {
				s.tb.Error("the server survived SIGKILL")
			}
		}
		s.judgeLogs()
	})
}

// Signal sends a signal and does not wait.
func (s *Server) Signal(signal os.Signal) {
	s.tb.Helper()
	for _, p := range s.processes {
		if err := p.signal(signal); err != nil {
			s.tb.Error(err)
		}
	}
}

// Ended waits for the server's end, and returns its exit code, the greatest of
// its replicas'; false when it did not come in time. Nothing is judged but the
// log.
func (s *Server) Ended(limit time.Duration) (code int, ended bool) {
	for _, p := range s.processes {
		if !p.ended(limit) {
			return 0, false
		}
		code = max(code, p.command.ProcessState.ExitCode())
	}
	s.once.Do(s.judgeLogs)
	return code, true
}

// PID is the number of the server's process, that of the first replica.
func (s *Server) PID() int { return s.processes[0].command.Process.Pid }

// Logs returns what the server has logged, one replica after the other.
func (s *Server) Logs() string {
	var text strings.Builder
	for _, p := range s.processes {
		text.WriteString(p.stderr.String())
	}
	return text.String()
}

// Greeting returns what the server has said to whoever started it.
func (s *Server) Greeting() string { return s.processes[0].stdout.String() }

// Address is the server's host and port, those of the first replica.
func (s *Server) Address() string { return host(s.URL) }

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
