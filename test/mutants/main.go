// Command mutants takes one barrier between tenants at a time out of the program
// and shows that the tests notice: the comparison in an SQL statement that holds
// it to an organization or an account, a composite key, a unique or a foreign
// key, a check, a line of the table of permissions. It finds them by itself; a
// mutant that survives every suite fails, unless it is said here why nothing
// can tell it from the program.
//
//	go run ./test/mutants [-list] [-only REGEXP] [-results FILE] [-write docs/security-testing.md]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
)

func main() {
	list := flag.Bool("list", false, "print the mutants only")
	only := flag.String("only", "", "those whose name matches")
	write := flag.String("write", "", "the page to put the result into")
	kept := flag.String("results", "", "a file that keeps what is found out, for a run that goes on later")
	settled := flag.Bool("settled", false, "try nothing: report what the results tell")
	workers := flag.Int("workers", 2, "how many at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, options{*list, *settled, *only, *write, *kept, *workers})
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// fewest is how many barriers there are, at least: a search that finds less has
// gone blind.
const fewest = 100

// options are what was asked for on the command line.
type options struct {
	list, settled    bool
	only, page, kept string
	workers          int
}

func run(ctx context.Context, o options) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	all, err := find(root)
	if err != nil {
		return err
	}
	if len(all) < fewest {
		return fmt.Errorf("only %d mutants were found", len(all))
	}
	wanted, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	chosen := func(m mutant) bool { return wanted.MatchString(m.name()) }
	if o.list {
		for _, m := range slices.DeleteFunc(all, func(m mutant) bool { return !chosen(m) }) {
			fmt.Printf("%-16s %s => %s\n", m.class, m.name(), oneLine(m.new))
		}
		return nil
	}
	known, err := readResults(o.kept)
	if err != nil {
		return err
	}
	var judged []result
	if o.settled {
		judged = known.all(all, chosen)
	} else if judged, err = judgeAll(ctx, root, all, chosen, o.workers, known); err != nil {
		return err
	}
	text, survivors := report(ctx, root, judged, len(all))
	fmt.Print(text)
	if o.page != "" {
		if err := replaceSection(o.page, text); err != nil {
			return err
		}
	}
	if survivors > 0 {
		return fmt.Errorf("%d mutants are not as they should be", survivors)
	}
	return nil
}
