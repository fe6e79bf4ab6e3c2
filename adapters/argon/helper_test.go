package argon

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// yields is how much helpers do here.
const yields = 1

const helperVariable = "TENANTRY_ARGON_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		if Help(os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// helped returns a hasher with a helper, which is this very program, and what
// failed in it.
func helped(t *testing.T) (h *Hasher, failures func() []error) {
	t.Helper()
	command := func() *exec.Cmd {
		c := exec.Command(os.Args[0]) //nolint:gosec // this very program
		c.Env = []string{helperVariable + "=1"}
		return c
	}
	var mu sync.Mutex
	var failed []error
	helper := NewHelper(command, yields, func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = append(failed, err)
	})
	helper.patience = time.Minute // whatever else the machine does
	t.Cleanup(helper.Close)
	return New(Options{Helper: helper}), func() []error {
		mu.Lock()
		defer mu.Unlock()
		return failed
	}
}

func (h *Hasher) mustMatch(t *testing.T) {
	t.Helper()
	hash, err := h.Hash(t.Context(), password(t, "correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	match, _, err := New(Options{}).Verify(t.Context(), &hash, password(t, "correct horse"), proceed)
	if err != nil || !match {
		t.Errorf("what was hashed does not match elsewhere: %v", err)
	}
	match, _, err = h.Verify(t.Context(), &hash, password(t, "wrong horse!"), proceed)
	if err != nil || match {
		t.Errorf("another password: match %v, error %v", match, err)
	}
}

func TestAHelperComputesTheSameHashes(t *testing.T) {
	t.Parallel()
	h, failures := helped(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { h.mustMatch(t) })
	}
	group.Wait()
	if failed := failures(); len(failed) > 0 {
		t.Error(failed)
	}
	want := argon2id([]byte("pepper"), []byte("salt and"), parameters{64, 1, 2}, 24)
	if got := h.helper.derive([]byte("pepper"), []byte("salt and"), parameters{64, 1, 2}, 24); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestAHelperThatWasKilledIsReplaced(t *testing.T) {
	t.Parallel()
	h, failures := helped(t)
	h.mustMatch(t)
	killed := h.helper.process
	if err := killed.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for h.helper.process == killed {
		h.mustMatch(t) // a right hash each time, by whomever
	}
	h.mustMatch(t)
	if failed := failures(); len(failed) != 1 || h.helper.process == nil {
		t.Errorf("it failed with %v, and runs: %v", failed, h.helper.process != nil)
	}
}

func TestAHelperThatHasNothingToDoEndsAndComesBack(t *testing.T) {
	t.Parallel()
	h, failures := helped(t)
	h.helper.leisure = 10 * time.Millisecond
	running := func() *process {
		h.helper.mu.Lock()
		defer h.helper.mu.Unlock()
		return h.helper.process
	}
	for range 3 {
		h.mustMatch(t)
		for limit := time.Now().Add(time.Minute); running() != nil; <-time.After(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatal("it has nothing to do, and runs")
			}
		}
	}
	if failed := failures(); len(failed) > 0 {
		t.Error(failed)
	}
}

func TestNobodyWaitsForAHelperThatStandsStill(t *testing.T) {
	t.Parallel()
	h, failures := helped(t)
	h.mustMatch(t)
	if err := h.helper.process.command.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	h.helper.patience, h.helper.pause = 20*time.Millisecond, time.Hour
	h.mustMatch(t)
	if failed := failures(); len(failed) != 1 || h.helper.process != nil {
		t.Errorf("it failed with %v, and is asked on: %v", failed, h.helper.process != nil)
	}
	h.helper.patience, h.helper.again = time.Minute, time.Now()
	h.mustMatch(t)
	if failed := failures(); len(failed) != 1 || h.helper.process == nil {
		t.Errorf("a while later it fails with %v, and is asked: %v", failed, h.helper.process != nil)
	}
}

func TestAHelperThatStandsStillDoesNotKeepTheServerFromEnding(t *testing.T) {
	t.Parallel()
	h, _ := helped(t)
	h.mustMatch(t)
	pid := h.helper.process.command.Process.Pid
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { h.helper.Close(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(pid, syscall.SIGCONT)
		t.Error("it is waited for")
		<-ended
	}
}

func TestHashesAreComputedHereWhereNoHelperStarts(t *testing.T) {
	t.Parallel()
	started, failed := 0, []error{}
	helper := NewHelper(func() *exec.Cmd {
		started++
		return exec.Command(t.TempDir() + "/nothing") //nolint:gosec // is not there
	}, 0, func(err error) { failed = append(failed, err) })
	h := New(Options{Helper: helper})
	h.mustMatch(t)
	h.mustMatch(t)
	if started != 1 || len(failed) != 1 || !errors.Is(failed[0], os.ErrNotExist) {
		t.Errorf("started %d times, failed with %v", started, failed)
	}
	helper.Close()
}
