package tour

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// tourWithin bounds one page's commands.
const tourWithin = 2 * time.Minute

// reader is the shell of somebody who does what a page says, step by step: what
// was mailed meanwhile can stand in the next commands.
type reader struct {
	in     io.Writer
	out    *bufio.Reader
	errors *bytes.Buffer
	wait   func() error
}

// newReader opens a shell that ends with the first command that fails, and with
// the test.
func newReader(t *testing.T) *reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), tourWithin)
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail")
	shell.Dir, shell.WaitDelay = t.TempDir(), time.Second
	shell.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + shell.Dir}
	r := &reader{errors: &bytes.Buffer{}, wait: shell.Wait}
	shell.Stderr = r.errors
	in, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.in, r.out = in, bufio.NewReader(out)
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer cancel()
		_ = in.Close()
		if err := r.wait(); err != nil && !t.Failed() {
			t.Errorf("the shell: %v\n%s", err, r.errors)
		}
	})
	return r
}

// separator ends the output of a step.
const separator = "---8<--- next step ---8<---"

// run types commands and returns what they print.
func (r *reader) run(t *testing.T, commands string) string {
	t.Helper()
	if _, err := fmt.Fprintf(r.in, "%s\nprintf '\\n%%s\\n' '%s'\n", commands, separator); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	for {
		line, err := r.out.ReadString('\n')
		if err != nil {
			t.Fatalf("the shell ends at:\n%s\nafter printing\n%s%s\n%v\n%s", commands, printed.String(), line, r.wait(), r.errors)
		}
		if line == separator+"\n" {
			return printed.String()
		}
		printed.WriteString(line)
	}
}
