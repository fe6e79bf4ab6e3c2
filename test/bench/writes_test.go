package bench

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

// turns is how often each row of the writes is measured.
const turns = 3

// BenchmarkWrites prints the table of what is stored. The third row of refreshes
// tells what HTTP alone leaves of the UPDATE: no program answers more.
func BenchmarkWrites(b *testing.B) {
	var rows []row
	for _, engine := range harness.Engines() {
		name := func(what string) string { return fmt.Sprintf("%s, %s", what, engine) }
		rows = append(rows, measureWrites(b, begin(b, engine), name)...)
	}
	show(rows)
}

func measureWrites(b *testing.B, s *harness.Server, name func(string) string) []row {
	b.Helper()
	ids := sessions(b, s)
	bare, _ := startBare(b, s)
	rates := measureInTurns(b, turns,
		load{runtime.NumCPU(), bareHash()},
		load{fewWorkers, logIn(b, s)},
		load{fewWorkers, register(s)},
		load{fewWorkers, bareRefresh(b, s, ids)},
		load{fewWorkers, ginRefresh(bare, ids)},
		load{fewWorkers, refresh(b, s)},
	)
	hash, login, registration, update, gin, refreshed := rates[0], rates[1], rates[2], rates[3], rates[4], rates[5]
	return []row{
		{name("login"), "argon2id, one lane a core", login, hash},
		{name("registration"), "argon2id, one lane a core", registration, hash},
		{name("refresh"), "its UPDATE", refreshed, update},
		{name("refresh"), "gin and its UPDATE", refreshed, gin},
		{name("gin and the UPDATE of a refresh"), "the UPDATE", gin, update},
	}
}
