package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Pid is the server's process.
func (s *Server) Pid() int { return s.PID() }

// Helpers are the processes that the server has started and that run.
func (s *Server) Helpers(tb testing.TB) []int {
	tb.Helper()
	return family(tb, s.Pid())[1:]
}

// Resident is how much memory the server holds, with the processes that it has
// started, in bytes. What they share counts once for each.
func (s *Server) Resident(tb testing.TB) int64 {
	tb.Helper()
	total := s.OwnResident(tb)
	for _, pid := range s.Helpers(tb) {
		held, _ := resident(tb, pid) // who is ending holds nothing any more
		total += held
	}
	return total
}

// OwnResident is Resident without what the server has started: the helper's
// garbage, a hash's 19 MiB at a time, comes and goes.
func (s *Server) OwnResident(tb testing.TB) int64 {
	tb.Helper()
	held, told := resident(tb, s.Pid())
	if !told {
		tb.Fatal("the kernel does not tell how much memory the server holds")
	}
	return held
}

func resident(tb testing.TB, pid int) (held int64, told bool) {
	tb.Helper()
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // empty for none
	for line := range strings.Lines(string(status)) {
		if kilobytes, found := strings.CutPrefix(line, "VmRSS:"); found {
			return number(tb, strings.TrimSuffix(strings.TrimSpace(kilobytes), " kB")) << 10, true
		}
	}
	return 0, false
}

// tick is the unit in which the kernel tells times of processes to programs, the
// same on every architecture that Go knows.
const tick = 10 * time.Millisecond

// Worked is for how long a process, and those that it has started and that run,
// have had a core.
func Worked(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	var ticks int64
	for _, one := range family(tb, pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", one))
		if err != nil {
			tb.Fatal(err)
		}
		// The name may hold anything, in brackets; user and system time are the 12th
		// and 13th field behind it.
		_, rest, _ := strings.Cut(string(stat), ") ")
		for _, field := range strings.Fields(rest)[11:13] {
			ticks += number(tb, field)
		}
	}
	return time.Duration(ticks) * tick
}

// family is a process with those that it has started.
func family(tb testing.TB, pid int) []int {
	tb.Helper()
	pids := []int{pid}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		tb.Fatal(err)
	}
	for _, thread := range threads {
		children, err := os.ReadFile(thread) //nolint:gosec // of the kernel's
		if err != nil {
			continue // the thread has ended, and its children have another
		}
		for _, child := range strings.Fields(string(children)) {
			pids = append(pids, int(number(tb, child)))
		}
	}
	return pids
}

func number(tb testing.TB, text string) int64 {
	tb.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}
