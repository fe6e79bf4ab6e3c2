package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
)

// suite is tests that judge a mutant.
type suite struct {
	name, test, run string
	// inside says that the tests have the mutant in them; others run a program
	// that was built.
	inside bool
}

// suites judge one after the other, the strongest first.
var suites = []suite{
	{name: "isolation", test: "./test/isolation", run: "TestTenantsAreApart/sqlite"},
	{name: "random walk", test: "./test/isolation", run: "TestARandomWalkIsWhereTheModelSays/sqlite"},
	{name: "conformance", test: "./adapters/sqlite", run: "TestConformance", inside: true},
	{name: "use cases", test: "./app", run: ".", inside: true},
	{name: "domain/access", test: "./domain/access", run: ".", inside: true},
	{name: "domain/apikey", test: "./domain/apikey", run: ".", inside: true},
	{name: "adapters/httpapi", test: "./adapters/httpapi", run: ".", inside: true},
	{name: "test/api", test: "./test/api", run: "Role|Member|Owner|Invit|Organization|Key|Session|Operator|Link|Password|Refresh/sqlite"},
	{name: "test/compat", test: "./test/compat", run: "Zylon/sqlite"},
}

// program is what was built to be judged: a server, and tests with the same
// mutants in them.
type program struct {
	judge     *judge
	directory string
	overlay   string
	server    func() (string, error)
	compiled  map[string]func() (string, error)
}

type judge struct {
	ctx        context.Context //nolint:containedctx // of the one run
	root, work string
	woven      *program
	sound      map[string]func() error // whether a suite is green without any mutant
}

// judgeAll judges some at once.
func judgeAll(ctx context.Context, root string, all []mutant, chosen func(mutant) bool, workers int, known results) ([]result, error) {
	work, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	j := &judge{ctx: ctx, root: root, work: work, sound: map[string]func() error{}}
	files, err := weave(root, all)
	if err != nil {
		return nil, err
	}
	if j.woven, err = j.program("woven", files); err != nil {
		return nil, err
	}
	for _, s := range suites {
		j.sound[s.name] = sync.OnceValue(func() error {
			why, err := j.try(s, j.woven, "none")
			if why != "" {
				err = fmt.Errorf("%s is red without any mutant: %s", s.name, why)
			}
			return err
		})
	}
	found := make([]result, len(all))
	var alive []int
	for i, m := range all {
		if one, settled := known.of(m); settled {
			found[i] = one
		} else if chosen(m) {
			alive = append(alive, i)
		}
	}
	for _, s := range suites {
		if alive, err = j.survive(s, all, found, alive, workers, known); err != nil {
			return nil, err
		}
	}
	var judged []result
	for i, m := range all {
		if chosen(m) {
			found[i].mutant, found[i].Name = m, m.name()
			judged = append(judged, found[i])
			if found[i].Killer == "" {
				err = errors.Join(err, known.keep(found[i]))
			}
		}
	}
	return judged, err
}

// survive tries a suite on the mutants that are alive, some at once, and returns
// those that still are.
func (j *judge) survive(s suite, all []mutant, found []result, alive []int, workers int, known results) ([]int, error) {
	if len(alive) == 0 {
		return nil, nil
	}
	if err := j.sound[s.name](); err != nil {
		return nil, err
	}
	failures := make([]error, len(all))
	next := make(chan int)
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for i := range next {
				why, err := j.judge(s, i, all[i])
				if failures[i] = err; err == nil && why != "" {
					found[i] = result{Name: all[i].name(), Killer: s.name, Why: why}
					failures[i] = known.keep(found[i])
				}
				_, _ = fmt.Fprintf(os.Stderr, "%s: %s: %s %v\n", s.name, all[i].name(), why, err)
			}
		})
	}
	for _, i := range alive {
		next <- i
	}
	close(next)
	done.Wait()
	return slices.DeleteFunc(alive, func(i int) bool { return found[i].Killer != "" }), errors.Join(failures...)
}

// program is the repository's with other files.
func (j *judge) program(name string, files map[string]string) (*program, error) {
	p := &program{judge: j, directory: filepath.Join(j.work, name), compiled: map[string]func() (string, error){}}
	var err error
	if p.overlay, err = overlay(j.root, filepath.Join(p.directory, "sources"), files); err != nil {
		return nil, err
	}
	p.server = p.made("tenantry", "build", "-buildvcs=false", "./cmd/tenantry")
	for _, s := range suites {
		p.compiled[s.name] = p.made(filepath.Base(s.test)+".test", "test", "-c", s.test)
	}
	return p, nil
}

// made builds something when it is first asked for.
func (p *program) made(name, command string, arguments ...string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		to := filepath.Join(p.directory, name)
		all := append([]string{command, "-ldflags=-s -w", "-overlay=" + p.overlay, "-o", to}, arguments...)
		build := exec.CommandContext(p.judge.ctx, "go", all...) //nolint:gosec // the go command, on this repository
		build.Dir = p.judge.root
		output, err := build.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("go %v: %w\n%s", all, err, output)
		}
		return to, err
	})
}

// judge tries a suite on a mutant, and returns why it is red, or nothing.
func (j *judge) judge(s suite, i int, m mutant) (string, error) {
	if m.inGo() {
		return j.try(s, j.woven, strconv.Itoa(i+1))
	}
	text, err := os.ReadFile(filepath.Join(j.root, filepath.FromSlash(m.file)))
	if err != nil {
		return "", err
	}
	changed := apply(string(text), []edit{{m.at, m.at + len(m.old), m.new}})
	p, err := j.program(strconv.Itoa(i+1), map[string]string{m.file: changed})
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(p.directory) }()
	return j.try(s, p, "none")
}
