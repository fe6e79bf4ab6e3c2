package main

import (
	"bytes"
	"fmt"
	"strings"
)

// mutant is the program with one barrier less.
type mutant struct {
	file, within string // within which declaration
	class        string
	old, new     string // the text
	at           int    // where it begins in the file
	number       int    // among those of the same text in the same declaration
	literal      [2]int // where the text around a predicate begins and ends
}

// name tells mutants apart, whatever else moves in the file.
func (m mutant) name() string {
	if m.number > 1 {
		return fmt.Sprintf("%s, %s: %s (%d)", m.file, m.within, oneLine(m.old), m.number)
	}
	return fmt.Sprintf("%s, %s: %s", m.file, m.within, oneLine(m.old))
}

func oneLine(text string) string { return string(bytes.Join(bytes.Fields([]byte(text)), []byte(" "))) }

// inGo says whether the mutant is chosen at run time. The others are built.
func (m mutant) inGo() bool { return strings.HasSuffix(m.file, ".go") }

// numbered gives those of the same text numbers.
func numbered(all []mutant) []mutant {
	count := map[string]int{}
	for i := range all {
		all[i].number = 0
		name := all[i].name()
		count[name]++
		all[i].number = count[name]
	}
	return all
}
