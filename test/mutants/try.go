package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// try runs a suite on a mutant and returns the first line by which a test
// failed, or nothing. It stops there.
func (j *judge) try(s suite, p *program, mutant string) (string, error) {
	ctx, stop := context.WithCancel(j.ctx)
	defer stop()
	temporary, err := os.MkdirTemp(j.work, "run-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	tests, err := j.tests(s, p)
	if err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, tests, "-test.v=test2json", "-test.run", s.run) //nolint:gosec // tests that were compiled here
	c.Dir = filepath.Join(j.root, filepath.FromSlash(s.test))
	c.Env = append(os.Environ(), choice+"="+mutant, "TMPDIR="+temporary)
	if !s.inside {
		server, err := p.server()
		if err != nil {
			return "", err
		}
		// The tests give the server an environment of its own.
		wrapper := filepath.Join(temporary, "tenantry")
		script := "#!/bin/sh\n" + choice + "=" + mutant + " exec " + server + ` "$@"` + "\n"
		if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil { //nolint:gosec // it is to be executed
			return "", err
		}
		c.Env = append(c.Env, "TENANTRY_TEST_BINARY="+wrapper)
	}
	output, err := c.StdoutPipe()
	if err != nil {
		return "", err
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		return "", err
	}
	why := firstFailure(output)
	if why != "" {
		stop()
	}
	_, _ = io.Copy(io.Discard, output)
	if err := c.Wait(); err != nil && why == "" {
		why = "it ended: " + err.Error()
	}
	return why, errors.Join(j.ctx.Err())
}

// tests are those of the suite: with the mutants in them, or as they are.
func (j *judge) tests(s suite, p *program) (string, error) {
	if s.inside {
		return p.compiled[s.name]()
	}
	return j.woven.compiled[s.name]()
}

// failure is a line that a test logs, mostly why it fails.
var failure = regexp.MustCompile(`^\w+\.go:\d+: `)

// firstFailure reads until a test has failed. The tests write as for test2json:
// other than for people, at once.
func firstFailure(output io.Reader) string {
	lines, first := bufio.NewScanner(output), ""
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		line := strings.TrimSpace(strings.ReplaceAll(lines.Text(), "\x16", ""))
		switch {
		case strings.HasPrefix(line, "--- FAIL"), strings.HasPrefix(line, "panic: "), line == "FAIL":
			return strings.TrimSpace(line + " " + first)
		case first == "" && failure.MatchString(line) && !strings.Contains(line, "TENANTRY_TEST_SEED"):
			first = line
		}
	}
	return ""
}
