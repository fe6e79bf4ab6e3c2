package harness

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/test/pgtest"
)

// Main runs a package's tests, then ends what they shared and returns the exit
// code. after is called last, with the code, when the whole package ran and
// passed; it may print and return another.
func Main(m *testing.M, after ...func() int) int {
	return pgtest.Main(tests{m, after})
}

type tests struct {
	m     *testing.M
	after []func() int
}

// Run implements pgtest.Runner.
func (t tests) Run() int {
	widen()
	code := t.m.Run()
	whole.end()
	if whole.Failed() {
		code = max(code, 1)
	}
	if code != 0 || filtered() {
		return code
	}
	sayTurns()
	for _, f := range t.after {
		code = max(code, f())
	}
	return code
}

// widen lets more tests run beside each other than there are cores: they mostly
// wait for the program. Whoever asks for a number gets it.
func widen() {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		_ = flag.Set("test.parallel", "8") // a number is always taken
	}
}

// filtered says that somebody asked for some of the tests only.
func filtered() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return true
		}
	}
	return false
}

// whole is the test process as a testing.TB: what is made for it lasts until
// Main ends.
var whole = &process{}

// process has those methods of a testing.TB that this package and pgtest call.
type process struct {
	testing.TB
	mutex    sync.Mutex
	cleanups []func()
	failed   bool
}

func (p *process) Helper() {}

func (p *process) Name() string { return "the tests' end" }

func (p *process) Cleanup(f func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.cleanups = append(p.cleanups, f)
}

func (p *process) Errorf(format string, arguments ...any) { p.Error(fmt.Sprintf(format, arguments...)) }

func (p *process) Error(arguments ...any) {
	p.mutex.Lock()
	p.failed = true
	p.mutex.Unlock()
	_, _ = fmt.Fprintln(os.Stderr, arguments...)
}

func (p *process) Failed() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.failed
}

func (p *process) Logf(format string, arguments ...any) {
	_, _ = fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}

// Fatal ends the test that made the process fail, by its panic.
func (p *process) Fatal(arguments ...any) {
	p.Error(arguments...)
	panic(fmt.Sprint(arguments...))
}

func (p *process) Fatalf(format string, arguments ...any) {
	p.Fatal(fmt.Sprintf(format, arguments...))
}

func (p *process) TempDir() string {
	directory, err := os.MkdirTemp("", "tenantry-test-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			p.Error(err)
		}
	})
	return directory
}

// end runs the cleanups, the latest first.
func (p *process) end() {
	p.mutex.Lock()
	cleanups := p.cleanups
	p.cleanups = nil
	p.mutex.Unlock()
	for _, f := range slices.Backward(cleanups) {
		f()
	}
}
