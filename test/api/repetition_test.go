package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

func TestAnIdempotencyKeyIsItsCallersInItsOrganizationOnItsRoute(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, key, body := s.Stage(t), newKey(), M{"name": "Checkout"}
		elsewhere := s.Stage(t)
		program := stage.Owner.Post("/v1/auth/keys", M{"name": "program"}).Want(201).Text("key")
		environment := func(project string) *harness.Response {
			return under(stage.Owner.Client, key).Post("/v1/projects/"+project+"/environments", body)
		}
		first := under(stage.Owner.Client, key).Post("/v1/projects", body).Want(201)
		other := stage.Owner.Post("/v1/projects", M{"name": "Other"}).Want(201).Text("id")
		answers := []*harness.Response{
			first,
			under(stage.Admin.Client, key).Post("/v1/projects", body),
			under(stage.Outsider.Client, key).Post("/v1/projects", body),
			under(stage.Owner.In(elsewhere.Organization), key).Post("/v1/projects", body),
			under(s.Client(t).Bearer(program).In(stage.Organization), key).Post("/v1/projects", body),
			under(stage.Owner.Client, key).Post("/v1/organizations", body),
			environment(stage.Project), environment(other),
		}
		seen := map[string]bool{}
		for i, a := range answers {
			id := a.Want(201).Text("id")
			if a.Header.Get("Idempotent-Replayed") != "" || seen[id] {
				t.Errorf("answer %d is another's: %s", i, a.Body)
			}
			seen[id] = true
		}
		repeated(t, first, under(stage.Owner.Login(t).In(stage.Organization), key).Post("/v1/projects", body))
		repeated(t, first, under(stage.Owner.Client, key).Post("/v1/projects", body))
	})
}

// Who calls is looked up for each repetition: what somebody may not see any more
// is not shown for having been seen.
func TestARepetitionIsForWhoMayStillCall(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, key := s.Stage(t), newKey()
		guest := proven(t, s)
		s.Join(t, stage.Organization, guest.ID, "admin")
		guest.Client = guest.In(stage.Organization)
		path, body := "/v1/environments/"+stage.Dev+"/api-keys", M{"name": "Backend"}
		session := guest.Login(t)
		first := under(session.In(stage.Organization), key).Post(path, body).Want(201)
		session.Post("/v1/auth/logout", nil).Want(204)
		under(session.In(stage.Organization), key).Post(path, body).Refused(401, "INVALID_TOKEN")
		under(s.Client(t), key).Post(path, body).Refused(401, "CREDENTIALS_REQUIRED")
		repeated(t, first, under(guest.Client, key).Post(path, body))
		stage.Owner.Delete("/v1/members/" + member(t, stage.Owner, guest.Email)).Want(204)
		under(guest.Client, key).Post(path, body).Refused(404, "NOT_FOUND")
		under(guest.Without("X-Organization-ID"), key).Post(path, body).Refused(404, "NOT_FOUND")
	})
}

func TestWhatWasRefusedMayBeAskedForAgainUnderTheSameKey(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		client := under(stage.Owner.Client, newKey())
		taken := stage.Owner.Post("/v1/projects", M{"name": "Taken", "slug": "taken"}).Want(201).Text("id")
		client.Post("/v1/projects", M{"name": ""}).Refused(400, "VALIDATION_FAILED")
		client.Post("/v1/projects", M{"nam": "x"}).Refused(400, "VALIDATION_FAILED")
		for range 2 {
			client.Post("/v1/projects", M{"name": "Next", "slug": "taken"}).Refused(409, "PROJECT_SLUG_TAKEN")
		}
		stage.Owner.Patch("/v1/projects/"+taken, M{"slug": "free"}).Want(200)
		first := client.Post("/v1/projects", M{"name": "Next", "slug": "taken"}).Want(201)
		repeated(t, first, client.Post("/v1/projects", M{"name": "Next", "slug": "taken"}))
		under(stage.Viewer.Client, newKey()).Post("/v1/projects", M{"name": "x"}).Refused(403, "FORBIDDEN")
	})
}

func TestWhatChangesAndDeletesTakesNoKey(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		client := under(stage.Owner.Client, newKey())
		for _, name := range []string{"One", "Two", "One"} {
			r := client.Patch("/v1/projects/"+stage.Project, M{"name": name}).Want(200)
			if r.Text("name") != name || r.Header.Get("Idempotent-Replayed") != "" {
				t.Errorf("the answer is %s", r.Body)
			}
		}
		client.Delete("/v1/environments/" + stage.Dev).Want(204)
		client.Delete("/v1/environments/"+stage.Dev).Refused(404, "NOT_FOUND")
	})
}

func TestAnAnswerIsKeptForADay(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		ada := s.Register(t)
		client := under(ada.Client, newKey())
		first := client.Post("/v1/projects", M{"name": "Shop"}).Want(201)
		s.Exec(t, "UPDATE idempotent_answers SET expires_at = "+longAgo)
		s.Exec(t, "DELETE FROM throttles")
		if late := client.Post("/v1/projects", M{"name": "Another"}).Want(201); late.Text("id") == first.Text("id") {
			t.Error("what has run out is answered")
		}
		// One that died at work holds its repetitions up, but not for long.
		s.Exec(t, "DELETE FROM idempotent_answers")
		client.Post("/v1/projects", M{"name": "Shop"}).Refused(409, "IDEMPOTENCY_KEY_IN_PROGRESS")
		s.Exec(t, "UPDATE throttles SET resets_at = "+longAgo)
		client.Post("/v1/projects", M{"name": "Shop"}).Want(201)
		if s.Count(t, "SELECT count(*) FROM idempotent_answers") != 1 {
			t.Error("the answer is not kept")
		}
	})
}

// longAgo is a time at which nothing was kept yet.
const longAgo = "'2020-01-01 00:00:00+00:00'"

// Where addresses have to be proven, nothing about a repetition tells whether
// one is known either.
func TestARepeatedRegistrationDoesNotTellWhoHasAnAccount(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s, sink := required(t, d)
		known := harness.NewEmail()
		s.Client(t).Post("/v1/auth/register", registrationFor("/v1/auth/register", known)).Want(202)
		for _, path := range []string{"/v1/auth/register", "/v1/auth/signup"} {
			var told [2][]M
			for i, email := range []string{known, harness.NewEmail()} {
				client, body := under(s.Client(t), newKey()), registrationFor(path, email)
				for range 3 {
					r := client.Post(path, body).Want(202)
					told[i] = append(told[i], M{"body": string(r.Body), "replayed": r.Header.Get("Idempotent-Replayed")})
				}
				body["name"] = "Another"
				r := client.Post(path, body).Refused(422, "IDEMPOTENCY_KEY_REUSED")
				told[i] = append(told[i], M{"code": r.Code()})
				about := map[string]string{known: aboutAccount}[email]
				if about == "" {
					about = aboutVerification
				}
				sink.Wait(t, email, about)
			}
			if diff := cmp.Diff(told[0], told[1]); diff != "" {
				t.Errorf("%s: a known address and a new one differ (-known +new):\n%s", path, diff)
			}
			if told[0][1]["replayed"] != "true" {
				t.Errorf("%s: nothing was repeated: %v", path, told[0])
			}
		}
		mails := slices.DeleteFunc(sink.To(known), func(m mailsink.Message) bool { return !strings.Contains(m.Subject, aboutAccount) })
		if len(mails) != 2 {
			t.Errorf("the known address got %d mails, want one for each request and none for its repetitions", len(mails))
		}
	})
}

func registrationFor(path, email string) M {
	body := harness.NewRegistration(M{"email": email})
	if strings.HasSuffix(path, "signup") {
		delete(body, "org_name")
	}
	return body
}

// Of twenty that come at once to three replicas one is worked on.
func TestReplicasAgreeWhichRequestIsTheFirst(t *testing.T) {
	t.Parallel()
	d := harness.NewDatabase(t, harness.Postgres)
	replicas := []*harness.Server{harness.Start(t, d), harness.Start(t, d), harness.Start(t, d)}
	ada := replicas[0].Register(t)
	const rounds, crowd = 5, 20
	for range rounds {
		key, name := newKey(), "Shop "+harness.Unique()
		post := func(i int) *harness.Response {
			return under(replicas[i%len(replicas)].Client(t).Bearer(ada.AccessToken), key).Post("/v1/projects", M{"name": name})
		}
		var first *harness.Response
		answers := simultaneously(crowd, post)
		for _, a := range answers {
			switch {
			case a.Status == 409:
				a.Refused(409, "IDEMPOTENCY_KEY_IN_PROGRESS")
			case a.Want(201).Header.Get("Idempotent-Replayed") != "":
			case first != nil:
				t.Errorf("two were the first:\n%s\n%s", first.Body, a.Body)
			default:
				first = a
			}
		}
		if first == nil {
			t.Fatalf("nobody was the first: %v", tally(answers))
		}
		for i := range replicas {
			repeated(t, first, post(i))
		}
		if n := replicas[0].Count(t, "SELECT count(*) FROM projects WHERE name = $1", name); n != 1 {
			t.Errorf("there are %d projects", n)
		}
	}
}
