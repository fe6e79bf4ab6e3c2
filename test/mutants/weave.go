package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// choice is the environment variable that says which mutant a program is. One
// program has all of those in Go in it, which spares building hundreds.
const choice = "TENANTRY_MUTANT"

// chooser is a file that each package with mutants gets.
const chooser = `package %s

import (
	"os"
	"strings"
)

var mutantChosen = os.Getenv("` + choice + `")

func mutantIs(name string) bool { return mutantChosen == name }

func mutantEither[T any](name string, as, other T) T {
	if mutantIs(name) {
		return other
	}
	return as
}

// mutantFence makes one comparison of an SQL text hold always: a name, the
// comparison, and the how manieth of its kind it is in the text.
func mutantFence(text string, fences ...[3]string) string {
	for _, f := range fences {
		if !mutantIs(f[0]) {
			continue
		}
		at := 0
		for range len(f[2]) {
			at += strings.Index(text[at:], f[1]) + len(f[1])
		}
		return text[:at-len(f[1])] + "(" + f[1] + " OR 1 = 1)" + text[at:]
	}
	return text
}
`

// edit replaces a part of a file.
type edit struct {
	from, to int
	text     string
}

// weave returns the files, by their paths in the repository, of a program that
// has all mutants in Go in it.
func weave(root string, all []mutant) (map[string]string, error) {
	files := map[string][]int{}
	for i, m := range all {
		if m.inGo() {
			files[m.file] = append(files[m.file], i)
		}
	}
	woven := map[string]string{}
	for name, mutants := range files {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		source := string(text)
		changed := apply(source, edits(source, all, mutants))
		woven[name] = variable.ReplaceAllString(changed, "${1}var${2}")
		kind := strings.Fields(packageLine.FindString(source))[1]
		woven[path.Join(path.Dir(name), "mutants_woven.go")] = fmt.Sprintf(chooser, kind)
	}
	return woven, nil
}

var (
	packageLine = regexp.MustCompile(`(?m)^package \w+`)
	// variable is a constant that is none any more, as it is computed.
	variable = regexp.MustCompile(`(?m)^()const( \w+ = (?:mutantFence\(|\w+ \+))`)
)

// edits are the changes for the mutants of one file.
func edits(source string, all []mutant, mutants []int) []edit {
	var found []edit
	literals := map[[2]int][]int{}
	for _, i := range mutants {
		m := all[i]
		name := strconv.Itoa(i + 1)
		switch m.class {
		case "predicate":
			literals[m.literal] = append(literals[m.literal], i)
		case "role", "scope":
			found = append(found, edit{m.at, m.at + len(m.old), fmt.Sprintf("mutantEither(%q, %s, %s)", name, m.old, m.new)})
		default:
			found = append(found, edit{m.at, m.at + len(m.old), fmt.Sprintf("!mutantIs(%q) && (%s)", name, m.old)})
		}
	}
	for literal, inside := range literals {
		text := source[literal[0]:literal[1]]
		var call strings.Builder
		_, _ = fmt.Fprintf(&call, "mutantFence(%s", text)
		for _, i := range inside {
			m := all[i]
			before := strings.Count(source[literal[0]:m.at], m.old)
			_, _ = fmt.Fprintf(&call, ", [3]string{%q, %q, %q}", strconv.Itoa(i+1), m.old, strings.Repeat("x", before+1))
		}
		found = append(found, edit{literal[0], literal[1], call.String() + ")"})
	}
	return found
}

// apply makes the changes, from the end.
func apply(source string, changes []edit) string {
	slices.SortFunc(changes, func(a, b edit) int { return cmp.Compare(b.from, a.from) })
	for _, e := range changes {
		source = source[:e.from] + e.text + source[e.to:]
	}
	return source
}

// overlay writes the files into the directory and returns what tells the go
// command to read them in place of the repository's.
func overlay(root, directory string, files map[string]string) (string, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return "", err
	}
	replaced, n := map[string]string{}, 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		n++
		to := filepath.Join(directory, fmt.Sprintf("%d-%s", n, path.Base(name)))
		if err := os.WriteFile(to, []byte(files[name]), 0o600); err != nil {
			return "", err
		}
		replaced[filepath.Join(root, filepath.FromSlash(name))] = to
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	to := filepath.Join(directory, "overlay.json")
	return to, os.WriteFile(to, text, 0o600)
}
