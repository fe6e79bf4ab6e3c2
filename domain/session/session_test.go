package session_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
)

var (
	start  = time.Date(2026, 3, 29, 0, 59, 59, 999_999_000, time.UTC)
	policy = session.Policy{
		AccessTTL: time.Hour, RefreshTTL: 168 * time.Hour, MaxAge: 720 * time.Hour, Grace: 10 * time.Second,
		FreshFor: 10 * time.Minute,
	}
)

const instant = time.Microsecond

func TestANewSessionIsFreshAndLivesForOneRefreshTTL(t *testing.T) {
	s := session.Session{Counter: 1, Address: "192.0.2.1"}.Begin(start, policy)
	want := session.Session{
		Counter: 1, Address: "192.0.2.1", CreatedAt: start, RotatedAt: start, AuthenticatedAt: start, LastUsedAt: start,
		ExpiresAt: start.Add(policy.RefreshTTL),
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("Begin (-want +got):\n%s", diff)
	}
	short := policy
	short.MaxAge = time.Minute
	if got := (session.Session{}).Begin(start, short).ExpiresAt; !got.Equal(start.Add(time.Minute)) {
		t.Errorf("a session of at most a minute ends at %v", got)
	}
}

func TestASessionEndsAtTheInstant(t *testing.T) {
	s := session.Session{}.Begin(start, policy)
	if s.Ended(s.ExpiresAt.Add(-instant)) || !s.Ended(s.ExpiresAt) || !s.Ended(s.ExpiresAt.Add(instant)) {
		t.Error("a session ends at ExpiresAt, not before and not after")
	}
}

func TestAProvenPasswordIsFreshForAWhile(t *testing.T) {
	s := session.Session{Counter: 1}.Begin(start, policy)
	end := start.Add(policy.FreshFor)
	if !s.Fresh(start, policy) || !s.Fresh(end.Add(-instant), policy) || s.Fresh(end, policy) {
		t.Error("a session is fresh until FreshFor has passed, and no longer")
	}
	refreshed, outcome := s.Refresh(1, end, policy)
	if outcome != session.Rotated || refreshed.Fresh(end, policy) {
		t.Error("a refresh passed for a proof of the password")
	}
}

func TestWhatPresentingARefreshTokenComesTo(t *testing.T) {
	rotated := session.Session{Counter: 7}.Begin(start, policy)
	grace := start.Add(policy.Grace)
	tests := []struct {
		name    string
		counter int64
		now     time.Time
		want    session.Outcome
	}{
		{"the current one", 7, start, session.Rotated},
		{"the current one, long after", 7, start.Add(100 * time.Hour), session.Rotated},
		{"the previous one at once", 6, start, session.Repeated},
		{"the previous one at the end of the grace", 6, grace.Add(-instant), session.Repeated},
		{"the previous one after the grace", 6, grace, session.Reused},
		{"the one before the previous, at once", 5, start, session.Reused},
		{"the first one", 1, start, session.Reused},
		{"one that was never given out", 8, start, session.Reused},
		{"nonsense", -1, start, session.Reused},
	}
	for _, test := range tests {
		got, outcome := rotated.Refresh(test.counter, test.now, policy)
		if outcome != test.want {
			t.Errorf("%s: outcome %d, want %d", test.name, outcome, test.want)
			continue
		}
		want := rotated
		if test.want == session.Rotated {
			want.Counter, want.RotatedAt, want.LastUsedAt = 8, test.now, test.now
			want.ExpiresAt = test.now.Add(policy.RefreshTTL)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestWithoutAGraceAPreviousTokenIsAlwaysReuse(t *testing.T) {
	strict := policy
	strict.Grace = 0
	s := session.Session{Counter: 2}.Begin(start, strict)
	if _, outcome := s.Refresh(1, start, strict); outcome != session.Reused {
		t.Errorf("outcome %d", outcome)
	}
}

func TestAKeptTokenServesUntilTheSessionEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := session.Session{Counter: session.FirstCounter, Terms: session.Terms{KeepsRefresh: true}}.Begin(start, policy)
		now := start
		for range rapid.IntRange(1, 20).Draw(t, "refreshes") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(policy.RefreshTTL)).Draw(t, "wait")))
			if s.Ended(now) {
				return
			}
			if rapid.Bool().Draw(t, "switch") {
				s = s.Switch(organization.ID{1}, now, policy)
			}
			after, outcome := s.Refresh(session.FirstCounter, now, policy)
			if outcome != session.Kept || after.Counter != session.FirstCounter || !after.LastUsedAt.Equal(now) {
				t.Fatalf("a refresh at %v came to %v, counter %d", now, outcome, after.Counter)
			}
			if after.ExpiresAt.After(start.Add(policy.MaxAge)) {
				t.Fatalf("the session ends at %v", after.ExpiresAt)
			}
			s = after
		}
		if _, outcome := s.Refresh(session.FirstCounter+1, now, policy); outcome != session.Reused {
			t.Fatalf("a token that was never given out came to %v", outcome)
		}
	})
}

func TestAnAccessTokenLivesAsTheSessionWasPromised(t *testing.T) {
	for name, test := range map[string]struct {
		terms session.Terms
		at    time.Duration // of the session's life
		want  time.Duration
	}{
		"without terms":                 {session.Terms{}, 0, time.Hour},
		"with a day":                    {session.Terms{AccessTTL: 24 * time.Hour}, time.Hour, 25 * time.Hour},
		"with a day, near the end":      {session.Terms{AccessTTL: 24 * time.Hour}, 167 * time.Hour, 168 * time.Hour},
		"without terms, near the end":   {session.Terms{}, 167*time.Hour + 30*time.Minute, 168 * time.Hour},
		"with terms of the token alone": {session.Terms{KeepsRefresh: true}, 0, time.Hour},
	} {
		s := session.Session{Terms: test.terms}.Begin(start, policy)
		if got, want := s.AccessEnds(start.Add(test.at), policy), start.Add(test.want).Truncate(time.Second); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestNoRefreshKeepsASessionBeyondItsMaximalAge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := session.Session{Counter: 1}.Begin(start, policy), start
		for range rapid.IntRange(1, 20).Draw(t, "refreshes") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(policy.RefreshTTL)).Draw(t, "wait")))
			if s.Ended(now) {
				return
			}
			before := s.ExpiresAt
			s, _ = s.Refresh(s.Counter, now, policy)
			if s.ExpiresAt.After(start.Add(policy.MaxAge)) || s.ExpiresAt.Before(before) {
				t.Fatalf("after a refresh at %v the session ends at %v", now, s.ExpiresAt)
			}
		}
	})
}

// Whoever presents whatever and whenever: only one counter ever moves the
// session on, all that is handed out is of that one lineage, and a token that
// is no longer the previous one ends it.
func TestASessionHasAtMostOneLiveLineage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := session.Session{Counter: 1}.Begin(start, policy), start
		handedOut := []int64{1}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 2*int64(policy.Grace)).Draw(t, "wait")))
			presented := rapid.SampledFrom(handedOut).Draw(t, "presented")
			after, outcome := s.Refresh(presented, now, policy)
			switch outcome {
			case session.Rotated:
				if presented != s.Counter || after.Counter != presented+1 {
					t.Fatalf("%d moved the session from %d to %d", presented, s.Counter, after.Counter)
				}
				handedOut = append(handedOut, after.Counter)
			case session.Repeated:
				if presented != s.Counter-1 || after != s || now.Sub(s.RotatedAt) >= policy.Grace {
					t.Fatalf("%d was repeated while %d is current since %v", presented, s.Counter, now.Sub(s.RotatedAt))
				}
			case session.Reused:
				if presented == s.Counter || presented == s.Counter-1 && now.Sub(s.RotatedAt) < policy.Grace {
					t.Fatalf("%d counts as stolen while %d is current", presented, s.Counter)
				}
				return // the caller ends the session
			}
			s = after
			if len(handedOut) != int(s.Counter) {
				t.Fatalf("%d tokens were handed out, the counter is %d", len(handedOut), s.Counter)
			}
		}
	})
}

func TestTwoTabsThatSwitchAtOnceBothGoOn(t *testing.T) {
	begun := session.Session{Counter: session.FirstCounter}.Begin(start, policy)
	one, other := organization.ID{1}, organization.ID{2}

	once := begun.Switch(one, start.Add(time.Second), policy)
	if once.Counter != begun.Counter+1 || *once.OrganizationID != one {
		t.Errorf("a switch moved from %d to %d, into %v", begun.Counter, once.Counter, once.OrganizationID)
	}
	twice := once.Switch(other, start.Add(2*time.Second), policy)
	if twice.Counter != once.Counter || *twice.OrganizationID != other {
		t.Errorf("a second switch within the grace moved from %d to %d, into %v", once.Counter, twice.Counter, twice.OrganizationID)
	}
	if _, outcome := twice.Refresh(begun.Counter, start.Add(3*time.Second), policy); outcome != session.Repeated {
		t.Errorf("the token from before both switches came to %v", outcome)
	}
	if later := twice.Switch(one, start.Add(time.Minute), policy); later.Counter != twice.Counter+1 {
		t.Errorf("a switch after the grace moved from %d to %d", twice.Counter, later.Counter)
	}
}
