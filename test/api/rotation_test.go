package api

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// rotated is a key that was rotated, and its successor.
type rotated struct{ oldKey, oldID, newKey, newID string }

func rotate(t *testing.T, by harness.Person, environment string, overlap any, key ...M) rotated {
	t.Helper()
	r := rotated{}
	r.oldKey, r.oldID = by.NewKey(t, environment, key...)
	made := by.Post("/v1/api-keys/"+r.oldID+"/rotate", M{"overlap_seconds": overlap}).Want(201)
	r.newKey, r.newID = made.Text("key"), made.Text("id")
	return r
}

// rotation is what a key shows of its rotation.
func rotation(c *harness.Client, id string) *harness.Response {
	return c.Get("/v1/api-keys/" + id).Want(200).At("rotation")
}

func TestASuccessorHasTheSameRightsAndASecretOfItsOwn(t *testing.T) {
	harness.ForEachEngineAlone(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		secret, id := stage.Owner.NewKey(t, stage.Staging, M{"name": "Shop", "type": "client", "scopes": []string{"b", "a"}, "expires_at": "2099-12-31T00:00:00Z"})
		old := stage.Owner.Get("/v1/api-keys/" + id).Want(200).Object()
		before := time.Now()
		made := stage.Admin.Post("/v1/api-keys/"+id+"/rotate", M{}).Want(201)
		successor, key := made.Text("id"), made.Text("key")
		want := changed(old, M{"id": successor, "key": key, "key_prefix": made.Text("key_prefix"), "created_by": stage.Admin.ID, "created_at": made.Text("created_at"), "rotation": nil})
		if diff := cmp.Diff(want, made.Object()); diff != "" || key == secret || successor == id {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
		for _, k := range []string{secret, key} {
			s.Client(t).Key(k).Get("/v1/sdk/authorize?environment=staging&scope=a").Want(204)
		}
		shown := rotation(stage.Viewer.Client, id)
		wantRotation := M{
			"predecessor_id": nil, "successor_id": "ID", "ends_at": "TIME", "uses": 1.0, "last_used_at": "TIME", "safe_to_revoke": false,
			"callers": []any{M{"address": shown.Value("callers.0.address"), "user_agent": shown.Value("callers.0.user_agent"), "uses": 1.0, "last_used_at": "TIME"}},
		}
		if diff := cmp.Diff(any(wantRotation), shape(shown.Object())); diff != "" || shown.Text("successor_id") != successor {
			t.Errorf("the old key's rotation (-want +got):\n%s", diff)
		}
		if in := shown.Time("ends_at").Sub(before); in < 24*time.Hour-time.Second || in > 24*time.Hour+time.Minute {
			t.Errorf("the old key ends in %s", in)
		}
		wantNew := M{"predecessor_id": id, "successor_id": nil, "ends_at": nil, "uses": 0.0, "callers": []any{}, "last_used_at": nil, "safe_to_revoke": false}
		if diff := cmp.Diff(wantNew, rotation(stage.Viewer.Client, successor).Object()); diff != "" {
			t.Errorf("the successor's rotation (-want +got):\n%s", diff)
		}
		if entry := stage.Admin.Get("/v1/audit?action=key.rotated").Want(200); entry.Value("0.resource_id") != id || entry.Value("0.metadata.successor_id") != successor || entry.Value("0.before_state.ends_at") != nil {
			t.Errorf("the audit says %s", entry.Body)
		}
	})
}

func TestARotatedKeyEndsWithTheOverlap(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		at := rotate(t, stage.Owner, stage.Dev, 0)
		s.Client(t).Key(at.oldKey).Get("/v1/sdk/environment").Refused(401, "KEY_REVOKED")
		s.Client(t).Key(at.newKey).Get("/v1/sdk/environment").Want(200)
		soon := rotate(t, stage.Owner, stage.Dev, 2)
		ends := rotation(stage.Owner.Client, soon.oldID).Time("ends_at")
		for time.Now().Before(ends) {
			if answer := s.Client(t).Key(soon.oldKey).Get("/v1/sdk/authorize"); time.Now().Before(ends) {
				answer.Want(204)
			}
		}
		s.Client(t).Key(soon.oldKey).Get("/v1/sdk/authorize").Refused(401, "KEY_REVOKED")
		s.Client(t).Key(soon.newKey).Get("/v1/sdk/authorize").Want(204)
		verdict := s.Client(t).Bearer(harness.AdminToken).Post("/v1/keys/verify", M{"key": soon.oldKey}).Want(200)
		if verdict.Text("code") != "REVOKED" {
			t.Errorf("the verdict is %s", verdict.Body)
		}
		if described := stage.Owner.Get("/v1/api-keys/" + soon.oldID).Want(200); described.Value("revoked_at") != nil || described.Value("rotation.safe_to_revoke") != false {
			t.Errorf("it is described as %s", described.Body)
		}
	})
}

func TestAnEarlierExpiryOfARotatedKeyCounts(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		ends := time.Now().Add(2 * time.Second).Truncate(time.Millisecond).UTC()
		r := rotate(t, stage.Owner, stage.Dev, 3600, M{"expires_at": ends.Format(time.RFC3339Nano)})
		if at := rotation(stage.Owner.Client, r.oldID).Time("ends_at"); !at.Equal(ends) {
			t.Errorf("it ends at %s, not at %s", at, ends)
		}
		<-time.After(time.Until(ends))
		for _, key := range []string{r.oldKey, r.newKey} {
			s.Client(t).Key(key).Get("/v1/sdk/environment").Refused(401, "KEY_EXPIRED")
		}
		stage.Owner.Post("/v1/api-keys/"+r.newID+"/rotate", nil).Refused(409, "KEY_ENDED")
	})
}

func TestAKeyIsRotatedOnceAndOnlyWhileItIsGood(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		r := rotate(t, stage.Owner, stage.Dev, 60)
		again := func(id string) *harness.Response { return stage.Owner.Post("/v1/api-keys/"+id+"/rotate", nil) }
		again(r.oldID).Refused(409, "KEY_ROTATED")
		third := again(r.newID).Want(201)
		if shown := rotation(stage.Owner.Client, r.newID); shown.Text("predecessor_id") != r.oldID || shown.Text("successor_id") != third.Text("id") {
			t.Errorf("the one in the middle is %s", shown.Body)
		}
		stage.Owner.Delete("/v1/api-keys/" + third.Text("id")).Want(204)
		again(third.Text("id")).Refused(409, "KEY_ENDED")
		again(r.newID).Refused(409, "KEY_ROTATED") // its end stays what it was
		s.Client(t).Key(r.newKey).Get("/v1/sdk/environment").Want(200)
		stage.Owner.Delete("/v1/api-keys/" + r.newID).Want(204)
		s.Client(t).Key(r.newKey).Get("/v1/sdk/environment").Refused(401, "KEY_REVOKED")
		s.Client(t).Key(r.oldKey).Get("/v1/sdk/environment").Want(200)
		for _, overlap := range []any{-1, 2_592_001, 1 << 62, 1.5, "60", true, []int{1}, nil} {
			_, id := stage.Owner.NewKey(t, stage.Dev)
			stage.Owner.Post("/v1/api-keys/"+id+"/rotate", M{"overlap_seconds": overlap}).Refused(400, "VALIDATION_FAILED").Names("overlap_seconds")
		}
		_, id := stage.Owner.NewKey(t, stage.Dev)
		stage.Owner.Post("/v1/api-keys/"+id+"/rotate", M{"overlap_seconds": 2_592_000, "name": "X"}).Refused(400, "VALIDATION_FAILED").Names("name")
		stage.Owner.Post("/v1/api-keys/"+id+"/rotate", M{"overlap_seconds": 2_592_000}).Want(201)
	})
}

func TestOfRotationsAtOnceExactlyOneWins(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		for range 3 {
			_, id := stage.Owner.NewKey(t, stage.Staging)
			answers := simultaneously(8, func(int) *harness.Response {
				return stage.Admin.Post("/v1/api-keys/"+id+"/rotate", M{"overlap_seconds": 60})
			})
			for _, a := range answers {
				if a.Status != 201 {
					a.Refused(409, "KEY_ROTATED")
				}
			}
			if n := tally(answers); n[201] != 1 {
				t.Errorf("the answers are %v", n)
			}
		}
		if n := len(stage.Owner.Get("/v1/environments/" + stage.Staging + "/api-keys").Want(200).List()); n != 6 {
			t.Errorf("there are %d keys, not 6", n)
		}
	})
}

func TestUsesOfARotatedKeyAreCountedByCaller(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, harness.Alone)
		ada := s.Register(t)
		secret, id := ada.NewKey(t, ada.Dev)
		sdk := s.Client(t).Key(secret)
		sdk.At("203.0.113.9").Get("/v1/sdk/environment").Want(200) // before it is rotated
		ada.Post("/v1/api-keys/"+id+"/rotate", nil).Want(201)
		use := func(c *harness.Client) { c.Get("/v1/sdk/authorize").Want(204) }
		for range 3 {
			use(sdk.At("203.0.113.1").With("User-Agent", "shop/1"))
		}
		use(sdk.At("203.0.113.1").With("User-Agent", "shop/2"))
		use(sdk.At("203.0.113.2").With("User-Agent", repeat("a", 1000)))
		sdk.At("203.0.113.3").Get("/v1/sdk/authorize?scope=none").Refused(403, "INSUFFICIENT_SCOPE")
		s.Client(t).At("203.0.113.4").With("User-Agent", "backend/1").Bearer(harness.AdminToken).Post("/v1/keys/verify", M{"key": secret}).Want(200)
		want := map[string]float64{"203.0.113.1 shop/1": 3, "203.0.113.1 shop/2": 1, "203.0.113.2 " + repeat("a", 256): 1, "203.0.113.4 backend/1": 1}
		check := func(when string, total float64) {
			t.Helper()
			shown := rotation(ada.Client, id)
			got := map[string]float64{}
			for _, item := range shown.Value("callers").([]any) {
				caller := item.(M)
				got[caller["address"].(string)+" "+caller["user_agent"].(string)] = caller["uses"].(float64)
			}
			if diff := cmp.Diff(want, got); diff != "" || shown.Value("uses") != total {
				t.Errorf("%s there were %v uses (-want +got):\n%s", when, shown.Value("uses"), diff)
			}
			if at := shown.Time("last_used_at"); time.Since(at) > time.Minute {
				t.Errorf("%s the last was at %s", when, at)
			}
		}
		check("at once", 6)
		s = s.Restart(t)
		ada.Client = s.Client(t).Bearer(ada.AccessToken)
		check("after a restart", 6)
		use(s.Client(t).Key(secret).At("203.0.113.1").With("User-Agent", "shop/1"))
		want["203.0.113.1 shop/1"]++
		check("later", 7)
	})
}

func TestCallersOfARotatedKeyAreBounded(t *testing.T) {
	harness.ForEachEngineAlone(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		r := rotate(t, stage.Owner, stage.Dev, 600)
		const callers = 70
		for i := range callers {
			s.Client(t).Key(r.oldKey).With("User-Agent", repeat("x", i+1)).Get("/v1/sdk/authorize").Want(204)
		}
		shown := rotation(stage.Viewer.Client, r.oldID)
		list := shown.Value("callers").([]any)
		others := 0.0
		for _, item := range list {
			if caller := item.(M); caller["address"] == nil && caller["user_agent"] == nil {
				others = caller["uses"].(float64)
			}
		}
		if len(list) != 51 || others != callers-50 || shown.Value("uses") != float64(callers) {
			t.Errorf("%d callers, %v uses by others, %v uses", len(list), others, shown.Value("uses"))
		}
	})
}

func TestAdviceToRevokeComesWhenTheSuccessorTookOver(t *testing.T) {
	harness.ForEachEngineAlone(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		r := rotate(t, stage.Owner, stage.Dev, 86400)
		safe := func(when string, want bool) {
			t.Helper()
			if got := rotation(stage.Owner.Client, r.oldID).Value("safe_to_revoke"); got != want {
				t.Errorf("%s: safe_to_revoke is %v", when, got)
			}
		}
		safe("nobody has the successor yet", false)
		s.Client(t).Key(r.newKey).Get("/v1/sdk/environment").Want(200)
		safe("the successor is used, the old key never was", true)
		s.Client(t).Key(r.oldKey).Get("/v1/sdk/environment").Want(200)
		safe("the old key was used again", false)
		s.Client(t).Key(r.newKey).Get("/v1/sdk/environment").Want(200)
		safe("the old key was used a moment ago", false)
		stage.Owner.Delete("/v1/api-keys/" + r.oldID).Want(204) // advice is no obstacle
		s.Client(t).Key(r.oldKey).Get("/v1/sdk/environment").Refused(401, "KEY_REVOKED")
		safe("it is revoked", false)

		r = rotate(t, stage.Owner, stage.Dev, 86400)
		s.Client(t).Key(r.newKey).Get("/v1/sdk/environment").Want(200)
		stage.Owner.Delete("/v1/api-keys/" + r.newID).Want(204)
		safe("the successor is revoked", false)
	})
}

func TestARotationGoesWithItsEnvironment(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		r := rotate(t, stage.Owner, stage.Dev, 600)
		s.Client(t).Key(r.oldKey).Get("/v1/sdk/environment").Want(200)
		stage.Owner.Delete("/v1/environments/" + stage.Dev).Want(204)
		for _, key := range []string{r.oldKey, r.newKey} {
			s.Client(t).Key(key).Get("/v1/sdk/environment").Refused(401, "INVALID_KEY")
		}
		for _, table := range []string{"key_rotations", "key_callers", "environment_keys"} {
			if n := s.Count(t, "SELECT count(*) FROM "+table+" WHERE organization_id = $1", stage.Organization); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

func TestAKeyBelongsToTheOrganizationWhateverBecomesOfWhoMadeIt(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for name, fate := range map[string]func(stage harness.Stage, maker harness.Person){
			"demoted": func(stage harness.Stage, maker harness.Person) {
				stage.Owner.Patch("/v1/members/"+member(t, stage.Owner, maker.Email), M{"role": "viewer"}).Want(204)
			},
			"removed": func(stage harness.Stage, maker harness.Person) {
				stage.Owner.Delete("/v1/members/" + member(t, stage.Owner, maker.Email)).Want(204)
			},
			"disabled": func(_ harness.Stage, maker harness.Person) {
				operate(t, s).Patch("/v1/admin/accounts/"+maker.ID, M{"disabled": true}).Want(200)
			},
			"deleted": func(_ harness.Stage, maker harness.Person) {
				operate(t, s).Delete("/v1/admin/accounts/"+maker.ID, M{"delete_organizations": true}).Want(204)
			},
		} {
			stage, maker := s.Stage(t), s.Register(t)
			s.Join(t, stage.Organization, maker.ID, "admin")
			maker.Client = maker.In(stage.Organization)
			r := rotate(t, maker, stage.Dev, 600)
			own := maker.Without("X-Organization-ID").Post("/v1/auth/keys", M{"name": "Own"}).Want(201).Text("key")
			fate(stage, maker)
			for _, key := range []string{r.oldKey, r.newKey} {
				if got := s.Client(t).Key(key).Get("/v1/sdk/authorize"); got.Status != 204 {
					t.Errorf("%s: the environment's key is %d", name, got.Status)
				}
			}
			if got := s.Client(t).Bearer(own).In(stage.Organization).Post("/v1/api-keys/"+r.newID+"/rotate", nil); got.Status/100 != 4 || got.Status == 409 {
				t.Errorf("%s: the account's key still rotates: %d", name, got.Status)
			}
			stage.Admin.Post("/v1/api-keys/"+r.newID+"/rotate", nil).Want(201)
		}
	})
}
