package argon

import (
	"strings"
	"testing"
)

const (
	goodSalt = "AAAAAAAAAAAAAAAAAAAAAA"
	goodKey  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

func encoded(costs string) string { return "$argon2id$v=19$" + costs + "$" + goodSalt + "$" + goodKey }

var hostile = []string{
	"", "$", "$$$$$", "password", "$2a$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
	strings.Replace(encoded("m=19456,t=2,p=1"), "argon2id", "argon2i", 1),
	strings.Replace(encoded("m=19456,t=2,p=1"), "argon2id", "argon2d", 1),
	strings.Replace(encoded("m=19456,t=2,p=1"), "argon2id", "ARGON2ID", 1),
	strings.Replace(encoded("m=19456,t=2,p=1"), "v=19", "v=16", 1),
	strings.Replace(encoded("m=19456,t=2,p=1"), "v=19$", "", 1),
	"x" + encoded("m=19456,t=2,p=1"), encoded("m=19456,t=2,p=1") + "$", encoded("m=19456,t=2,p=1") + "\n",
	encoded("m=19456,t=0,p=1"), encoded("m=19456,t=2,p=0"), encoded("m=0,t=2,p=1"), encoded("m=7,t=2,p=1"), encoded("m=31,t=2,p=4"),
	encoded("m=4294967295,t=1,p=1"), encoded("m=4294967296,t=1,p=1"), encoded("m=262145,t=1,p=1"), encoded("m=99999999999999999999,t=1,p=1"),
	encoded("m=19456,t=4294967295,p=1"), encoded("m=19456,t=17,p=1"), encoded("m=262144,t=5,p=1"),
	encoded("m=19456,t=2,p=17"), encoded("m=19456,t=2,p=256"), encoded("m=19456,t=2,p=257"),
	encoded("m=-19456,t=2,p=1"), encoded("m=+19456,t=2,p=1"), encoded("m=019456,t=2,p=1"), encoded("m=1e4,t=2,p=1"), encoded("m=0x4c00,t=2,p=1"),
	encoded("m=19_456,t=2,p=1"), encoded("m=19456.0,t=2,p=1"), encoded("m= 19456,t=2,p=1"), encoded("m=,t=2,p=1"),
	encoded("t=2,m=19456,p=1"), encoded("m=19456,t=2"), encoded("m=19456,t=2,p=1,x=1"), encoded("m=19456,m=19456,p=1"), encoded("19456,2,1"),
	"$argon2id$v=19$m=19456,t=2,p=1$" + goodSalt + "==$" + goodKey,
	"$argon2id$v=19$m=19456,t=2,p=1$" + goodSalt[1:] + "B$" + goodKey, // bits that are set behind the last byte
	"$argon2id$v=19$m=19456,t=2,p=1$AAAA\nAAAAAAAAAAAAAAAAAA$" + goodKey,
	"$argon2id$v=19$m=19456,t=2,p=1$AAAA-_AAAAAAAAAAAAAAAA$" + goodKey,
	"$argon2id$v=19$m=19456,t=2,p=1$$" + goodKey,
	"$argon2id$v=19$m=19456,t=2,p=1$" + goodSalt + "$",
	"$argon2id$v=19$m=19456,t=2,p=1$" + goodSalt + "$AAAA",
	"$argon2id$v=19$m=19456,t=2,p=1$" + goodSalt + "$" + strings.Repeat("AAAA", 22),
	"$argon2id$v=19$m=19456,t=2,p=1$" + goodSalt + "$" + strings.Repeat("A", 1<<20),
	strings.Repeat("$", 1<<20),
}

func TestHostileStoredHashesAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range hostile {
		if got, err := parse(s); err == nil {
			t.Errorf("%.80q is read as %+v", s, got.parameters)
		}
	}
}

func TestOtherParametersWithinBoundsAreRead(t *testing.T) {
	t.Parallel()
	for costs, want := range map[string]parameters{
		"m=19456,t=2,p=1":  current,
		"m=8,t=1,p=1":      {8, 1, 1},
		"m=65536,t=3,p=4":  {65536, 3, 4},
		"m=262144,t=4,p=1": {262144, 4, 1},
	} {
		got, err := parse(encoded(costs))
		if err != nil || got.parameters != want {
			t.Errorf("%s is read as %+v (error %v)", costs, got.parameters, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add(encoded("m=19456,t=2,p=1"))
	f.Add(encoded("m=65536,t=3,p=4"))
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parse(s)
		if err != nil {
			return
		}
		if got.String() != s {
			t.Errorf("%q has a second spelling, %q", got.String(), s)
		}
		if got.passes < 1 || got.threads < 1 || got.memory < 8*uint32(got.threads) ||
			got.memory > maxMemory || uint64(got.memory)*uint64(got.passes) > maxWork {
			t.Errorf("%q passes the bounds", s)
		}
	})
}
