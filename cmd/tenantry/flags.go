package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// newFlags are the options of one subcommand. What is wrong with them is told
// by parseFlags, and nothing is printed.
func newFlags(usage string) *flag.FlagSet {
	flags := flag.NewFlagSet(usage, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// parseFlags reads options before and behind at most the given number of names.
func parseFlags(flags *flag.FlagSet, args []string, most int) error {
	var names []string
	for {
		if err := flags.Parse(args); err != nil {
			return usageError{fmt.Errorf("%w; it is: tenantry %s", err, flags.Name())}
		}
		args = flags.Args()
		if len(args) == 0 {
			break
		}
		names, args = append(names, args[0]), args[1:]
	}
	if len(names) > most {
		return usageError{fmt.Errorf("there is no use for %q; it is: tenantry %s", strings.Join(names[most:], " "), flags.Name())}
	}
	return flags.Parse(append([]string{"--"}, names...))
}
