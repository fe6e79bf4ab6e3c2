package httpapi

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/membership"
	"github.com/tenantry/tenantry/ports"
)

// recorded is a world with an admin and n entries, of which each second one
// tells of a role.
func recorded(n int) *world {
	w := newWorld()
	w.role = membership.Admin
	for sequence := int64(n); sequence > 0; sequence-- {
		e := audit.Entry{
			ID: audit.ID(uuid.UUID{15: byte(sequence)}), Chain: audit.OfOrganization(home), Sequence: sequence, Action: audit.ProjectCreated,
			Origin:       audit.Origin{ActorType: audit.Account, ActorID: ada.String(), Address: "192.0.2.1", RequestID: "r"},
			ResourceType: "project", ResourceID: away.String(), After: `{"name":"a, \"b\""}`, CreatedAt: noon, Hash: audit.Hash{0xab, 31: 0xcd},
		}
		if sequence%2 == 0 {
			e.Action = audit.MemberRoleChanged
		}
		w.entries = append(w.entries, e)
	}
	return w
}

// walkAudit follows the links from the target, and returns the sequences.
func walkAudit(t *testing.T, h http.Handler, target string) (seen []int64, targets []string) {
	t.Helper()
	for target != "" {
		targets = append(targets, target)
		answer := ask(t, h, http.MethodGet, target, "", authorized)
		var page []struct{ Sequence int64 }
		if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || answer.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", target, answer.Code, answer.Body.String())
		}
		for _, e := range page {
			seen = append(seen, e.Sequence)
		}
		target = ""
		if link := answer.Header().Get("Link"); link != "" {
			target = linkForm.FindStringSubmatch(link)[1]
		}
	}
	return seen, targets
}

func TestTheAuditIsWalkedFromTheNewestToTheOldest(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, recorded(7))
	seen, targets := walkAudit(t, h, "/v1/audit?limit=3")
	if difference := cmp.Diff([]int64{7, 6, 5, 4, 3, 2, 1}, seen); difference != "" || len(targets) != 3 {
		t.Error(targets, difference)
	}
	if seen, _ = walkAudit(t, h, "/v1/audit?limit=3&offset=2"); !cmp.Equal([]int64{5, 4, 3, 2, 1}, seen) {
		t.Error(seen)
	}
}

func TestTheNextPageIsNarrowedLikeTheFirst(t *testing.T) {
	t.Parallel()
	narrowing := url.Values{
		"action": {"member.role_changed"}, "actor_id": {ada.String()}, "resource_type": {"project"},
		"resource_id": {away.String()}, "from": {"2020-01-01T00:00:00.5Z"}, "to": {"2030-01-01T00:00:00Z"},
	}
	seen, targets := walkAudit(t, newTestHandler(t, recorded(7)), "/v1/audit?limit=2&"+narrowing.Encode())
	if difference := cmp.Diff([]int64{6, 4, 2}, seen); difference != "" {
		t.Error(difference)
	}
	second, err := url.Parse(targets[len(targets)-1])
	if err != nil || len(targets) != 2 {
		t.Fatal(targets, err)
	}
	query := second.Query()
	query.Del("after")
	query.Del("limit")
	if difference := cmp.Diff(narrowing, query); difference != "" {
		t.Error(difference)
	}
}

func TestThePositionOfAnEntryReadsBackAsItsSequence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sequence := rapid.Int64Min(1).Draw(t, "sequence")
		if got := sequenceAt(positionOfEntry(audit.Entry{Sequence: sequence})); got != sequence {
			t.Fatalf("%d became %d", sequence, got)
		}
	})
}

func TestACursorOfAnotherListIsNoneOfTheAudit(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, recorded(7))
	key := cursors{key: make([]byte, 32)}
	position := positionOfEntry(audit.Entry{Sequence: 3})
	if seen, _ := walkAudit(t, h, "/v1/audit?after="+key.encode(listOf("/v1/audit", home.String()), position)); !cmp.Equal([]int64{2, 1}, seen) {
		t.Error(seen)
	}
	for _, cursor := range []string{
		"3", key.encode(listOf("/v1/audit", away.String()), position), key.encode(listOf("/v1/members", home.String()), position),
	} {
		refused(t, ask(t, h, http.MethodGet, "/v1/audit?after="+cursor, "", authorized), http.StatusBadRequest, "INVALID_CURSOR")
	}
}

func TestAFilterThatNothingCanMeetIsRefusedByName(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, recorded(1))
	cursor := cursors{key: make([]byte, 32)}.encode(listOf("/v1/audit", home.String()), positionOfEntry(audit.Entry{Sequence: 1}))
	for query, name := range map[string]string{
		"offset=10001": "offset", "offset=-1": "offset", "offset=1&after=" + cursor: "offset", "limit=101": "limit",
		"action=nope": "action", "actor_id=x": "actor_id", "resource_id=%00": "resource_id", "resource_type=%00": "resource_type",
		"from=yesterday": "from", "to=2026-13-01T00:00:00Z": "to", "from=0000-01-01T00:00:00Z": "from",
		"to=9999-12-31T23:59:59-01:00": "to", "sequence=1": "sequence", "format=csv": "format",
	} {
		p := refused(t, ask(t, h, http.MethodGet, "/v1/audit?"+query, "", authorized), http.StatusBadRequest, "VALIDATION_FAILED")
		if len(p.Fields) != 1 || p.Fields[0].Field != name {
			t.Errorf("%s: %v", query, p.Fields)
		}
	}
}

func TestAnEntryShowsItsStatesAsObjectsAndItsHashInHexadecimal(t *testing.T) {
	t.Parallel()
	answer := ask(t, newTestHandler(t, recorded(1)), http.MethodGet, "/v1/audit", "", authorized)
	var page []map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || len(page) != 1 {
		t.Fatalf("%d %s", answer.Code, answer.Body.String())
	}
	want := map[string]any{
		"id": "00000000-0000-0000-0000-000000000001", "org_id": home.String(), "sequence": 1.0,
		"actor_id": ada.String(), "actor_type": "account", "action": "project.created",
		"resource_type": "project", "resource_id": away.String(),
		"before_state": nil, "after_state": map[string]any{"name": `a, "b"`}, "metadata": nil,
		"address": "192.0.2.1", "request_id": "r", "dialect": nil, "created_at": "2026-01-31T12:00:00Z",
		"hash": "ab" + strings.Repeat("00", 30) + "cd",
	}
	if difference := cmp.Diff(want, page[0]); difference != "" {
		t.Error(difference)
	}
}

func TestAnExportHasWhatTheListHas(t *testing.T) {
	t.Parallel()
	w := recorded(1100) // more than are read at once
	h := newTestHandler(t, w)
	list := ask(t, h, http.MethodGet, "/v1/audit?limit=1", "", authorized)
	for _, target := range []string{"/v1/audit/export", "/v1/audit/export?format=jsonl"} {
		export := ask(t, h, http.MethodGet, target, "", authorized)
		lines := strings.Split(strings.TrimSpace(export.Body.String()), "\n")
		if len(lines) != len(w.entries) || "["+lines[0]+"]" != strings.TrimSpace(list.Body.String()) {
			t.Errorf("%d lines, the first %s\nwant %s", len(lines), lines[0], list.Body.String())
		}
		if got := export.Header().Get("Content-Disposition"); got != `attachment; filename="audit.jsonl"` {
			t.Error(got)
		}
	}
	table := ask(t, h, http.MethodGet, "/v1/audit/export?format=csv&action=member.role_changed", "", authorized)
	rows, err := csv.NewReader(table.Body).ReadAll()
	if err != nil || len(rows) != 1+len(w.entries)/2 || table.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if !cmp.Equal(rows[0], auditColumns) || rows[1][2] != strconv.Itoa(len(w.entries)) || rows[1][9] != `{"name":"a, \"b\""}` {
		t.Error(rows[:2])
	}
}

func TestAnEmptyExportIsEmptyAndNoError(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, recorded(0))
	if w := ask(t, h, http.MethodGet, "/v1/audit/export?format=jsonl", "", authorized); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("%d %q", w.Code, w.Body.String())
	}
	w := ask(t, h, http.MethodGet, "/v1/audit/export?format=csv", "", authorized)
	if got := strings.TrimSpace(w.Body.String()); got != strings.Join(auditColumns, ",") {
		t.Errorf("%q", got)
	}
}

func TestNoCellOfAnExportIsAFormula(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[=+\-@\t\r\n]?[ -~]{0,8}`).Draw(t, "request id")
		var table bytes.Buffer
		if err := writeCSV(&table, []audit.Entry{{Origin: audit.Origin{RequestID: id, ActorID: id}, ResourceID: id}}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&table).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range rows[0] {
			if strings.IndexAny(cell, "=+-@\t\r\n") == 0 {
				t.Fatalf("%q begins a formula", cell)
			}
		}
	})
}

func TestAnExportIsRefusedLikeTheList(t *testing.T) {
	t.Parallel()
	w := recorded(1)
	h := newTestHandler(t, w)
	refused(t, ask(t, h, http.MethodGet, "/v1/audit/export?format=xml", "", authorized), http.StatusBadRequest, "VALIDATION_FAILED")
	refused(t, ask(t, h, http.MethodGet, "/v1/audit/export", "", authorized, "X-Organization-ID: "+away.String()), http.StatusNotFound, "NOT_FOUND")
	w.role = membership.Developer
	refused(t, ask(t, h, http.MethodGet, "/v1/audit/export", "", authorized), http.StatusForbidden, "FORBIDDEN")
}

// failingLater answers the first page of the audit and no other.
type failingLater struct{ *world }

func (f failingLater) View(_ context.Context, fn func(ports.Tx) error) error { return fn(f) }

func (f failingLater) AuditLog(access.Grant) ports.AuditLog { return brokenAuditLog{f.world} }

type brokenAuditLog struct{ world *world }

func (l brokenAuditLog) List(ctx context.Context, filter ports.AuditFilter, page ports.AuditPage) ([]audit.Entry, error) {
	if page.Before != 0 {
		return nil, errors.New("the disk is gone")
	}
	return worldAuditLog{world: l.world}.List(ctx, filter, page)
}

func TestAnExportThatFailsLaterDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	var out logs
	h, err := New(recorded(1100).optionsOver(func(w *world) ports.Store { return failingLater{w} }, &out))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/audit/export", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+goodToken)
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end, or to the failure
	body, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) || len(body) == 0 {
		t.Errorf("%d, %d bytes, %v", response.StatusCode, len(body), err)
	}
	if !strings.Contains(out.String(), "the disk is gone") || strings.Contains(string(body), "disk") {
		t.Error(out.String())
	}
}

func TestTheListOfMembersKeepsItsFilter(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, newWorld())
	w := ask(t, h, http.MethodGet, "/v1/members?limit=1&status=invited&role=&q=a%26b", "", authorized)
	if link := w.Header().Get("Link"); !strings.HasSuffix(link, `&limit=1&q=a%26b&status=invited>; rel="next"`) {
		t.Errorf("%d %s", w.Code, link)
	}
	for _, query := range []string{"status=gone", "role=OWNER", "q=%00", "q=" + strings.Repeat("a", 255)} {
		refused(t, ask(t, h, http.MethodGet, "/v1/members?"+query, "", authorized), http.StatusBadRequest, "VALIDATION_FAILED")
	}
}
