package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// result is what became of a mutant.
type result struct {
	mutant
	Name   string
	Killer string // a suite, or empty
	Why    string // the first failure
}

// results are kept in a file, so that a run can be ended and go on later.
type results struct {
	path  string // empty: nothing is kept
	mutex *sync.Mutex
	known map[string]result
}

func readResults(path string) (results, error) {
	r := results{path, new(sync.Mutex), map[string]result{}}
	text, err := os.ReadFile(path) //nolint:gosec // the file that was named
	if path == "" || errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		var one result
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return r, err
		}
		r.known[one.Name] = one
	}
	return r, errors.Join(err, lines.Err())
}

// of is what is known of the mutant. One that survived is tried again.
func (r results) of(m mutant) (result, bool) {
	one, known := r.known[m.name()]
	return one, known && one.Killer != ""
}

// all is what is known of those that were chosen.
func (r results) all(mutants []mutant, chosen func(mutant) bool) []result {
	var found []result
	for _, m := range mutants {
		if one, known := r.known[m.name()]; known && chosen(m) {
			one.mutant = m
			found = append(found, one)
		}
	}
	return found
}

// keep writes a result down.
func (r results) keep(one result) error {
	if r.path == "" {
		return nil
	}
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	file, err := os.OpenFile(r.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}
