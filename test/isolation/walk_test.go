package isolation

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/mailsink"
)

// walk is people who do whatever comes to mind in three organizations, and what
// the model says of it.
type walk struct {
	*testing.T
	*model
	server *harness.Server
	sink   *mailsink.Sink
	trail  []string
	counts map[string]int
}

// TestARandomWalkIsWhereTheModelSays lets people act at random. Everything that
// is answered is what the model expects: the status of each act, and each list to
// its last id.
func TestARandomWalkIsWhereTheModelSays(t *testing.T) {
	harness.ForEachDatabase(t, func(t *testing.T, d *harness.Database) {
		seed := rand.Uint64()
		if told, err := strconv.ParseUint(os.Getenv("TENANTRY_TEST_SEED"), 10, 64); err == nil {
			seed = told
		}
		t.Logf("TENANTRY_TEST_SEED=%d", seed)
		w := &walk{
			T: t, model: &model{dice: rand.New(rand.NewPCG(seed, 0))}, //nolint:gosec // to be repeated, not guessed
			sink: mailsink.Start(t, mailsink.Options{}), counts: map[string]int{},
		}
		w.server = harness.Start(t, d, harness.Environment{
			"SMTP_URL": w.sink.URL(), "MAIL_FROM": "Tenantry <accounts@example.com>", "REAUTH_MINUTES": "1000", "TOKEN_TTL_MINUTES": "1000",
		})
		for range 6 {
			p := w.server.Register(t)
			p.Post("/v1/auth/verify-email", M{"token": w.sink.Wait(t, p.Email, "Confirm").Token()}).Want(204)
			w.people = append(w.people, &human{Person: p})
		}
		for _, p := range w.people[:3] {
			w.founds(p)
		}
		steps := harness.Rounds(1000, 100_000)
		for range steps {
			w.step()
		}
		harness.Figure(t, "random walk against a model, "+string(d.Engine), "%d steps, 0 deviations (%s)", steps, w.counted())
	})
}

// counted are the acts, each with how often it was answered how.
func (w *walk) counted() string {
	var all []string
	for what, n := range w.counts {
		all = append(all, fmt.Sprintf("%s %d", what, n))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// step is one act of one person, in one of the organizations.
func (w *walk) step() {
	w.Helper()
	who, in := pick(w.model, w.people), pick(w.model, w.living())
	switch w.dice.IntN(6) {
	case 0: // anywhere, and where nothing is any more
		in = pick(w.model, w.houses)
	case 1:
	default: // where they belong
		if own := slices.DeleteFunc(w.living(), func(h *house) bool { return h.seatOf(who) == nil }); len(own) > 0 {
			in = pick(w.model, own)
		}
	}
	client := who.In(in.id)
	if w.dice.IntN(3) == 0 && who.active != nil {
		in, client = who.active, who.Client // without the header the session's is meant
	}
	a := act{w, who, in, in.seatOf(who), client}
	pick(w.model, acts)(a)
}

// act is somebody about to do something.
type act struct {
	*walk
	who    *human
	in     *house
	seat   *seat
	client *harness.Client
}

// says judges an answer by the model, and ends the walk where it is another.
func (a act) says(r *harness.Response, want int) bool {
	a.Helper()
	name, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/v1/"), "/")
	a.counts[strconv.Itoa(want)]++
	a.trail = append(a.trail, fmt.Sprintf("%s %s %s as %v in %s: %d", a.who.Email, r.Method, r.Path, a.seat, a.in.id, r.Status))
	a.walk.trail = a.trail[max(0, len(a.trail)-40):]
	if r.Status != want {
		a.Fatalf("the model expects %d of %s:\n%s\n%s", want, name, strings.Join(a.trail, "\n"), r.Body)
	}
	return want < 300
}

// lists compares a list with what the model has.
func (a act) lists(r *harness.Response, want []string) {
	a.Helper()
	var got []string
	for _, item := range r.List() {
		got = append(got, item["id"].(string))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		a.Fatalf("the model expects another list (-model +program):\n%s\n%s", diff, strings.Join(a.trail, "\n"))
	}
}

// founds makes a house.
func (w *walk) founds(p *human) {
	w.Helper()
	r := p.Post("/v1/organizations", M{"name": "House " + harness.Unique()}).Want(201)
	h := &house{id: r.Text("id"), slug: r.Text("slug"), members: map[*human]*seat{}}
	for _, m := range p.In(h.id).Get("/v1/members").Want(200).List() {
		h.members[p] = &seat{m["id"].(string), m["role"].(string)}
	}
	h.works = append(h.works, w.seen(p.In(h.id), h, r.Text("project.id"), r.Text("project.slug")))
	w.houses = append(w.houses, h)
	if i := slices.IndexFunc(w.houses, func(h *house) bool { return h.gone }); i >= 0 && len(w.houses) > 8 {
		w.houses = slices.Delete(w.houses, i, i+1) // some that are gone stay, to be asked for
	}
}

// seen is a project as the program shows it, just after it was made.
func (w *walk) seen(client *harness.Client, of *house, id, slug string) *work {
	w.Helper()
	made := &work{id: id, slug: slug, of: of}
	for _, e := range client.Get("/v1/projects/" + id + "/environments").Want(200).List() {
		made.stages = append(made.stages, &stage{id: e["id"].(string), of: made, protected: e["protected"] == true})
	}
	return made
}

// ids are those of the things that are there.
func ids[T any](all []T, there func(T) bool, id func(T) string) []string {
	var found []string
	for _, one := range all {
		if there(one) {
			found = append(found, id(one))
		}
	}
	return found
}
