//go:build !linux

package argon

import "os/exec"

// startLow starts the program at our own priority: elsewhere a thread has none
// that a program could inherit.
func startLow(c *exec.Cmd, _ int) error { return c.Start() }
