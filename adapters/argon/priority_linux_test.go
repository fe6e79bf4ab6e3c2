package argon

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// niceness is that of each thread of a process.
func niceness(t *testing.T, pid int) (all []string) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("%d threads: %v", len(threads), err)
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		all = append(all, strings.Fields(rest)[16])
	}
	return all
}

func TestOnlyTheHelperYields(t *testing.T) {
	t.Parallel()
	before := niceness(t, os.Getpid())[0]
	h, _ := helped(t)
	h.mustMatch(t)
	own, err := strconv.Atoi(before)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range niceness(t, h.helper.process.command.Process.Pid) {
		if of != strconv.Itoa(own+yields) {
			t.Errorf("a thread of the helper has %s", of)
		}
	}
	yielding := 0
	for _, of := range niceness(t, os.Getpid()) {
		if of != before {
			yielding++
		}
	}
	if yielding > 1 { // the thread that started the helper may yet be ending
		t.Errorf("%d threads of our own yield, too", yielding)
	}
}
