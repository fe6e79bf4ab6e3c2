package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	{name: "conformance", test: "./adapters/sqlite", run: "TestConformance", inside: true},
	{name: "use cases", test: "./app", run: ".", inside: true},
	{name: "domain/access", test: "./domain/access", run: ".", inside: true},
	{name: "domain/apikey", test: "./domain/apikey", run: ".", inside: true},
	{name: "adapters/httpapi", test: "./adapters/httpapi", run: ".", inside: true},
	{name: "test/api", test: "./test/api", run: "Role|Member|Owner|Invit|Organization|Key|Session|Operator|Link|Password|Refresh/sqlite"},
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
	found, failures := make([]result, len(all)), make([]error, len(all))
	next := make(chan int)
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for i := range next {
				found[i], failures[i] = known.or(all[i], func() (result, error) { return j.judge(i, all[i]) })
				_, _ = fmt.Fprintf(os.Stderr, "%d/%d %s: %s %s %v\n", i+1, len(all), all[i].name(), found[i].Killer, found[i].Why, failures[i])
			}
		})
	}
	for i, m := range all {
		if chosen(m) {
			next <- i
		}
	}
	close(next)
	done.Wait()
	var judged []result
	for i, m := range all {
		if chosen(m) {
			judged = append(judged, found[i])
		}
	}
	return judged, errors.Join(failures...)
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

// judge tries suite after suite, until one is red.
func (j *judge) judge(i int, m mutant) (result, error) {
	p, name := j.woven, strconv.Itoa(i+1)
	if !m.inGo() {
		text, err := os.ReadFile(filepath.Join(j.root, filepath.FromSlash(m.file)))
		if err != nil {
			return result{}, err
		}
		changed := apply(string(text), []edit{{m.at, m.at + len(m.old), m.new}})
		if p, err = j.program(name, map[string]string{m.file: changed}); err != nil {
			return result{}, err
		}
		defer func() { _ = os.RemoveAll(p.directory) }()
	}
	for _, s := range suites {
		if err := j.sound[s.name](); err != nil {
			return result{}, err
		}
		why, err := j.try(s, p, name)
		if err != nil || why != "" {
			return result{mutant: m, Name: m.name(), Killer: s.name, Why: why}, err
		}
	}
	return result{mutant: m, Name: m.name()}, nil
}
