package api

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAnInvitationArrivesByMailWithALinkThatWorksOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, guest := s.Stage(t), proven(t, s)
		answer := stage.Admin.Post("/v1/members/invite", M{"email": guest.Email, "role": "viewer"}).Want(201)
		m := post.Wait(t, guest.Email, aboutInvitation)
		if !strings.HasPrefix(m.Link(), harness.PublicURL+"/") || len(m.Token()) < 22 {
			t.Errorf("the link is %s", m.Link())
		}
		for _, fact := range []string{stage.Admin.Name, "viewer"} {
			if !strings.Contains(m.Text, fact) || !strings.Contains(m.HTML, fact) {
				t.Errorf("the mail does not tell %q", fact)
			}
		}
		if strings.Contains(string(answer.Body), m.Token()) || strings.Contains(string(stage.Owner.Get("/v1/members").Want(200).Body), m.Token()) {
			t.Error("an administrator is shown the token")
		}
		preview := s.Client(t).Post("/v1/invitations/preview", M{"token": m.Token()}).Want(200)
		want := M{
			"organization": M{"name": stage.Owner.Get("/v1/organizations/" + stage.Organization).Want(200).Text("name")},
			"inviter":      M{"name": stage.Admin.Name}, "role": "viewer", "expires_at": answer.Text("expires_at"),
			"email": guest.Email[:1] + "•••@example.com",
		}
		if diff := cmp.Diff(want, preview.Object()); diff != "" {
			t.Errorf("the preview (-want +got):\n%s", diff)
		}

		accepted := guest.Post("/v1/invitations/accept", M{"token": m.Token()}).Want(200)
		if !slices.Equal(sorted(accepted.Members("")...), []string{"member", "organization"}) {
			t.Errorf("the answer has %v", accepted.Members(""))
		}
		if accepted.Text("member.id") != answer.Text("id") || accepted.Text("member.user_id") != guest.ID ||
			accepted.Text("member.status") != "active" || accepted.Text("organization.id") != stage.Organization {
			t.Errorf("the member is %s", accepted.Body)
		}
		guest.In(stage.Organization).Get("/v1/projects").Want(200)
		spent(t, s, guest, m.Token())
	})
}

// spent says that a token opens no invitation, whoever presents it in whatever
// way.
func spent(t *testing.T, s *harness.Server, guest harness.Person, secret string) {
	t.Helper()
	anyone := s.Client(t)
	invented := anyone.Post("/v1/invitations/preview", M{"token": noToken})
	for _, r := range []*harness.Response{
		invented,
		anyone.Post("/v1/invitations/preview", M{"token": secret}),
		guest.Post("/v1/invitations/accept", M{"token": secret}),
		anyone.Post("/v1/invitations/accept", M{"token": secret, "name": "Grace", "password": harness.NewPassword()}),
		anyone.Post("/v1/invitations/decline", M{"token": secret}),
	} {
		r.Refused(404, "INVITATION_NOT_FOUND")
		if want, got := invented.Body, r.Body; len(want) != len(got) {
			t.Errorf("%s tells it from an invented one: %s", r.Path, got)
		}
	}
}

func TestAnInvitationIsForOneProvenAddress(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other, unproven := s.Stage(t), proven(t, s), s.Register(t)
		_, secret := invite(t, stage.Owner, harness.NewEmail(), "viewer")
		other.Post("/v1/invitations/accept", M{"token": secret}).Refused(403, "INVITATION_FOR_ANOTHER_ADDRESS")
		unproven.Post("/v1/invitations/accept", M{"token": secret}).Refused(403, "INVITATION_FOR_ANOTHER_ADDRESS")
		_, secret = invite(t, stage.Owner, unproven.Email, "viewer")
		unproven.Post("/v1/invitations/accept", M{"token": secret}).Refused(403, "EMAIL_NOT_VERIFIED")
		for member, value := range map[string]string{"email": other.Email, "role": "owner", "org_id": randomID(), "team": "x", "user_id": other.ID} {
			unproven.Post("/v1/invitations/accept", M{"token": secret, member: value}).Refused(400, "VALIDATION_FAILED").Names(member)
		}
		for _, member := range []string{"name", "password"} { // one's own account is meant, or a new one, never both
			unproven.Post("/v1/invitations/accept", M{"token": secret, member: harness.NewPassword()}).Refused(400, "VALIDATION_FAILED").Names(member)
		}
		prove(t, unproven)
		if r := unproven.Post("/v1/invitations/accept", M{"token": secret}).Want(200); r.Text("member.role") != "viewer" {
			t.Errorf("the role is %s", r.Text("member.role"))
		}
		for _, broken := range []string{"", "x", secret + "x", secret[:42], strings.ToUpper(secret), " " + secret, secret + "=", repeat("A", 10_000)} {
			if r := other.Post("/v1/invitations/accept", M{"token": broken}); r.Status != 404 && r.Status != 400 {
				t.Errorf("the token %.50q: %d", broken, r.Status)
			}
		}
	})
}

func TestWhoHasNoAccountMakesItAndJoinsAtOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, email := s.Stage(t), harness.NewEmail()
		id, secret := invite(t, stage.Owner, email, "developer")
		body := func(name, password any) M { return M{"token": secret, "name": name, "password": password} }
		anyone := s.Client(t)
		anyone.Post("/v1/invitations/accept", M{"token": secret}).Refused(400, "VALIDATION_FAILED").Names("name", "password")
		anyone.Post("/v1/invitations/accept", body("Grace", "12345678")).Refused(400, "VALIDATION_FAILED").Names("password")
		anyone.Post("/v1/invitations/accept", body("Grace", "short")).Refused(400, "VALIDATION_FAILED").Names("password")
		anyone.Post("/v1/invitations/accept", body("a\nb", harness.NewPassword())).Refused(400, "VALIDATION_FAILED").Names("name")
		anyone.Bearer("nonsense").Post("/v1/invitations/accept", body("Grace", harness.NewPassword())).Refused(401, "INVALID_TOKEN")
		anyone.Post("/v1/invitations/preview", M{"token": secret}).Want(200) // open still

		password := harness.NewPassword()
		joined := anyone.Post("/v1/invitations/accept", body(" Grace Hopper ", password)).Want(201)
		if !slices.Equal(sorted(joined.Members("")...), []string{"member", "organization", "tokens", "user"}) {
			t.Errorf("the answer has %v", joined.Members(""))
		}
		if joined.Text("member.id") != id || joined.Text("user.email") != email || joined.Text("user.name") != "Grace Hopper" ||
			joined.Value("user.email_verified") != true || joined.Text("member.user_id") != joined.Text("user.id") {
			t.Errorf("what was made is %s", joined.Body)
		}
		grace := anyone.Bearer(joined.Text("tokens.access_token"))
		me := grace.Get("/v1/auth/me").Want(200)
		if me.Text("organization.id") != stage.Organization || me.Text("organization.role") != "developer" || len(me.Value("organizations").([]any)) != 1 {
			t.Errorf("the account is %s", me.Body)
		}
		grace.Post("/v1/projects", M{"name": "Hers " + harness.Unique()}).Want(201)
		anyone.Post("/v1/auth/login", M{"email": email, "password": password}).Want(200)
		spent(t, s, proven(t, s), secret)
	})
}

func TestALinkLogsNobodyInToAnAccountThatIsThere(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, holder := s.Stage(t), proven(t, s)
		_, secret := invite(t, stage.Owner, holder.Email, "viewer")
		for _, password := range []string{harness.NewPassword(), holder.Password} {
			s.Client(t).Post("/v1/invitations/accept", M{"token": secret, "name": "Thief", "password": password}).Refused(409, "ACCOUNT_EXISTS")
		}
		holder.Login(t)
		if me := holder.Get("/v1/auth/me").Want(200); me.Text("name") != holder.Name {
			t.Errorf("the name is %s", me.Text("name"))
		}
		holder.Post("/v1/invitations/accept", M{"token": secret}).Want(200)
	})
}

func TestAnInvitationIsDeclined(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, guest := s.Stage(t), proven(t, s)
		id, secret := invite(t, stage.Owner, guest.Email, "viewer")
		s.Client(t).Post("/v1/invitations/decline", M{"token": secret}).Want(204)
		spent(t, s, guest, secret)
		stage.Owner.Delete("/v1/members/"+id).Refused(404, "NOT_FOUND")
		invite(t, stage.Owner, guest.Email, "viewer")
	})
}

func TestSendingAgainVoidsTheOldLink(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, guest := s.Stage(t), proven(t, s)
		id, first := invite(t, stage.Owner, guest.Email, "viewer")
		s.Exec(t, "UPDATE memberships SET expires_at = $1 WHERE organization_id = $2 AND id = $3", in(time.Hour), stage.Organization, id)
		stage.Admin.Post("/v1/members/"+id+"/resend", nil).Want(204)
		second := token(t, post, guest.Email, aboutInvitation)
		spent(t, s, guest, first)
		shown := only(stage.Owner.Get("/v1/members").Want(200).List(), guest.Email)
		if shown["id"] != id || shown["invited_by"] != stage.Admin.ID {
			t.Errorf("the invitation is %v", shown)
		}
		if until, err := time.Parse(time.RFC3339, shown["expires_at"].(string)); err != nil || time.Until(until) < 6*24*time.Hour {
			t.Errorf("it lives until %v", shown["expires_at"])
		}
		guest.Post("/v1/invitations/accept", M{"token": second}).Want(200)
	})
}

func in(d time.Duration) time.Time { return time.Now().UTC().Add(d).Truncate(time.Microsecond) }

func TestAnInvitationRunsOut(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, guest := s.Stage(t), proven(t, s)
		id, secret := invite(t, stage.Owner, guest.Email, "viewer")
		expire := func(at time.Time) {
			s.Exec(t, "UPDATE memberships SET expires_at = $1 WHERE organization_id = $2 AND id = $3", at, stage.Organization, id)
			s.Exec(t, "UPDATE links SET expires_at = $1 WHERE membership_id = $2", at, id)
		}
		expire(in(20 * time.Second)) // of seven days, the last seconds are as good as the first
		s.Client(t).Post("/v1/invitations/preview", M{"token": secret}).Want(200)
		stage.Owner.Post("/v1/members/invite", M{"email": guest.Email}).Refused(409, "ALREADY_INVITED")
		expire(in(-time.Millisecond))
		spent(t, s, guest, secret)
		// A new one takes its place.
		_, again := invite(t, stage.Owner, guest.Email, "viewer")
		guest.Post("/v1/invitations/accept", M{"token": again}).Want(200)
	})
}

func TestWhoInvitedMustStillBeAbleTo(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		for name, change := range map[string]func(stage harness.Stage, inviter string){
			"demoted": func(stage harness.Stage, inviter string) {
				stage.Owner.Put("/v1/members/"+inviter, M{"role": "developer"}).Want(204)
			},
			"removed": func(stage harness.Stage, inviter string) { stage.Owner.Delete("/v1/members/" + inviter).Want(204) },
			"gone behind the program's back": func(stage harness.Stage, inviter string) {
				s.Exec(t, "DELETE FROM memberships WHERE organization_id = $1 AND id = $2", stage.Organization, inviter)
			},
		} {
			t.Run(name, func(t *testing.T) {
				stage := s.Stage(t)
				email := harness.NewEmail()
				_, secret := invite(t, stage.Admin, email, "viewer")
				change(stage, member(t, stage.Owner, stage.Admin.Email))
				s.Client(t).Post("/v1/invitations/preview", M{"token": secret}).Refused(404, "INVITATION_NOT_FOUND")
				s.Client(t).Post("/v1/invitations/accept", M{"token": secret, "name": "X", "password": harness.NewPassword()}).Refused(404, "INVITATION_NOT_FOUND")
				if n := s.Count(t, "SELECT count(*) FROM accounts WHERE email = $1", email); n != 0 {
					t.Error("the account was made")
				}
			})
		}
		stage := s.Stage(t)
		second, account, _ := extra(t, s, stage.Organization, "owner")
		id, secret := invite(t, stage.Owner, harness.NewEmail(), "owner")
		s.Exec(t, "UPDATE memberships SET invited_by = $1 WHERE organization_id = $2 AND id = $3", account, stage.Organization, id)
		s.Client(t).Post("/v1/invitations/preview", M{"token": secret}).Want(200)
		stage.Owner.Put("/v1/members/"+second, M{"role": "admin"}).Want(204) // an admin invites nobody as owner
		s.Client(t).Post("/v1/invitations/preview", M{"token": secret}).Refused(404, "INVITATION_NOT_FOUND")
		stage.Owner.Post("/v1/members/"+id+"/resend", nil).Want(204) // who sends it again vouches for it
		if n := s.Count(t, "SELECT count(*) FROM memberships WHERE id = $1 AND invited_by = $2", id, stage.Owner.ID); n != 1 {
			t.Error("somebody else vouches for the invitation")
		}
	})
}

func TestAnAddressIsInOrInvitedOnce(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other := s.Stage(t), s.Stage(t)
		email := harness.NewEmail()
		stage.Owner.Post("/v1/members/invite", M{"email": email}).Want(201)
		stage.Admin.Post("/v1/members/invite", M{"email": strings.ToUpper(email), "role": "viewer"}).Refused(409, "ALREADY_INVITED")
		other.Owner.Post("/v1/members/invite", M{"email": email}).Want(201)
		stage.Owner.Post("/v1/members/invite", M{"email": stage.Viewer.Email}).Refused(409, "ALREADY_MEMBER")
		for _, wrong := range []any{"", "a@b@c", "x", nil, 1, "a b@example.com", "a\r\nBcc: b@example.com", "\"a\"@example.com", repeat("x", 300) + "@example.com"} {
			stage.Owner.Post("/v1/members/invite", M{"email": wrong}).Refused(400, "VALIDATION_FAILED").Names("email")
		}
		tallied := tally(simultaneously(8, func(int) *harness.Response {
			return stage.Owner.Post("/v1/members/invite", M{"email": "many-" + email})
		}))
		if tallied[201] != 1 || tallied[409] != 7 {
			t.Errorf("eight at once: %v", tallied)
		}
	})
}

func TestInvitingTellsNothingOfAccounts(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		known, unproven, unknown := proven(t, s), s.Register(t), harness.NewEmail()
		shown := map[string]any{}
		for _, email := range []string{known.Email, unproven.Email, unknown} {
			r := stage.Owner.Post("/v1/members/invite", M{"email": email}).Want(201)
			invited := r.Object()
			invited["email"] = len(email)
			shown[email] = shape(invited)
			preview := s.Client(t).Post("/v1/invitations/preview", M{"token": token(t, post, email, aboutInvitation)}).Want(200).Object()
			if m, _ := preview["email"].(string); m != email[:1]+"•••@example.com" {
				t.Errorf("the preview shows %v", preview)
			}
		}
		if diff := cmp.Diff(shown[known.Email], shown[unknown]); diff != "" {
			t.Errorf("a known address is told from an unknown one:\n%s", diff)
		}
		if diff := cmp.Diff(shown[unproven.Email], shown[unknown]); diff != "" {
			t.Errorf("an unproven address is told from an unknown one:\n%s", diff)
		}
		if list := stage.Owner.Get("/v1/members?status=invited").Want(200).List(); cmp.Diff(shape(without(only(list, known.Email), "email")), shape(without(only(list, unknown), "email"))) != "" {
			t.Errorf("the list tells them apart: %v", list)
		}
	})
}

func without(m M, member string) M {
	delete(m, member)
	return m
}

func TestOneOfFiftyAcceptancesCounts(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, guest, other := s.Stage(t), proven(t, s), proven(t, s)
		id, secret := invite(t, stage.Owner, guest.Email, "viewer")
		answers := simultaneously(50, func(i int) *harness.Response {
			by := []harness.Person{guest, other}[i%2]
			return by.Post("/v1/invitations/accept", M{"token": secret})
		})
		if n := tally(answers); n[200] != 1 || n[403]+n[404]+n[503] != 49 { // 503: a busy machine had no time
			t.Errorf("the answers are %v", n)
		}
		if n := s.Count(t, "SELECT count(*) FROM memberships WHERE organization_id = $1 AND account_id = $2", stage.Organization, guest.ID); n != 1 {
			t.Errorf("there are %d memberships", n)
		}
		if n := len(stage.Owner.Get("/v1/audit?action=member.joined&resource_id=" + id).Want(200).List()); n != 1 {
			t.Errorf("the audit tells of %d joinings", n)
		}
	})
}

func TestNothingThatPeopleChooseBecomesMoreThanText(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		evil := s.Register(t, M{"name": `<img src=x onerror=alert(1)> https://evil.example`, "org_name": `<b>Click</b> http://evil.example/x & "Co"`})
		email := harness.NewEmail()
		evil.Post("/v1/members/invite", M{"email": email}).Want(201)
		m := post.Wait(t, email, "")
		for _, bad := range []string{"<img", "<b>", "http://evil.example", "https://evil.example"} {
			if strings.Contains(m.HTML, bad) {
				t.Errorf("the HTML has %s:\n%s", bad, m.HTML)
			}
		}
		for _, bad := range []string{"http://evil.example", "https://evil.example"} {
			if strings.Contains(m.Text, bad) || strings.Contains(m.Subject, bad) {
				t.Errorf("the text has %s:\n%s", bad, m.Text)
			}
		}
		for line := range strings.Lines(m.Text) {
			if link := strings.TrimSpace(line); strings.HasPrefix(link, "http") && !strings.HasPrefix(link, harness.PublicURL+"/") {
				t.Errorf("the mail leads to %s", link)
			}
		}
	})
}

func TestInvitationsAreBounded(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other := s.Stage(t), s.Stage(t)
		email := harness.NewEmail()
		id := stage.Owner.Post("/v1/members/invite", M{"email": email}).Want(201).Text("id")
		stage.Owner.Post("/v1/members/"+id+"/resend", nil).Want(204)
		stage.Owner.Delete("/v1/members/" + id).Want(204)
		id = stage.Owner.Post("/v1/members/invite", M{"email": email}).Want(201).Text("id")
		stage.Owner.Post("/v1/members/"+id+"/resend", nil).Refused(429, "TOO_MANY_INVITATIONS")
		stage.Owner.Delete("/v1/members/" + id).Want(204)
		stage.Owner.Post("/v1/members/invite", M{"email": email}).Refused(429, "TOO_MANY_INVITATIONS")
		if n := s.Count(t, "SELECT count(*) FROM memberships WHERE email = $1", email); n != 0 {
			t.Error("the refused invitation is there")
		}
		stage.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201)
		other.Owner.Post("/v1/members/invite", M{"email": email}).Want(201)
	})
}

func TestAnInvitationsLinkIsStoredAsADigestOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		_, secret := invite(t, stage.Owner, harness.NewEmail(), "viewer")
		for _, text := range []string{secret, url.QueryEscape(secret)} {
			for _, table := range []string{"links", "memberships", "audit_entries", "outbox"} {
				if content := dump(t, s, table); strings.Contains(content, text) {
					t.Errorf("%s has the token", table)
				}
			}
		}
	})
}
