package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

// spoken is a dialect in which requests fail in every way.
var spoken = Dialect{
	Name: "klingon", Title: "Klingon",
	Refusal: func(r Refusal) any { return r },
	Routes: func(*app.App) []Route {
		fails := func(err error) Endpoint {
			return Answers(204, func(context.Context, *Call, *nothing) (*nothing, error) { return nil, err })
		}
		return []Route{
			Get("/fault", ByAddress, "a", "Fail", fails(fault.ErrBusy)),
			Get("/error", ByAddress, "b", "Fail", fails(errors.New("the disk is full"))),
			Get("/panic", ByAddress, "c", "Fail", Answers(204, func(context.Context, *Call, *nothing) (*nothing, error) { panic("qapla") })),
			Get("/session", ByToken, "d", "Fail", fails(nil)),
			Post("/dialect", ByAddress, "e", "Show", Answers(200, func(_ context.Context, by *Call, _ *nothing) (*dialectOutput, error) {
				return &dialectOutput{by.Client().Dialect}, nil
			})),
		}
	},
}

type dialectOutput struct{ Body string }

func TestWhateverFailsUnderADialectIsToldInItsForm(t *testing.T) {
	t.Parallel()
	options := newWorld().options(new(logs))
	options.Dialects = []Dialect{spoken}
	h, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]Refusal{
		"/fault":   {503, "BUSY", fault.ErrBusy.Public},
		"/error":   {500, "INTERNAL", fault.ErrInternal.Public},
		"/panic":   {500, "INTERNAL", fault.ErrInternal.Public},
		"/session": {401, "CREDENTIALS_REQUIRED", "This needs an access token."},
		"/dialect": {405, "METHOD_NOT_ALLOWED", errMethod.Public},
		"/nowhere": {404, "NOT_FOUND", fault.ErrNotFound.Public},
		"/":        {404, "NOT_FOUND", fault.ErrNotFound.Public},
	} {
		w := ask(t, h, http.MethodGet, "/compat/klingon"+path, "")
		var got Refusal
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != want.Status || w.Header().Get("Content-Type") != jsonType {
			t.Errorf("%s: %d %v %s", path, w.Code, err, w.Body)
		}
		if difference := cmp.Diff(want, got); difference != "" {
			t.Errorf("%s: %s", path, difference)
		}
	}
	if w := ask(t, h, http.MethodPost, "/compat/klingon/dialect", ""); w.Body.String() != "\"klingon\"\n" {
		t.Errorf("the call speaks %s", w.Body)
	}
	for _, elsewhere := range []string{"/compat/klingon", "/compat/klingo/x", "/compat/klingonese/x", "/v1/compat/klingon/fault", "/compat//klingon/fault"} {
		refused(t, ask(t, h, http.MethodGet, elsewhere, ""), http.StatusNotFound, "NOT_FOUND")
	}
}

func TestRefusedMembersAreCalledWhatTheDialectCallsThem(t *testing.T) {
	t.Parallel()
	names := map[string]string{"name": "full_name"}
	err := Renamed(fault.ErrInvalid.WithField("name", "is long").WithField("email", "is wrong"), names)
	want := []fault.Field{{Name: "full_name", Message: "is long"}, {Name: "email", Message: "is wrong"}}
	if difference := cmp.Diff(want, fault.Of(err).Fields); difference != "" {
		t.Error(difference)
	}
	plain := errors.New("plain")
	for _, same := range []error{nil, plain, fault.ErrNotFound} {
		if got := Renamed(same, names); !errors.Is(got, same) {
			t.Errorf("%v became %v", same, got)
		}
	}
}

func TestAListWithoutPagesIsReadToItsEndOrToItsBound(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]int{0: 0, 1: 1, 100: 100, 101: 101, 999: 999, 1000: 1000, 1001: 1000, 5000: 1000} {
		got, err := Whole(func(page ports.Page[int]) (app.Listed[int], error) {
			var found app.Listed[int]
			for i := page.After + 1; i <= length && len(found.Items) < page.Limit; i++ {
				found.Items = append(found.Items, i)
			}
			found.More = page.After+len(found.Items) < length
			return found, nil
		}, func(i int) int { return i })
		if err != nil || len(got) != want || want > 0 && got[want-1] != want {
			t.Errorf("of %d: %d, %v", length, len(got), err)
		}
	}
	if _, err := Whole(func(ports.Page[int]) (app.Listed[int], error) { return app.Listed[int]{}, fault.ErrBusy }, func(i int) int { return i }); !errors.Is(err, fault.ErrBusy) {
		t.Errorf("a failure is %v", err)
	}
}
