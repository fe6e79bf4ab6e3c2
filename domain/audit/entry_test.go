package audit_test

import (
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/audit"
)

// first and second are entries whose hashes were computed by another program.
var first = audit.Entry{
	ID:    audit.ID(uuid.MustParse("00000000-0000-7000-8000-000000000001")),
	Chain: audit.ChainID(uuid.MustParse("00000000-0000-7000-8000-000000000002")),
	Origin: audit.Origin{
		ActorType: audit.Account, ActorID: "00000000-0000-7000-8000-000000000003",
		Address: "192.0.2.1", RequestID: "req-1", Dialect: "phy",
	},
	Action: audit.MemberRoleChanged, ResourceType: "member", ResourceID: "m-1",
	Before: `{"role":"viewer"}`, After: `{"role":"admin"}`,
	CreatedAt: time.Date(2026, 3, 29, 1, 30, 0, 123_456_000, time.UTC),
}

func second() audit.Entry {
	e := first
	e.ID = audit.ID(uuid.MustParse("00000000-0000-7000-8000-000000000004"))
	e.After, e.CreatedAt = "", time.Date(2026, 3, 29, 1, 30, 1, 0, time.UTC)
	return e
}

const (
	firstHash  = "b938f0427f0a182241fbc9b02a0b5d925a7831d08b21137927c95c1451711f82"
	secondHash = "8c28dfd2c143c9bbbec340cee50cb04e09e211c0e7da468462ebf7ebe85f814c"
)

func TestTheHashIsThePublishedOne(t *testing.T) {
	one, head := first.Seal(audit.Head{})
	two, last := second().Seal(head)
	if hex.EncodeToString(one.Hash[:]) != firstHash || one.Sequence != 1 || head != (audit.Head{Sequence: 1, Hash: one.Hash}) {
		t.Errorf("the first is sealed as %d, %x", one.Sequence, one.Hash)
	}
	if hex.EncodeToString(two.Hash[:]) != secondHash || two.Sequence != 2 || last != (audit.Head{Sequence: 2, Hash: two.Hash}) {
		t.Errorf("the second is sealed as %d, %x", two.Sequence, two.Hash)
	}
	if !one.Follows(audit.Head{}) || !two.Follows(head) {
		t.Error("what was sealed does not follow")
	}
}

func TestTheZoneOfATimeIsNoPartOfTheEntry(t *testing.T) {
	sealed, _ := first.Seal(audit.Head{})
	sealed.CreatedAt = sealed.CreatedAt.In(time.FixedZone("east", 5*3600+1800))
	if !sealed.Follows(audit.Head{}) {
		t.Error("the same instant in another zone does not follow")
	}
}

// changes has one changed entry for each member of an entry, and each part of
// its origin.
func changes(sealed audit.Entry) map[string]audit.Entry {
	changed := map[string]audit.Entry{}
	each := func(path string, of func(*audit.Entry) reflect.Value) {
		for i := range of(&sealed).NumField() {
			e := sealed
			field := of(&e).Field(i)
			switch value := field.Interface().(type) {
			case string, audit.ActorType, audit.Action:
				field.SetString(field.String() + "x")
			case int64:
				field.SetInt(value + 1)
			case time.Time:
				field.Set(reflect.ValueOf(value.Add(time.Microsecond)))
			case audit.Origin:
				continue
			default: // ids and the hash
				field.Index(15).SetUint(field.Index(15).Uint() ^ 1)
			}
			changed[path+of(&e).Type().Field(i).Name] = e
		}
	}
	each("", func(e *audit.Entry) reflect.Value { return reflect.ValueOf(e).Elem() })
	each("Origin.", func(e *audit.Entry) reflect.Value { return reflect.ValueOf(&e.Origin).Elem() })
	return changed
}

func TestAChangeOfAnyMemberShows(t *testing.T) {
	sealed, _ := first.Seal(audit.Head{})
	changed := changes(sealed)
	if len(changed) != 16 {
		t.Errorf("%d members were changed", len(changed))
	}
	for member, e := range changed {
		if e.Follows(audit.Head{}) {
			t.Errorf("a changed %s does not show", member)
		}
	}
}

func TestTextThatMovesBetweenMembersShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		cut := func(name string) int { return rapid.IntRange(0, len(text)).Draw(t, name) }
		one, two := first, first
		at, other := cut("at"), cut("other")
		one.Before, one.After = text[:at], text[at:]
		two.Before, two.After = text[:other], text[other:]
		sealed, _ := one.Seal(audit.Head{})
		two.Sequence, two.Hash = sealed.Sequence, sealed.Hash
		if two.Follows(audit.Head{}) != (at == other) {
			t.Fatalf("%q cut at %d passes for the same cut at %d", text, other, at)
		}
	})
}

// broken is the index of the first entry that does not follow, or -1.
func broken(chain []audit.Entry) int {
	var head audit.Head
	for i, e := range chain {
		if !e.Follows(head) {
			return i
		}
		head = audit.Head{Sequence: e.Sequence, Hash: e.Hash}
	}
	return -1
}

func chained(n int) []audit.Entry {
	var head audit.Head
	chain := make([]audit.Entry, n)
	for i := range chain {
		e := first
		e.ID = audit.ID(uuid.Must(uuid.NewV7()))
		chain[i], head = e.Seal(head)
	}
	return chain
}

func TestAMissingOrSwappedEntryShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "length")
		chain := chained(n)
		if at := broken(chain); at >= 0 {
			t.Fatalf("a good chain is broken at %d", at)
		}
		i := rapid.IntRange(0, n-2).Draw(t, "i")
		j := rapid.IntRange(i+1, n-1).Draw(t, "j")
		for name, bad := range map[string][]audit.Entry{
			"missing":                       append(append([]audit.Entry{}, chain[:i]...), chain[i+1:]...),
			"swapped":                       swapped(chain, i, j, false),
			"swapped, with their sequences": swapped(chain, i, j, true),
			"repeated":                      append(append([]audit.Entry{}, chain[:i+1]...), chain[i:]...),
		} {
			if at := broken(bad); at != i && at != i+1 {
				t.Fatalf("an entry that is %s at %d shows at %d", name, i, at)
			}
		}
	})
}

// swapped has two entries in each other's place, and, where renumbered, under
// each other's sequence.
func swapped(chain []audit.Entry, i, j int, renumbered bool) []audit.Entry {
	bad := append([]audit.Entry{}, chain...)
	bad[i], bad[j] = bad[j], bad[i]
	if renumbered {
		bad[i].Sequence, bad[j].Sequence = bad[j].Sequence, bad[i].Sequence
	}
	return bad
}

func TestACutTailDoesNotShowWithoutTheHead(t *testing.T) {
	chain := chained(5)
	if at := broken(chain[:3]); at >= 0 {
		t.Errorf("the documentation says that a cut tail shows nowhere but in the head, and it shows at %d", at)
	}
}
