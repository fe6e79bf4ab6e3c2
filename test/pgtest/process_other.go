//go:build unix && !linux

package pgtest

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// orphaned does nothing: only Linux tells a process that its parent died.
func orphaned(*syscall.SysProcAttr) {}

// children returns the processes that a parent started.
func children(parent int) []int {
	listing, err := exec.Command("pgrep", "-P", strconv.Itoa(parent)).Output()
	if err != nil {
		return nil // pgrep fails when there are none
	}
	var found []int
	for _, word := range strings.Fields(string(listing)) {
		if id, err := strconv.Atoi(word); err == nil {
			found = append(found, id)
		}
	}
	return found
}

// alive tells whether a process still runs.
func alive(id int) bool { return syscall.Kill(id, 0) == nil }
