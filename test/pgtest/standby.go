package pgtest

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"
)

// Standby starts a copy of a durable server that follows it, as Follow says, at an
// address of its own. It ends with the test.
func (s *Server) Standby(tb testing.TB) *Server {
	tb.Helper()
	standby, err := s.standby()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := standby.remove(); err != nil {
			tb.Errorf("remove the standby: %v", err)
		}
	})
	return standby
}

func (s *Server) standby() (*Server, error) {
	directory, lock, err := makeDirectory(s.owner)
	if err != nil {
		return nil, fmt.Errorf("make a directory for the standby: %w", err)
	}
	standby := &Server{options: s.options, programs: s.programs, owner: s.owner, directory: directory, lock: lock}
	if err := standby.follow(s, standby.startAnywhere); err != nil {
		return nil, errors.Join(err, standby.remove())
	}
	return standby, nil
}

// Follow makes a server that is down a standby of another, which is durable: it
// gives up its own data for a copy, keeps its address, follows by streaming, and
// takes reads. From then on a commit at the other waits until the standby has it
// on its disk, too, so that nothing acknowledged is lost with one of them.
func (s *Server) Follow(primary *Server) error { return s.follow(primary, s.Start) }

func (s *Server) follow(primary *Server, start func() error) error {
	if !primary.options.Durable {
		return errors.New("a server that keeps nothing cannot be followed")
	}
	if err := os.RemoveAll(s.data()); err != nil {
		return err
	}
	if err := s.copyOf(primary); err != nil {
		return err
	}
	if err := start(); err != nil {
		return err
	}
	return primary.waitFor(s)
}

// standbyName is what the server calls whoever follows it.
const standbyName = "standby"

func (s *Server) copyOf(primary *Server) error {
	source, err := url.Parse(primary.DSN("postgres"))
	if err != nil {
		return err
	}
	query := source.Query()
	query.Set("application_name", standbyName)
	source.RawQuery = query.Encode()
	copied, err := s.spawn("pg_basebackup", "-d", source.String(), "-D", s.data(), "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	if err != nil {
		return err
	}
	if !copied.wait(startLimit) {
		return errors.Join(errors.New("pg_basebackup does not end"), copied.destroy(stopLimit))
	}
	if copied.err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", copied.err, s.words())
	}
	return nil
}

// waitFor makes commits wait for the standby, once it has caught up.
func (s *Server) waitFor(standby *Server) error {
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = '" + standbyName + "'", "SELECT pg_reload_conf()"} {
		if err := s.execute(statement); err != nil {
			return err
		}
	}
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		synchronous, err := s.ask("SELECT count(*) FROM pg_stat_replication WHERE application_name = '" + standbyName + "' AND sync_state = 'sync'")
		if err != nil || synchronous > 0 {
			return err
		}
	}
	return fmt.Errorf("the standby does not follow\n%s", standby.words())
}

// Promote makes a standby a server of its own, which takes writes when this
// returns, and waits for nobody.
func (s *Server) Promote() error {
	for _, statement := range []string{
		"SELECT pg_promote()", "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()",
	} {
		if err := s.execute(statement); err != nil {
			return err
		}
	}
	return nil
}

// ask returns the number that a query answers with.
func (s *Server) ask(query string) (n int, err error) {
	db, err := sql.Open("postgres", s.DSN("postgres"))
	if err != nil {
		return 0, err
	}
	err = db.QueryRow(query).Scan(&n)
	return n, errors.Join(err, db.Close())
}

func (s *Server) execute(statement string) error {
	address, err := url.Parse(s.DSN("postgres"))
	if err != nil {
		return err
	}
	return (&cluster{address: *address}).exec(statement)
}
