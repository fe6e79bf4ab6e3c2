package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // a wrong command or a wrong setting: nothing was begun
)

const usage = `Tenantry is the account layer of a SaaS in one binary.

Usage: tenantry [command]

  serve                    run the server (the default)
  migrate up|status|down   bring the schema up to date, show it, or take one step back (--yes)
  doctor [--fix]           examine the database; mend what has one way to be mended
  backup FILE              copy an SQLite database that is in use
  restore [FILE]           put a backup in place, or finish what other means have restored
  move --from URL --to URL take everything from SQLite to PostgreSQL, or the other way
  keys list|rotate         show the keys that sign access tokens, or bring in a new one
  keys reseal              go on with another MASTER_KEY, the one in NEW_MASTER_KEY
  audit verify|head [ID]   examine the audit's chains, or print their ends to keep elsewhere
  config                   print the effective settings, secrets masked
  openapi [FILE [DIALECT]] print the specification of the API, or of a dialect; to FILE, - for here
  hash                     compute the password hashes of the server that starts this
  healthcheck              ask the server on this machine whether it is ready
  version                  print the version

Settings come from the environment; README.md lists them.
`

// command is one subcommand with what it needs to speak.
type command struct {
	args     []string
	stdin    io.Reader
	terminal bool // a person may be at stdin
	stdout   io.Writer
	stderr   io.Writer
}

// subcommand is what runs, and how many words may follow it.
type subcommand struct {
	run  func(context.Context, command) error
	most int
}

// anyNumber is for subcommands that judge their words themselves.
const anyNumber = math.MaxInt

var commands = map[string]subcommand{
	"serve":       {serve, 0},
	"migrate":     {migrate, anyNumber},
	"doctor":      {doctor, anyNumber},
	"keys":        {keys, anyNumber},
	"backup":      {backup, anyNumber},
	"restore":     {restore, anyNumber},
	"move":        {move, anyNumber},
	"audit":       {examineAudit, 2},
	"config":      {printConfig, 0},
	"openapi":     {printSpecification, 2},
	"hash":        {hash, 0},
	"healthcheck": {healthcheck, 0},
	"version":     {printVersion, 0},
	"--version":   {printVersion, 0},
	"help":        {printUsage, 0},
	"-h":          {printUsage, 0},
	"--help":      {printUsage, 0},
}

// usageError is a mistake of whoever started the program.
type usageError struct{ error }

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdin *os.File, stdout, stderr io.Writer) int {
	name := "serve"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	do, known := commands[name]
	if known && slices.ContainsFunc(args, func(word string) bool { return word == "-h" || word == "--help" }) {
		do, args = commands["help"], nil
	}
	if !known {
		_, _ = fmt.Fprintf(stderr, "tenantry: there is no command %q\n\n%s", name, usage)
		return exitUsage
	}
	if len(args) > do.most {
		_, _ = fmt.Fprintf(stderr, "tenantry: %s takes no %q; settings come from the environment\n", name, args[do.most])
		return exitUsage
	}
	err := do.run(ctx, command{args, stdin, isTerminal(stdin), stdout, stderr})
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintf(stderr, "tenantry: %v\n", err)
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitFailed
}

// isTerminal is also true of devices such as /dev/null, at which nobody answers.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// settings loads the configuration; what is wrong with it is a usage error.
func settings() (config, error) {
	c, err := loadConfig()
	if err != nil {
		return c, usageError{fmt.Errorf("the settings are wrong:\n%w", err)}
	}
	return c, nil
}

func printConfig(_ context.Context, cmd command) error {
	c, err := settings()
	if err != nil {
		return err
	}
	return c.print(cmd.stdout)
}

func printVersion(_ context.Context, cmd command) error {
	_, err := fmt.Fprintf(cmd.stdout, "tenantry %s (%s %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

func printUsage(_ context.Context, cmd command) error {
	_, err := io.WriteString(cmd.stdout, usage)
	return err
}

// printSpecification prints the document that /openapi.json serves, or a
// dialect's own, or writes it to the file that is named.
func printSpecification(_ context.Context, cmd command) error {
	document, err := specification(cmd.args)
	if err != nil {
		return err
	}
	if len(cmd.args) > 0 && cmd.args[0] != "-" {
		return os.WriteFile(cmd.args[0], document, 0o644) //nolint:gosec // a document for everybody
	}
	_, err = cmd.stdout.Write(document)
	return err
}
