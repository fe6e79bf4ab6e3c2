package pgtest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// orphaned makes the kernel stop a server whose test process died without a
// word: a panic, a timeout, a kill. SIGQUIT is PostgreSQL's immediate
// shutdown, which leaves no shared memory behind.
func orphaned(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGQUIT }

// children returns the processes that a parent started: PostgreSQL's
// backends, each of which is the leader of its own session, so that no
// process group reaches them.
func children(parent int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // fails on a malformed pattern only
	var found []int
	for _, stat := range stats {
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if _, itsParent := status(id); err == nil && itsParent == strconv.Itoa(parent) {
			found = append(found, id)
		}
	}
	return found
}

// alive tells whether a process still runs. One that ended and that nobody
// asked about (a zombie) does not.
func alive(id int) bool {
	state, _ := status(id)
	return state != "" && state != "Z" && state != "X"
}

// status returns a process's state and its parent's id, both empty when there
// is no such process.
func status(id int) (state, parent string) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(id), "stat"))
	if err != nil {
		return "", ""
	}
	// The second field is the program's name in parentheses and may hold
	// anything; behind it come the state and the parent's id.
	text := string(content)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return "", ""
	}
	return fields[0], fields[1]
}
