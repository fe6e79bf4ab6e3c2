package pgtest

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 30 * time.Second // generous: a loaded machine is not a broken server
	stopLimit  = 15 * time.Second
)

// Options describe a Server.
type Options struct {
	// Durable keeps PostgreSQL's own promises: what was committed survives
	// Kill. Without it the server is faster and may lose everything.
	Durable bool
	// Archive keeps the log of a durable server, for BaseBackup.
	Archive bool
	// Settings are PostgreSQL settings, which win over the package's own.
	Settings map[string]string
}

// Server is a private PostgreSQL server. Its address and its data stay the
// same over Stop, Kill and Start. The methods may be called from any goroutine.
type Server struct {
	options   Options
	programs  string
	owner     *syscall.Credential
	directory string
	lock      *os.File
	port      int
	settings  map[string]string // beyond those of the options

	mutex   sync.Mutex
	process *process // nil while the server is down
}

// NewServer starts a server of the test's own, for tests that stop, kill or
// freeze it. It ends with the test.
func NewServer(tb testing.TB, options Options) *Server {
	tb.Helper()
	server, err := create(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.remove(); err != nil {
			tb.Errorf("remove the PostgreSQL server: %v", err)
		}
	})
	return server
}

func create(options Options) (*Server, error) {
	directory, err := programs()
	if err != nil {
		return nil, err
	}
	server := &Server{options: options, programs: directory}
	if server.owner, err = unprivileged(); err != nil {
		return nil, err
	}
	if server.directory, server.lock, err = makeDirectory(server.owner); err != nil {
		return nil, fmt.Errorf("make a directory for PostgreSQL: %w", err)
	}
	if options.Archive {
		server.settings, err = server.archiving()
	}
	if err == nil {
		err = server.initialize()
	}
	if err == nil {
		err = server.startAnywhere()
	}
	if err != nil {
		return nil, errors.Join(err, server.remove())
	}
	return server, nil
}

// DSN returns the address of one of the server's databases.
func (s *Server) DSN(database string) string {
	address := url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/" + database,
		Host: s.Address(), RawQuery: "sslmode=disable",
	}
	return address.String()
}

// Address returns the server's host and port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Start starts the server again and returns when it answers.
func (s *Server) Start() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.process != nil {
		return errors.New("the PostgreSQL server runs already")
	}
	started, err := s.spawn("postgres", s.arguments()...)
	if err != nil {
		return err
	}
	if err := s.await(started); err != nil {
		return errors.Join(err, started.end(syscall.SIGQUIT, stopLimit))
	}
	s.process = started
	return nil
}

// Stop shuts the server down in good order: open transactions are rolled
// back, clients are told, and the data is written.
func (s *Server) Stop() error { return s.down(syscall.SIGINT) }

// Restart is Stop and Start.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start()
}

// Kill ends the server as a power cut would: nothing is written any more, and
// clients hear nothing but the end of their connections.
func (s *Server) Kill() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.process == nil {
		return nil
	}
	err := s.process.destroy(stopLimit)
	if err == nil {
		s.process = nil
	}
	return err
}

// Pause freezes the server with its connections open: to clients it looks
// like a network that went silent. Resume, Stop and Kill lift it.
func (s *Server) Pause() error { return s.signalAll(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.signalAll(syscall.SIGCONT) }

func (s *Server) signalAll(signal syscall.Signal) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.process == nil {
		return errors.New("the PostgreSQL server is down")
	}
	return s.process.signalAll(signal)
}

func (s *Server) down(signal syscall.Signal) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.process == nil {
		return nil
	}
	_ = s.process.signalAll(syscall.SIGCONT) // a frozen server hears nothing; one that is gone need not
	err := s.process.end(signal, stopLimit)
	s.process = nil
	return err
}

// remove ends the server and deletes its data, so nothing has to be written.
func (s *Server) remove() error {
	return errors.Join(s.down(syscall.SIGQUIT), os.RemoveAll(s.directory), s.lock.Close())
}

// startAnywhere starts the server on a free port. Somebody else may take a
// port between the question and the start, another package's tests for one.
func (s *Server) startAnywhere() error {
	var failures []error
	for range 5 {
		listener, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("find a free port: %w", err)
		}
		s.port = listener.Addr().(*net.TCPAddr).Port
		if err := listener.Close(); err != nil {
			return fmt.Errorf("find a free port: %w", err)
		}
		if err = s.Start(); err == nil {
			return nil
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

func (s *Server) arguments() []string {
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "", // a path below a long temporary directory would not fit
		"max_connections":         "300",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
	}
	if !s.options.Durable {
		maps.Copy(settings, map[string]string{
			"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
			"wal_level": "minimal", "max_wal_senders": "0",
			"autovacuum": "off", // tests are over before it pays
		})
	}
	maps.Copy(settings, s.options.Settings)
	maps.Copy(settings, s.settings)
	arguments := []string{"-D", s.data(), "-p", strconv.Itoa(s.port)}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		arguments = append(arguments, "-c", name+"="+settings[name])
	}
	return arguments
}

func (s *Server) data() string    { return filepath.Join(s.directory, "data") }
func (s *Server) logFile() string { return filepath.Join(s.directory, "server.log") }
