package jwt_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/adapters/jwt"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/session"
)

func TestATokenThatWasGoodIsJudgedByTheTimeAgain(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, tokens *jwt.Tokens) {
		token := sign(t, tokens, claims())
		for range 3 {
			if _, err := tokens.Verify(token, now.Add(time.Minute)); err != nil {
				t.Errorf("while it lives: %v", err)
			}
			for _, at := range []time.Time{now.Add(time.Hour), now.Add(-time.Minute)} {
				if _, err := tokens.Verify(token, at); !errors.Is(err, session.ErrInvalidToken) {
					t.Errorf("at %v: %v", at, err)
				}
			}
		}
	})
}

func TestWhatOneCallerDoesToTheClaimsNoOtherSees(t *testing.T) {
	t.Parallel()
	tokens := open(t, signedBySecret())
	token := sign(t, tokens, claims())
	for range 3 {
		got, err := tokens.Verify(token, now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(claims(), got); diff != "" {
			t.Fatal(diff)
		}
		*got.OrganizationID = organization.ID{}
	}
}

// More tokens than are remembered, by several callers at once.
func TestManyTokensAreToldApart(t *testing.T) {
	t.Parallel()
	tokens := open(t, signedBySecret())
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 3000 {
				want := claims()
				want.TokenID = fmt.Sprint(worker, i)
				token := sign(t, tokens, want)
				for range 2 {
					if got, err := tokens.Verify(token, now); err != nil || got.TokenID != want.TokenID {
						t.Errorf("%s is read as %s (error %v)", want.TokenID, got.TokenID, err)
					}
				}
			}
		})
	}
	group.Wait()
}
