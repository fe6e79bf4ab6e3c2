package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// archive is where a server with Options.Archive keeps its log.
func (s *Server) archive() string { return filepath.Join(s.directory, "archive") }

// archiving makes a server keep its log for good, as its manual says.
func (s *Server) archiving() (map[string]string, error) {
	if err := os.Mkdir(s.archive(), 0o700); err != nil {
		return nil, err
	}
	if s.owner != nil {
		if err := os.Chown(s.archive(), int(s.owner.Uid), int(s.owner.Gid)); err != nil {
			return nil, err
		}
	}
	return map[string]string{
		"archive_mode": "on", "archive_command": fmt.Sprintf("test ! -f %[1]s/%%f && cp %%p %[1]s/%%f", s.archive()),
	}, nil
}

// BaseBackup returns a copy of an archiving server, which is down, for Recover.
func (s *Server) BaseBackup(tb testing.TB) *Server {
	tb.Helper()
	copied, err := s.baseBackup()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := copied.remove(); err != nil {
			tb.Errorf("remove the copy: %v", err)
		}
	})
	return copied
}

func (s *Server) baseBackup() (*Server, error) {
	if !s.options.Archive {
		return nil, errors.New("a server that archives nothing is not restored to any moment")
	}
	directory, lock, err := makeDirectory(s.owner)
	if err != nil {
		return nil, fmt.Errorf("make a directory for the copy: %w", err)
	}
	copied := &Server{options: s.options, programs: s.programs, owner: s.owner, directory: directory, lock: lock}
	copied.settings = map[string]string{"archive_mode": "off", "restore_command": fmt.Sprintf("cp %s/%%f %%p", s.archive())}
	if err := copied.copyOf(s); err != nil {
		return nil, errors.Join(err, copied.remove())
	}
	return copied, nil
}

// Archived returns when everything that was committed is in the archive.
func (s *Server) Archived() error {
	last, err := s.ask("SELECT ('x' || right(pg_walfile_name(pg_switch_wal()), 8))::bit(32)::int")
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		done, err := s.ask("SELECT COALESCE(('x' || right(last_archived_wal, 8))::bit(32)::int, -1) FROM pg_stat_archiver WHERE last_archived_wal ~ '^[0-9A-F]{24}$'")
		if err == nil && done >= last {
			return nil
		}
	}
	return fmt.Errorf("the log is not archived\n%s", s.words())
}

// Recover starts a copy and brings it to a moment, as PostgreSQL writes times;
// from there on it is a server of its own.
func (s *Server) Recover(moment string) error {
	s.settings["recovery_target_time"] = moment
	s.settings["recovery_target_action"] = "promote"
	if err := os.Rename(filepath.Join(s.data(), "standby.signal"), filepath.Join(s.data(), "recovery.signal")); err != nil {
		return err
	}
	if err := s.startAnywhere(); err != nil {
		return err
	}
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if recovering, err := s.ask("SELECT pg_is_in_recovery()::int"); err == nil && recovering == 0 {
			return nil
		}
	}
	return fmt.Errorf("the copy does not come to %s\n%s", moment, s.words())
}
