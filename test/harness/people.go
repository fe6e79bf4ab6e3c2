package harness

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Unique is text that no other test has: lower-case letters and digits.
func Unique() string { return strings.ToLower(rand.Text()[:12]) }

// NewPassword is a password that nobody guesses, and that Secrets finds.
func NewPassword() string { return Marker + "-" + rand.Text() }

// NewEmail is an address that nobody has.
func NewEmail() string { return Unique() + "@example.com" }

// Person is an account with a session. Its Client presents the access token.
type Person struct {
	*Client
	ID, Email, Password, Name string
	Organization, Slug        string // the one that it began with
	Project                   string
	Dev, Staging, Production  string // environments of Project
	AccessToken, RefreshToken string
	registered                *Response
}

// Registered is the answer to the registration.
func (p Person) Registered() *Response { return p.registered }

// For returns the person for another test.
func (p Person) For(tb testing.TB) Person {
	p.Client = p.Client.For(tb)
	return p
}

// NewRegistration is the body of a registration that succeeds. Changes replace
// its members; one that is nil is left out.
func NewRegistration(changes ...M) M {
	body := M{"email": NewEmail(), "password": NewPassword(), "name": "Ada Lovelace", "org_name": "Engines " + Unique()}
	for _, c := range changes {
		for name, value := range c {
			if body[name] = value; value == nil {
				delete(body, name)
			}
		}
	}
	return body
}

// Register makes an account with an organization.
func (s *Server) Register(tb testing.TB, changes ...M) Person {
	tb.Helper()
	client, body := s.Client(tb), NewRegistration(changes...)
	r := client.Post("/v1/auth/register", body).Want(201)
	p := Person{
		ID: r.Text("user.id"), Email: r.Text("user.email"), Password: body["password"].(string), Name: r.Text("user.name"),
		Organization: r.Text("organization.id"), Slug: r.Text("organization.slug"), Project: r.Text("project.id"),
		AccessToken: r.Text("tokens.access_token"), RefreshToken: r.Text("tokens.refresh_token"), registered: r,
	}
	p.Dev, p.Staging, p.Production = environmentIDs(tb, r.Value("environments"))
	p.Client = client.Bearer(p.AccessToken)
	return p
}

func environmentIDs(tb testing.TB, environments any) (dev, staging, production string) {
	tb.Helper()
	ids := map[string]string{}
	list, _ := environments.([]any)
	for _, item := range list {
		e, _ := item.(M)
		slug, _ := e["slug"].(string)
		ids[slug], _ = e["id"].(string)
	}
	if ids["dev"] == "" || ids["staging"] == "" || ids["production"] == "" {
		tb.Fatalf("the environments are %v", environments)
	}
	return ids["dev"], ids["staging"], ids["production"]
}

// Login opens another session of the person's, at another address.
func (p Person) Login(tb testing.TB) Person {
	tb.Helper()
	client := p.server.Client(tb)
	r := client.Post("/v1/auth/login", M{"email": p.Email, "password": p.Password}).Want(200)
	p.AccessToken, p.RefreshToken = r.Text("tokens.access_token"), r.Text("tokens.refresh_token")
	p.Client = client.Bearer(p.AccessToken)
	return p
}

// Holding is the person with the tokens of an answer.
func (p Person) Holding(tokens *Response) Person {
	p.AccessToken, p.RefreshToken = tokens.Text("access_token"), tokens.Text("refresh_token")
	p.Client = p.Bearer(p.AccessToken)
	return p
}

// Session is the id of the person's session, as its access token tells.
func (p Person) Session() string {
	p.tb.Helper()
	id, _ := Claims(p.tb, p.AccessToken)["sid"].(string)
	return id
}

// Claims reads what an access token says, without verifying it.
func Claims(tb testing.TB, token string) M {
	tb.Helper()
	return tokenPart(tb, token, 1)
}

// TokenHeader reads the header of an access token.
func TokenHeader(tb testing.TB, token string) M {
	tb.Helper()
	return tokenPart(tb, token, 0)
}

func tokenPart(tb testing.TB, token string, i int) M {
	tb.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		tb.Fatalf("an access token has %d parts", len(parts))
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
	if err != nil {
		tb.Fatal(err)
	}
	var said M
	if err := json.Unmarshal(text, &said); err != nil {
		tb.Fatal(err)
	}
	return said
}

// Age makes the session's last proof of the password lie further back.
func (p Person) Age(tb testing.TB, by time.Duration) {
	tb.Helper()
	p.server.Exec(tb, "UPDATE sessions SET authenticated_at = $1 WHERE id = $2", time.Now().UTC().Add(-by).Truncate(time.Microsecond), p.Session())
}

// Join makes the person a member of the organization.
func (s *Server) Join(tb testing.TB, organization, account, role string) {
	tb.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	s.Exec(tb, `INSERT INTO memberships (organization_id, id, account_id, role, status, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'active', 1, $5, $6)`, organization, uuid.Must(uuid.NewV7()).String(), account, role, now, now)
}

// Cast is the people whom a server's tests share, since each registration
// costs the hash of a password. A test that changes an account registers one.
type Cast struct{ Owner, Admin, Developer, Viewer, Outsider, Operator Person }

// Cast returns the server's people.
func (s *Server) Cast(tb testing.TB) Cast {
	tb.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.cast == nil {
		operator := s.Register(tb) // the first account; unless a test made another
		s.cast = &Cast{s.Register(tb), s.Register(tb), s.Register(tb), s.Register(tb), s.Register(tb), operator}
	}
	c := *s.cast
	return Cast{c.Owner.For(tb), c.Admin.For(tb), c.Developer.For(tb), c.Viewer.For(tb), c.Outsider.For(tb), c.Operator.For(tb)}
}

// Stage is an organization of one test's own, with a member of each role. The
// people mean this organization; the outsider means its own.
type Stage struct {
	Cast
	Organization, Slug, Project string
	Dev, Staging, Production    string
}

// Stage founds an organization for a test.
func (s *Server) Stage(tb testing.TB) Stage {
	tb.Helper()
	cast := s.Cast(tb)
	founded := cast.Owner.Post("/v1/organizations", M{"name": "Stage " + Unique()}).Want(201)
	stage := Stage{Organization: founded.Text("id"), Slug: founded.Text("slug"), Project: founded.Text("project.id")}
	stage.Dev, stage.Staging, stage.Production = environmentIDs(tb, founded.Value("environments"))
	for role, who := range map[string]*Person{"owner": &cast.Owner, "admin": &cast.Admin, "developer": &cast.Developer, "viewer": &cast.Viewer} {
		if role != "owner" {
			s.Join(tb, stage.Organization, who.ID, role)
		}
		who.Client = who.In(stage.Organization)
	}
	stage.Cast = cast
	return stage
}

// ByRole returns the members, by the name of their role.
func (s Stage) ByRole() map[string]Person {
	return map[string]Person{"owner": s.Owner, "admin": s.Admin, "developer": s.Developer, "viewer": s.Viewer}
}

// NewKey makes an environment key and returns the secret and the id.
func (p Person) NewKey(tb testing.TB, environment string, changes ...M) (secret, id string) {
	tb.Helper()
	body := M{"name": "Backend"}
	for _, c := range changes {
		for name, value := range c {
			body[name] = value
		}
	}
	r := p.Post("/v1/environments/"+environment+"/api-keys", body).Want(201)
	return r.Text("key"), r.Text("id")
}
