package api

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// crowded is a stage with six of everything that is listed.
func crowded(t *testing.T, s *harness.Server) (stage harness.Stage, lists []string) {
	t.Helper()
	stage = s.Stage(t)
	ada := s.Register(t)
	stage.Owner, stage.Organization = ada, ada.Organization
	stage.Project, stage.Dev = ada.Project, ada.Dev
	for i := range 6 {
		name := M{"name": fmt.Sprintf("%c%d", 'z'-i, i)} // so that no order by name passes for one by age
		ada.Post("/v1/projects", name).Want(201)
		ada.Post("/v1/projects/"+ada.Project+"/environments", name).Want(201)
		ada.Post("/v1/environments/"+ada.Dev+"/api-keys", name).Want(201)
		ada.Post("/v1/organizations", name).Want(201)
		ada.Login(t)
	}
	return stage, []string{
		"/v1/projects", "/v1/projects/" + ada.Project + "/environments", "/v1/environments/" + ada.Dev + "/api-keys",
		"/v1/organizations", "/v1/auth/organizations", "/v1/auth/users/" + ada.ID + "/organizations", "/v1/auth/sessions",
	}
}

func TestAListIsReadToItsEndPageByPage(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, lists := crowded(t, s)
		for _, path := range lists {
			whole := stage.Owner.Get(path).Want(200)
			if whole.Next() != "" {
				t.Errorf("%s: a page that holds all has a next one", path)
			}
			want := whole.List()
			if created := texts(want, "created_at"); !slices.IsSorted(created) {
				t.Errorf("%s: the order is %v", path, created)
			}
			for limit, pages := range map[int]int{1: len(want), 2: (len(want) + 1) / 2, len(want): 1, 100: 1} {
				items, n := follow(t, stage.Owner.Client, fmt.Sprintf("%s?limit=%d", path, limit))
				if diff := cmp.Diff(want, items); diff != "" || n != pages {
					t.Errorf("%s by %d: %d pages, want %d; (-whole +pages):\n%s", path, limit, n, pages, diff)
				}
			}
		}
	})
}

func TestAListGrowsAndShrinksBetweenItsPages(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, _ := crowded(t, s)
		first := stage.Owner.Get("/v1/projects?limit=3").Want(200)
		stage.Owner.Delete("/v1/projects/"+first.List()[2]["id"].(string), M{"confirm": first.List()[2]["slug"]}).Want(204)
		late := stage.Owner.Post("/v1/projects", M{"name": "Late"}).Want(201).Text("id")
		rest, _ := follow(t, stage.Owner.Client, first.Next())
		seen := append(texts(first.List(), "id"), texts(rest, "id")...)
		if len(slices.Compact(slices.Sorted(slices.Values(seen)))) != len(seen) || !slices.Contains(seen, late) || len(seen) != 8 {
			t.Errorf("%d ids: %v", len(seen), seen)
		}
	})
}

func TestACursorBelongsToItsListAndItsOrganization(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, lists := crowded(t, s)
		other, otherLists := crowded(t, s)
		cursorOf := func(who harness.Person, path string) string {
			t.Helper()
			next, err := url.Parse(who.Get(path + "?limit=2").Want(200).Next())
			if err != nil || next.Query().Get("after") == "" {
				t.Fatalf("%s has no cursor: %v", path, err)
			}
			return next.Query().Get("after")
		}
		use := func(path, cursor string) *harness.Response {
			return stage.Owner.Get(path + "?after=" + url.QueryEscape(cursor))
		}
		for i, path := range lists {
			own := cursorOf(stage.Owner, path)
			use(path, own).Want(200)
			for j, elsewhere := range lists {
				if i != j {
					use(elsewhere, own).Refused(400, "INVALID_CURSOR")
				}
			}
			use(path, cursorOf(other.Owner, otherLists[i])).Refused(400, "INVALID_CURSOR")
			raw, err := base64.RawURLEncoding.DecodeString(own)
			if err != nil {
				raw = []byte(own) // opaque: another form is as good
			}
			flipped := slices.Clone(raw)
			flipped[len(flipped)/3] ^= 1
			for _, forged := range []string{
				base64.RawURLEncoding.EncodeToString(flipped), own[:len(own)-1], own + "A", swapCase(own, len(own)/2), own + "=", own + own, " " + own, own + "\n",
				"x", randomID(), "'; DROP TABLE projects; --", "0", "-1", "null", repeat("A", 5000), "\x00", "..", encode(M{"id": randomID()}), strings.ToUpper(own),
			} {
				r := use(path, forged)
				if r.Status != 400 || r.Code() != "INVALID_CURSOR" && r.Code() != "VALIDATION_FAILED" {
					t.Errorf("%s after %.40q: %d %s", path, forged, r.Status, r.Code())
				}
			}
		}
	})
}

func TestALimitHasBounds(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		lists := []string{
			"/v1/projects", "/v1/projects/" + stage.Project + "/environments", "/v1/environments/" + stage.Dev + "/api-keys",
			"/v1/organizations", "/v1/auth/organizations", "/v1/auth/users/" + stage.Owner.ID + "/organizations", "/v1/auth/sessions",
		}
		for _, path := range lists {
			for _, limit := range []string{"0", "101", "-1", "abc", "1.5", "1e1", "9223372036854775808", "0x10", "%20", "1,2", "٣"} {
				stage.Owner.Get(path+"?limit="+limit).Refused(400, "VALIDATION_FAILED").Names("limit")
			}
			for _, limit := range []string{"1", "100"} {
				stage.Owner.Get(path + "?limit=" + limit).Want(200)
			}
			for _, unknown := range []string{"org_id=" + s.Cast(t).Outsider.Organization, "project_id=" + randomID(), "created_by=" + randomID(), "Limit=1", "offset=1", "q=%25"} {
				name, _, _ := strings.Cut(unknown, "=")
				stage.Owner.Get(path+"?"+unknown).Refused(400, "VALIDATION_FAILED").Names(name)
			}
			stage.Owner.Get(path+"?limit=1&limit=2").Refused(400, "VALIDATION_FAILED").Names("limit")
			stage.Owner.Get(path+"?limit=%zz").Refused(400, "VALIDATION_FAILED")
		}
	})
}
