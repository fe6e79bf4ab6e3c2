package api

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

func TestAnEntryTellsWhoDidWhatToWhat(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		id := member(t, stage.Owner, stage.Viewer.Email)
		by := stage.Admin.At("192.0.2.77").With("X-Request-ID", "request-"+harness.Unique())
		changed := by.Put("/v1/members/"+id, M{"role": "developer"}).Want(204)
		entries := stage.Owner.Get("/v1/audit?limit=1").Want(200).List()
		got := entries[0]
		hash, _ := got["hash"].(string)
		delete(got, "hash")
		person := func(role string) M {
			return M{"email": stage.Viewer.Email, "role": role, "status": "active", "user_id": stage.Viewer.ID}
		}
		want := M{
			"id": got["id"], "org_id": stage.Organization, "sequence": 2.0, "actor_id": stage.Admin.ID, "actor_type": "account",
			"action": "member.role_changed", "resource_type": "member", "resource_id": id,
			"before_state": person("viewer"), "after_state": person("developer"), "metadata": nil,
			"address": "192.0.2.77", "request_id": changed.Header.Get("X-Request-Id"), "dialect": nil, "created_at": got["created_at"],
		}
		if diff := cmp.Diff(want, got); diff != "" || len(hash) != 64 {
			t.Errorf("the entry (hash %s, -want +got):\n%s", hash, diff)
		}
		by.Put("/v1/members/"+id, M{"role": "developer"}).Want(204) // changes nothing
		stage.Viewer.Put("/v1/members/"+id, M{"role": "owner"}).Refused(403, "FORBIDDEN")
		if n := len(stage.Owner.Get("/v1/audit").Want(200).List()); n != 2 {
			t.Errorf("what did not happen was recorded: %d entries", n)
		}

		key, keyID := program(t, s, stage.Owner, M{"name": "Robot", "organization_id": stage.Organization})
		key.Post("/v1/projects", M{"name": "By key " + harness.Unique()}).Want(201)
		last := stage.Owner.Get("/v1/audit?limit=1").Want(200).List()[0]
		if last["actor_type"] != "key" || last["actor_id"] != keyID || cmp.Diff(M{"account_id": stage.Owner.ID, "key_name": "Robot"}, last["metadata"]) != "" {
			t.Errorf("a key's act is told as %v", last)
		}
	})
}

// act is one write, by the operation of the specification that it uses, and the
// actions that it has to leave: in the organization's chain, or in the one of
// what belongs to none.
type act struct {
	operation string
	actions   string
	status    int
	do        func() *harness.Response
}

// silent are the operations that change nothing which the audit tells of, each
// with the reason.
var silent = map[string]string{
	"POST /v1/auth/refresh":                 "rotates what its holder has already; a reuse is told of",
	"POST /v1/auth/send-verification-email": "only sends a mail",
	"POST /v1/invitations/preview":          "reads",
	"POST /v1/authz/explain":                "reads",
	"POST /v1/keys/verify":                  "reads",
}

func TestEveryWriteLeavesExactlyOneEntry(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d, mailing(post))
		s.Register(t) // the operator
		walked := map[string]bool{}
		latest := func() int { return s.Count(t, "SELECT count(*) FROM audit_entries") }
		for _, a := range auditedWrites(t, s) {
			walked[a.operation] = true
			settled(t, s)
			before := latest()
			r := a.do()
			if r.Status != a.status {
				t.Errorf("%s: %d, want %d\n%s", a.operation, r.Status, a.status, r.Body)
				continue
			}
			settled(t, s)
			told := actionsSince(t, s, before)
			if told != a.actions {
				t.Errorf("%s leaves %q, want %q", a.operation, told, a.actions)
			}
		}
		for _, o := range harness.Spec(t).Operations {
			if o.Method != "GET" && !walked[o.Name()] && silent[o.Name()] == "" {
				t.Errorf("%s was not tried", o.Name())
			}
		}
		for name, reason := range silent {
			if walked[name] {
				t.Errorf("%s was tried, although it %s", name, reason)
			}
		}
		all := dump(t, s, "audit_entries")
		for what, form := range harness.Secrets {
			if found := form.FindString(all); found != "" {
				t.Errorf("the audit has %s: %.12s…", what, found)
			}
		}
		if strings.Contains(all, "argon2") {
			t.Error("the audit has the hash of a password")
		}
		verifyAudit(t, s, 0)
	})
}

// actionsSince are the actions of the entries beyond the first n, in order of
// their names.
func actionsSince(t *testing.T, s *harness.Server, n int) string {
	t.Helper()
	rows, err := s.DB().Query("SELECT action FROM audit_entries ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var actions []string
	for rows.Next() {
		var action string
		if err := rows.Scan(&action); err != nil {
			t.Fatal(err)
		}
		actions = append(actions, action)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(sorted(actions[n:]...), " ")
}

func TestTheAuditIsFiltered(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		project := stage.Developer.Post("/v1/projects", M{"name": "Told " + harness.Unique()}).Want(201).Text("id")
		stage.Admin.Patch("/v1/projects/"+project, M{"name": "Renamed"}).Want(200)
		id := stage.Admin.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201).Text("id")
		list := func(query url.Values) []string {
			return texts(stage.Owner.Get("/v1/audit?"+query.Encode()).Want(200).List(), "action")
		}
		entries := stage.Owner.Get("/v1/audit").Want(200).List()
		moment := func(i int) string { at, _ := entries[i]["created_at"].(string); return at }
		for name, c := range map[string]struct {
			query url.Values
			want  []string
		}{
			"all":                {url.Values{}, []string{"member.invited", "project.updated", "project.created", "organization.created"}},
			"an actor":           {url.Values{"actor_id": {stage.Admin.ID}}, []string{"member.invited", "project.updated"}},
			"an action":          {url.Values{"action": {"project.created"}}, []string{"project.created"}},
			"a type":             {url.Values{"resource_type": {"member"}}, []string{"member.invited"}},
			"a thing":            {url.Values{"resource_id": {project}}, []string{"project.updated", "project.created"}},
			"a thing and actor":  {url.Values{"resource_id": {project}, "actor_id": {stage.Developer.ID}}, []string{"project.created"}},
			"nothing":            {url.Values{"resource_id": {id}, "actor_id": {stage.Developer.ID}}, []string{}},
			"since":              {url.Values{"from": {moment(1)}}, []string{"member.invited", "project.updated"}},
			"until":              {url.Values{"to": {moment(1)}}, []string{"project.created", "organization.created"}},
			"between":            {url.Values{"from": {moment(2)}, "to": {moment(1)}}, []string{"project.created"}},
			"an offset":          {url.Values{"offset": {"2"}}, []string{"project.created", "organization.created"}},
			"an offset and more": {url.Values{"offset": {"1"}, "limit": {"1"}}, []string{"project.updated"}},
			"the last offset":    {url.Values{"offset": {"10000"}}, []string{}},
		} {
			if got := list(c.query); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		for query, name := range map[string]string{
			"offset=-1": "offset", "offset=10001": "offset", "offset=x": "offset", "limit=0": "limit", "limit=101": "limit", "action=everything": "action",
			"actor_id=x": "actor_id", "resource_id=%00": "resource_id", "from=yesterday": "from", "to=2026-13-01T00:00:00Z": "to", "from=2026-01-01T00:00:00": "from",
			"org_id=" + stage.Outsider.Organization: "org_id", "resource_type=%25": "resource_type",
		} {
			stage.Owner.Get("/v1/audit?"+query).Refused(400, "VALIDATION_FAILED").Names(name)
		}
		paged, pages := follow(t, stage.Owner.Client, "/v1/audit?limit=1&actor_id="+stage.Admin.ID)
		if len(paged) != 2 || pages != 2 {
			t.Errorf("%d entries on %d pages", len(paged), pages)
		}
		next := stage.Owner.Get("/v1/audit?limit=1").Want(200).Next()
		cursor := regexp.MustCompile(`after=[^&]+`).FindString(next)
		stage.Owner.Get("/v1/audit?offset=1&"+cursor).Refused(400, "VALIDATION_FAILED").Names("offset")
		s.Stage(t).Owner.Get("/v1/audit?"+cursor).Refused(400, "INVALID_CURSOR")
		stage.Owner.Get("/v1/members?"+cursor).Refused(400, "INVALID_CURSOR")
	})
}

func TestAPageOfTheAuditDoesNotMoveWhenMoreHappens(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		for range 5 {
			stage.Owner.Post("/v1/projects", M{"name": "P " + harness.Unique()}).Want(201)
		}
		var sequences []any
		for path := "/v1/audit?limit=2"; path != ""; {
			page := stage.Owner.Get(path).Want(200)
			for _, e := range page.List() {
				sequences = append(sequences, e["sequence"])
			}
			stage.Owner.Post("/v1/projects", M{"name": "More " + harness.Unique()}).Want(201)
			path = page.Next()
		}
		if diff := cmp.Diff([]any{6.0, 5.0, 4.0, 3.0, 2.0, 1.0}, sequences); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTenantsReadTheirOwnAuditOnly(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage, other := s.Stage(t), s.Stage(t)
		project := other.Owner.Post("/v1/projects", M{"name": "Canary " + harness.Unique()}).Want(201).Text("id")
		for _, path := range []string{"/v1/audit?resource_id=" + project, "/v1/audit?actor_id=" + other.Outsider.ID, "/v1/audit", "/v1/audit/export", "/v1/audit/export?format=csv"} {
			if text := string(stage.Owner.Get(path).Want(200).Body); strings.Contains(text, project) || strings.Contains(text, other.Organization) {
				t.Errorf("%s shows another's: %s", path, text)
			}
		}
		for _, e := range stage.Owner.Get("/v1/audit").Want(200).List() {
			if e["org_id"] != stage.Organization {
				t.Errorf("the list has %v", e)
			}
		}
		for _, method := range []string{"PUT", "DELETE", "PATCH", "POST"} {
			stage.Owner.Do(method, "/v1/audit", nil).Refused(405, "METHOD_NOT_ALLOWED")
		}
	})
}

func TestTheAuditIsExported(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		stage.Owner.With("X-Request-ID", `=HYPERLINK("http://evil"),"x`).Post("/v1/projects", M{"name": `He said, "=1+1"`}).Want(201)
		stage.Owner.Post("/v1/members/invite", M{"email": harness.NewEmail()}).Want(201)
		want := stage.Owner.Get("/v1/audit").Want(200).List()

		lines := stage.Owner.Get("/v1/audit/export").Want(200)
		var got []M
		for line := range strings.Lines(string(lines.Body)) {
			var e M
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the lines differ from the list (-list +lines):\n%s", diff)
		}
		table := stage.Owner.Get("/v1/audit/export?format=csv").Want(200)
		if !strings.HasPrefix(table.Header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(table.Header.Get("Content-Type"), "text/csv") {
			t.Errorf("the table comes as %v", table.Header)
		}
		rows, err := csv.NewReader(strings.NewReader(string(table.Body))).ReadAll()
		if err != nil || len(rows) != 1+len(want) {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		if diff := cmp.Diff(sorted(slices.Collect(maps.Keys(want[0]))...), sorted(slices.Clone(rows[0])...)); diff != "" {
			t.Errorf("the columns (-members +columns):\n%s", diff)
		}
		for _, row := range rows[1:] {
			for _, cell := range row {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
					t.Errorf("a spreadsheet computes %q", cell)
				}
			}
		}
		one := stage.Owner.Get("/v1/audit/export?action=member.invited").Want(200)
		if strings.Count(string(one.Body), "\n") != 1 {
			t.Errorf("the filtered export is %s", one.Body)
		}
		if none := stage.Owner.Get("/v1/audit/export?action=key.revoked").Want(200); len(none.Body) != 0 {
			t.Errorf("an export of nothing is %s", none.Body)
		}
		stage.Owner.Get("/v1/audit/export?format=xml").Refused(400, "VALIDATION_FAILED").Names("format")
	})
}

func TestALongExportIsWhole(t *testing.T) {
	harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
		stage := s.Stage(t)
		project := "/v1/projects/" + stage.Project
		for i := range 12 {
			stage.Owner.Patch(project, M{"name": fmt.Sprint("Name ", i)}).Want(200)
		}
		// Entries are copied behind the program's back: the chain is broken then,
		// and the export is not about that.
		s.Exec(t, `INSERT INTO audit_entries (organization_id, sequence, id, actor_type, actor_id, address, request_id, dialect, action, resource_type,
				resource_id, before_state, after_state, metadata, created_at, hash)
			SELECT e.organization_id, e.sequence + 12 * f.sequence * 13, `+newID(s)+`, e.actor_type, e.actor_id, e.address, e.request_id, e.dialect, e.action,
				e.resource_type, e.resource_id, e.before_state, e.after_state, e.metadata, e.created_at, e.hash
			FROM audit_entries e CROSS JOIN audit_entries f CROSS JOIN audit_entries g
			WHERE e.organization_id = $1 AND f.organization_id = $1 AND g.organization_id = $1 AND g.sequence = 1`, stage.Organization)
		want := s.Count(t, "SELECT count(*) FROM audit_entries WHERE organization_id = $1", stage.Organization)
		if got := strings.Count(string(stage.Owner.Get("/v1/audit/export").Want(200).Body), "\n"); got != want || want < 150 {
			t.Errorf("the export has %d of %d entries", got, want)
		}
	})
}

// newID is an SQL expression for a random id.
func newID(s *harness.Server) string {
	if s.Database.Engine == harness.Postgres {
		return "gen_random_uuid()"
	}
	return "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-7' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
}

// verifyAudit runs the program's own examination.
func verifyAudit(t *testing.T, s *harness.Server, code int, arguments ...string) string {
	t.Helper()
	env := harness.Environment{"DATABASE_URL": s.Database.URL}
	if s.Database.MasterKey != "" {
		env["MASTER_KEY"] = s.Database.MasterKey
	}
	outcome := harness.Run(t, env, append([]string{"audit", "verify"}, arguments...)...)
	if outcome.Code != code {
		t.Errorf("audit verify ended with %d, want %d\n%s%s", outcome.Code, code, outcome.Stdout, outcome.Stderr)
	}
	return outcome.Stdout
}

func TestATamperedAuditShows(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		ada, bob := s.Register(t), s.Register(t)
		for _, p := range []harness.Person{ada, bob} {
			for range 4 {
				p.Post("/v1/projects", M{"name": "P " + harness.Unique()}).Want(201)
			}
		}
		verifyAudit(t, s, 0)
		if out := verifyAudit(t, s, 0, ada.Organization); !strings.Contains(out, "5 entries") {
			t.Errorf("it finds %s", out)
		}
		if out := verifyAudit(t, s, 1, "01890a5d-ac96-774b-bcce-b302099a8057"); !strings.Contains(out, "0 entries") {
			t.Errorf("of a chain that never was it says %s", out)
		}
		chain := "organization_id = '" + ada.Organization + "'"
		backup := func(table string) { s.Exec(t, "CREATE TABLE kept_"+table+" AS SELECT * FROM "+table) }
		backup("audit_entries")
		backup("audit_heads")
		for name, tamper := range map[string]struct {
			statements []string
			at         string
		}{
			"a changed action":  {[]string{"UPDATE audit_entries SET action = 'project.deleted' WHERE sequence = 3 AND " + chain}, "3"},
			"a changed actor":   {[]string{"UPDATE audit_entries SET actor_id = '" + bob.ID + "' WHERE sequence = 2 AND " + chain}, "2"},
			"a changed state":   {[]string{"UPDATE audit_entries SET after_state = '{}' WHERE sequence = 4 AND " + chain}, "4"},
			"a changed address": {[]string{"UPDATE audit_entries SET address = '10.0.0.1' WHERE sequence = 1 AND " + chain}, "1"},
			"a changed hash":    {[]string{"UPDATE audit_entries SET hash = (SELECT hash FROM kept_audit_entries WHERE sequence = 1 AND " + chain + ") WHERE sequence = 2 AND " + chain}, "2"},
			"a changed time":    {[]string{"UPDATE audit_entries SET created_at = (SELECT created_at FROM kept_audit_entries WHERE sequence = 1 AND " + chain + ") WHERE sequence = 5 AND " + chain}, "5"},
			"a missing entry":   {[]string{"DELETE FROM audit_entries WHERE sequence = 3 AND " + chain}, "3"},
			"a missing first":   {[]string{"DELETE FROM audit_entries WHERE sequence = 1 AND " + chain}, "1"},
			"a missing last":    {[]string{"DELETE FROM audit_entries WHERE sequence = 5 AND " + chain}, "5"},
			"a hidden gap": {[]string{
				"DELETE FROM audit_entries WHERE sequence = 2 AND " + chain, "UPDATE audit_entries SET sequence = 2 WHERE sequence = 3 AND " + chain,
			}, "2"},
			"swapped entries": {[]string{
				"UPDATE audit_entries SET sequence = 99 WHERE sequence = 2 AND " + chain, "UPDATE audit_entries SET sequence = 2 WHERE sequence = 3 AND " + chain,
				"UPDATE audit_entries SET sequence = 3 WHERE sequence = 99 AND " + chain,
			}, "2"},
			"an entry of another": {[]string{
				"DELETE FROM audit_entries WHERE sequence = 2 AND " + chain,
				"UPDATE audit_entries SET organization_id = '" + ada.Organization + "' WHERE sequence = 2 AND organization_id = '" + bob.Organization + "'",
			}, "2"},
			"a turned back head": {[]string{"UPDATE audit_heads SET sequence = 4, hash = (SELECT hash FROM kept_audit_entries WHERE sequence = 4 AND " + chain + ") WHERE " + chain}, "5"},
		} {
			for _, statement := range tamper.statements {
				s.Exec(t, statement)
			}
			out := verifyAudit(t, s, 1)
			if !strings.Contains(out, ada.Organization+": BROKEN at "+tamper.at+":") {
				t.Errorf("%s: %s", name, out)
			}
			for _, table := range []string{"audit_entries", "audit_heads"} {
				s.Exec(t, "DELETE FROM "+table)
				s.Exec(t, "INSERT INTO "+table+" SELECT * FROM kept_"+table)
			}
		}
		verifyAudit(t, s, 0)
		s.Exec(t, "DROP TABLE kept_audit_entries")
		s.Exec(t, "DROP TABLE kept_audit_heads")
	})
}

func TestTheHeadTellsACutTail(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		s := harness.Start(t, d)
		ada := s.Register(t)
		head := func() string {
			env := harness.Environment{"DATABASE_URL": d.URL}
			if d.MasterKey != "" {
				env["MASTER_KEY"] = d.MasterKey
			}
			outcome := harness.Run(t, env, "audit", "head", ada.Organization)
			if outcome.Code != 0 {
				t.Fatal(outcome.Stderr)
			}
			return strings.TrimSpace(outcome.Stdout)
		}
		ada.Post("/v1/projects", M{"name": "One"}).Want(201)
		kept := head()
		hash, _ := ada.Get("/v1/audit?limit=1").Want(200).List()[0]["hash"].(string)
		if kept != ada.Organization+" 2 "+hash {
			t.Errorf("the head is %s", kept)
		}
		ada.Post("/v1/projects", M{"name": "Two"}).Want(201)
		if head() == kept {
			t.Error("the head did not move")
		}
		verifyAudit(t, s, 0)
	})
}
