package races

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
)

// deletions are things that are deleted while others make something in them.
var deletions = []race{
	{"a project in which environments and keys are made", emptiedProject},
	{"an environment in which keys are made and rotated", emptiedEnvironment},
	{"an organization that people join and build in", emptiedOrganization},
}

func TestNothingIsLeftOfWhatIsMadeInWhatIsDeleted(t *testing.T) {
	onEachFleet(t, func(t *testing.T, f *fleet) {
		f.play(t, "orphans of what was deleted while it was built in", 30, deletions)
	})
}

// gone fails the test unless the path is 404 at every server, and each key is
// refused there within the published second.
func (f *fleet) gone(t *testing.T, organization string, secrets []string, paths ...string) {
	t.Helper()
	for _, s := range f.servers {
		for _, path := range paths {
			if r := s.Client(t).Bearer(f.cast[0].AccessToken).In(organization).Get(path); r.Status != http.StatusNotFound {
				t.Errorf("%s is answered %d", path, r.Status)
			}
		}
		for _, secret := range secrets {
			for begin := time.Now(); ; <-time.After(20 * time.Millisecond) {
				if s.Client(t).Key(secret).Get("/v1/sdk/authorize").Status == http.StatusUnauthorized {
					break
				}
				if time.Since(begin) > time.Second {
					t.Error("a key opens what was deleted a second ago")
					break
				}
			}
		}
	}
}

// made collects what the answers of a round show of new things.
func made(answers []*harness.Response, collection string) (paths, secrets []string) {
	for _, place := range winners(answers, 201) {
		o := answers[place].Object()
		if id, isText := o["id"].(string); isText {
			if secret, isKey := o["key"].(string); isKey {
				secrets = append(secrets, secret)
				paths = append(paths, "/v1/api-keys/"+id)
			} else {
				paths = append(paths, collection+id)
			}
		}
	}
	return paths, secrets
}

func (f *fleet) none(t *testing.T, queries ...string) {
	t.Helper()
	for _, query := range queries {
		if n := f.count(t, query); n > 0 {
			t.Errorf("%s: %d", query, n)
		}
	}
}

const (
	environmentsWithoutProject = "SELECT count(*) FROM environments e LEFT JOIN projects p ON p.organization_id = e.organization_id AND p.id = e.project_id WHERE p.id IS NULL"
	keysWithoutEnvironment     = "SELECT count(*) FROM environment_keys k LEFT JOIN environments e ON e.organization_id = k.organization_id AND e.id = k.environment_id WHERE e.id IS NULL"
	projectsWithoutParent      = "SELECT count(*) FROM projects p LEFT JOIN organizations o ON o.id = p.organization_id WHERE o.id IS NULL"
	digestsWithoutKey          = "SELECT count(*) FROM key_digests d LEFT JOIN environment_keys k ON k.organization_id = d.organization_id AND k.id = d.key_id WHERE k.id IS NULL"
)

func emptiedProject(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	owner := f.cast[0]
	return func(t *testing.T) {
		p := owner.For(t).In(o.organization).Post("/v1/projects", M{"name": "Short " + harness.Unique()}).Want(201)
		path := "/v1/projects/" + p.Text("id")
		dev := owner.For(t).In(o.organization).Get(path + "/environments").Want(200).Text("0.id")
		answers := f.meet(t, each(crowd, func(i int) ask {
			switch {
			case i%7 == 6:
				return by(owner, o.organization, http.MethodDelete, path, M{"confirm": p.Text("slug")})
			case i%2 == 0:
				return by(owner, o.organization, http.MethodPost, path+"/environments", M{"name": fmt.Sprint("Preview ", i)})
			}
			return by(owner, o.organization, http.MethodPost, "/v1/environments/"+dev+"/api-keys", M{"name": fmt.Sprint("Key ", i)})
		}))
		only(t, answers, "201", "204", "404 NOT_FOUND")
		if n := len(winners(answers, 204)); n != 1 {
			t.Errorf("the project was deleted %d times", n)
		}
		paths, secrets := made(answers, "/v1/environments/")
		f.none(t, environmentsWithoutProject, keysWithoutEnvironment, digestsWithoutKey)
		f.gone(t, o.organization, secrets, append(paths, path)...)
	}
}

func emptiedEnvironment(t *testing.T, f *fleet) func(*testing.T) {
	o := f.found(t)
	owner := f.cast[0]
	return func(t *testing.T) {
		in := owner.For(t).In(o.organization)
		path := "/v1/environments/" + in.Post("/v1/projects/"+o.project+"/environments", M{"name": "Preview " + harness.Unique()}).Want(201).Text("id")
		key := "/v1/api-keys/" + in.Post(path+"/api-keys", M{"name": "Before"}).Want(201).Text("id")
		answers := f.meet(t, each(crowd, func(i int) ask {
			switch i % 7 {
			case 6:
				return by(owner, o.organization, http.MethodDelete, path, nil)
			case 5:
				return by(owner, o.organization, http.MethodPost, key+"/rotate", M{"overlap_seconds": 60})
			}
			return by(owner, o.organization, http.MethodPost, path+"/api-keys", M{"name": fmt.Sprint("Key ", i)})
		}))
		only(t, answers, "201", "204", "404 NOT_FOUND", "409 KEY_ROTATED")
		if n := len(winners(answers, 204)); n != 1 {
			t.Errorf("the environment was deleted %d times", n)
		}
		paths, secrets := made(answers, "")
		f.none(t, keysWithoutEnvironment, digestsWithoutKey)
		f.gone(t, o.organization, secrets, append(paths, path, key)...)
	}
}

func emptiedOrganization(_ *testing.T, f *fleet) func(*testing.T) {
	owner, guest := f.cast[0], f.cast[1]
	return func(t *testing.T) {
		o := f.found(t)
		f.exec(t, "UPDATE accounts SET email_verified = $1 WHERE id = $2", true, guest.ID)
		_, token := f.invite(t, o.organization, owner.ID, guest.Email, "developer")
		kinds := []ask{
			by(owner, o.organization, http.MethodPost, "/v1/projects", M{"name": "Late"}),
			by(owner, o.organization, http.MethodPost, "/v1/environments/"+o.dev+"/api-keys", M{"name": "Late"}),
			by(guest, "", http.MethodPost, "/v1/invitations/accept", M{"token": token}),
			by(owner, o.organization, http.MethodPatch, "/v1/organizations/"+o.organization, M{"name": "Late"}),
			by(owner, o.organization, http.MethodDelete, "/v1/organizations/"+o.organization, M{"confirm": o.slug}),
			by(owner, o.organization, http.MethodPost, "/v1/members/invite", M{"email": harness.NewEmail()}),
		}
		answers := f.meet(t, each(crowd, func(i int) ask { return kinds[i%len(kinds)] }))
		only(t, answers, "200", "201", "204", "404 NOT_FOUND", "404 INVITATION_NOT_FOUND", "409 PROJECT_SLUG_TAKEN", "409 ALREADY_INVITED")
		if n := len(winners(answers, 204)); n != 1 {
			t.Errorf("the organization was deleted %d times", n)
		}
		paths, secrets := made(answers, "/v1/projects/")
		f.none(t, projectsWithoutParent, environmentsWithoutProject, keysWithoutEnvironment, digestsWithoutKey)
		if n := f.count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1", o.organization); n > 0 {
			t.Errorf("there are %d memberships of an organization that is gone", n)
		}
		f.gone(t, o.organization, secrets, append(paths[:0:0], "/v1/organizations/"+o.organization)...)
	}
}
