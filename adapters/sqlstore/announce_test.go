package sqlstore

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/session"
	"github.com/tenantry/tenantry/ports"
)

// heard is a hearer that keeps what it is told.
type heard struct {
	subjects []ports.Subject
	all      int
}

func (h *heard) Forget(subjects ...ports.Subject) { h.subjects = append(h.subjects, subjects...) }
func (h *heard) ForgetAll()                       { h.all++ }
func (*heard) Confirm(time.Time)                  {}

func TestWhatIsAnnouncedIsHeard(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var announced []ports.Subject
		for n := rapid.IntRange(1, maxAnnounced+2).Draw(t, "subjects"); len(announced) < n; {
			announced = append(announced, ports.Subject(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")))
		}
		text, got := announcement(announced), &heard{}
		if len(text) >= 8000 {
			t.Fatalf("PostgreSQL does not take %d bytes", len(text))
		}
		if err := Tell(text, got); err != nil {
			t.Fatal(err)
		}
		if got.all == 0 {
			if diff := cmp.Diff(announced, got.subjects); diff != "" {
				t.Fatal(diff)
			}
		} else if len(announced) <= maxAnnounced {
			t.Fatal("everything was forgotten for a few")
		}
	})
}

func TestAnAnnouncementThatCannotBeReadForgetsEverything(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"x", "zz", strings.Repeat("a", 31), strings.Repeat("A", 32), strings.Repeat("a", 33)} {
		got := &heard{}
		if err := Tell(text, got); err == nil || got.all != 1 || len(got.subjects) > 0 {
			t.Errorf("%q: %v, %+v", text, err, got)
		}
	}
}

func TestAChangeThatVerifiersMustHearIsNotMadeAlone(t *testing.T) {
	t.Parallel()
	s, statements := (&engine{}).store(t), 0
	s.Watched(func(context.Context, string) error { statements++; return nil })
	err := s.Alone(t.Context(), func(tx ports.Tx) error {
		_, err := tx.Sessions().RemoveAll(t.Context(), account.ID{1}, session.ID{})
		return err
	})
	if !errors.Is(err, errUnannounced) || statements != 0 {
		t.Errorf("%d statements ran, and the answer is %v", statements, err)
	}
}

// verified are the tables from which a credential's answer is made.
var verified = regexp.MustCompile(`(?:UPDATE|DELETE FROM) (accounts|organizations|memberships|projects|environments|environment_keys|sessions|account_keys|key_digests)\b`)

// unannounced are the changes that no verifier has to hear of, and why.
var unannounced = map[string]string{
	"touch":              "times of use are no part of an answer",
	"accountKeys.Touch":  "times of use are no part of an answer",
	"accounts.LoggedIn":  "the time of a login is read where it is shown, and a fresh hash is one of the same password",
	"keyIndex.Sweep":     "what has ended is refused by its times",
	"accountKeys.Sweep":  "what has run out is refused by its time",
	"rotate":             "a session that seems to have ended is read again",
	"sessions.Sweep":     "what has run out is refused by its time",
	"lockOrganization":   "the version is no part of an answer",
	"invariants":         "Mend announces",
	"invitations.Add":    "an invitation opens nothing",
	"invitations.Save":   "an invitation opens nothing",
	"invitations.Accept": "that somebody is no member is never remembered",
	"invitations.Remove": "an invitation opens nothing",

	"memberships.Sweep": "an invitation opens nothing",
}

// A change that nobody hears of leaves a revoked credential good for as long as
// answers are kept.
func TestEveryChangeThatVerifiersMustHearIsAnnounced(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for name, body := range functions(t) {
		if !verified.MatchString(body) {
			continue
		}
		seen[name] = true
		_, excused := unannounced[name]
		if announces := strings.Contains(body, "announce(") || strings.Contains(body, "announceAnything("); announces == excused {
			t.Errorf("%s: announces %v, excused %v", name, announces, excused)
		}
	}
	for name := range unannounced {
		if !seen[name] {
			t.Errorf("%s is excused and changes nothing", name)
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d changes were found", len(seen))
	}
}

// functions are the texts of this package's functions and constants, by
// receiver and name.
func functions(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		source, err := os.ReadFile(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, entry.Name(), source, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			name := nameOf(d)
			texts[name] += string(source[files.Position(d.Pos()).Offset:files.Position(d.End()).Offset])
		}
	}
	return texts
}

func nameOf(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return d.Name.Name
		}
		receiver := d.Recv.List[0].Type
		if pointer, ok := receiver.(*ast.StarExpr); ok {
			receiver = pointer.X
		}
		return receiver.(*ast.Ident).Name + "." + d.Name.Name //nolint:forcetypeassert // methods of this package have plain receivers
	case *ast.GenDecl:
		if i := slices.IndexFunc(d.Specs, func(s ast.Spec) bool { _, ok := s.(*ast.ValueSpec); return ok }); i >= 0 {
			return d.Specs[i].(*ast.ValueSpec).Names[0].Name //nolint:forcetypeassert // just asked
		}
	}
	return ""
}
