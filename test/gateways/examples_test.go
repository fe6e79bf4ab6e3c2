package gateways

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/test/harness"
)

// example is one of docs/examples: how to put it into a directory and call it.
type example struct {
	name  string
	place func(t *testing.T, directory string) (program string, arguments []string)
}

var examples = []example{
	{"Go", func(t *testing.T, directory string) (string, []string) {
		t.Helper()
		program := filepath.Join(directory, "backend")
		build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "./docs/examples/go-backend")
		build.Dir = harness.Root(t)
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return program, nil
	}},
	{"JavaScript", func(t *testing.T, directory string) (string, []string) {
		t.Helper()
		source, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", "examples", "js-backend", "server.js"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, "server.js"), source, 0o644); err != nil {
			t.Fatal(err)
		}
		return harness.Find(t, "node"), []string{"server.js"}
	}},
}

func forEachExample(t *testing.T, test func(t *testing.T, e example)) {
	t.Helper()
	t.Parallel()
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			test(t, e)
		})
	}
}

// start runs the example and returns its address.
func (e example) start(t *testing.T, env harness.Environment) string {
	t.Helper()
	directory := harness.OpenDirectory(t)
	program, arguments := e.place(t, directory)
	env["LISTEN"] = harness.FreeAddress(t)
	harness.StartNeighbor(t, env["LISTEN"], directory, env, program, arguments...)
	return "http://" + env["LISTEN"]
}

// shop orders by a key and lists what was ordered.
func shop(t *testing.T, at, key, order string) (listed []string) {
	t.Helper()
	if status, _, text := ask(t, "POST", at+"/orders", order, "X-Api-Key: "+key); status != 201 {
		t.Fatalf("an order is answered %d %s", status, text)
	}
	status, _, text := ask(t, "GET", at+"/orders", "", "X-Api-Key: "+key)
	if err := json.Unmarshal([]byte(text), &listed); err != nil || status != 200 {
		t.Fatalf("the list is answered %d %s", status, text)
	}
	return listed
}

func checkShop(t *testing.T, at string, ada, bob harness.Person) {
	t.Helper()
	hers, _ := ada.NewKey(t, ada.Production, wanted)
	second, _ := ada.NewKey(t, ada.Production, wanted)
	his, _ := bob.NewKey(t, bob.Production, wanted)
	shop(t, at, hers, "tea")
	shop(t, at, his, "coffee")
	for key, want := range map[string][]string{second: {"tea", "cake"}, his: {"coffee", "cake"}} {
		if diff := cmp.Diff(want, shop(t, at, key, "cake")); diff != "" {
			t.Errorf("the orders (-want +got):\n%s", diff)
		}
	}
	dev, _ := ada.NewKey(t, ada.Dev, wanted)
	narrow, _ := ada.NewKey(t, ada.Production, otherScope)
	for header, want := range map[string]int{
		"Accept: */*": 401, "X-Api-Key: x": 401, "X-Api-Key: " + hers[:len(hers)-1] + "!": 401, "X-Api-Key: " + dev: 403, "X-Api-Key: " + narrow: 403,
	} {
		for _, method := range []string{"GET", "POST"} {
			if status, _, _ := ask(t, method, at+"/orders", "x", header, "X-Tenantry-Organization: "+ada.Organization); status != want {
				t.Errorf("%s with %.20s…: %d, want %d", method, header, status, want)
			}
		}
	}
	if status, _, _ := ask(t, "GET", at+"/elsewhere", "", "X-Api-Key: "+hers); status != 404 {
		t.Errorf("elsewhere is %d", status)
	}
	if status, _, _ := ask(t, "POST", at+"/orders", string(make([]byte, 5000)), "X-Api-Key: "+hers); status != 400 {
		t.Errorf("a large order is %d", status)
	}
}

func TestTheExamplesServeBehindAGateway(t *testing.T) {
	forEachExample(t, func(t *testing.T, e example) {
		s := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
		backend := e.start(t, harness.Environment{})
		if status, _, _ := ask(t, "GET", backend+"/orders", ""); status != 401 {
			t.Errorf("without the gateway's headers: %d", status)
		}
		checkShop(t, gateways[0].start(t, s.Address(), hostOf(backend)), s.Register(t), s.Register(t))
	})
}

func TestTheExamplesAskAboutKeysThemselves(t *testing.T) {
	forEachExample(t, func(t *testing.T, e example) {
		s := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
		ada, bob := s.Register(t), s.Register(t)
		checkShop(t, e.start(t, harness.Environment{"TENANTRY_URL": s.URL, "TENANTRY_TOKEN": harness.AdminToken}), ada, bob)

		// By an account key, a backend learns of its own organizations' keys alone.
		account := ada.Post("/v1/auth/keys", M{"name": "Backend"}).Want(201).Text("key")
		narrow := e.start(t, harness.Environment{"TENANTRY_URL": s.URL, "TENANTRY_TOKEN": account})
		hers, _ := ada.NewKey(t, ada.Production, wanted)
		his, _ := bob.NewKey(t, bob.Production, wanted)
		shop(t, narrow, hers, "tea")
		if status, _, _ := ask(t, "GET", narrow+"/orders", "", "X-Api-Key: "+his); status != 401 {
			t.Errorf("a key of another organization is answered %d", status)
		}
	})
}

func TestTheExamplesBelieveAKeyForASecondAtMost(t *testing.T) {
	forEachExample(t, func(t *testing.T, e example) {
		s := harness.Start(t, harness.NewDatabase(t, harness.SQLite))
		ada := s.Register(t)
		key, id := ada.NewKey(t, ada.Production, wanted)
		target, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		var asked atomic.Int64
		proxy := httputil.NewSingleHostReverseProxy(target)
		counted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			proxy.ServeHTTP(w, r)
		}))
		t.Cleanup(counted.Close)
		at := e.start(t, harness.Environment{"TENANTRY_URL": counted.URL, "TENANTRY_TOKEN": harness.AdminToken})

		begun := time.Now()
		for range 50 {
			if status, _, _ := ask(t, "GET", at+"/orders", "", "X-Api-Key: "+key); status != 200 {
				t.Fatalf("a good key is answered %d", status)
			}
		}
		if most := 1 + int64(time.Since(begun)/time.Second); asked.Load() > most {
			t.Errorf("Tenantry was asked %d times within %s", asked.Load(), time.Since(begun))
		}
		ada.Delete("/v1/api-keys/" + id).Want(204)
		stopsWithinASecond(t, at+"/orders", key)
	})
}

func TestTheExamplesLetNobodyInWhenTenantryCannotSay(t *testing.T) {
	forEachExample(t, func(t *testing.T, e example) {
		down := e.start(t, harness.Environment{"TENANTRY_URL": "http://" + harness.FreeAddress(t), "TENANTRY_TOKEN": harness.AdminToken})
		if status, _, _ := once(t, "GET", down+"/orders", "", "X-Api-Key: x"); status != 503 {
			t.Errorf("a server that died: %d", status)
		}
		s := harness.Start(t, harness.NewDatabase(t, harness.SQLite), harness.Environment{"RATE_ENVIRONMENT_PER_MINUTE": "1"})
		ada := s.Register(t)
		key, _ := ada.NewKey(t, ada.Production, wanted)
		second, _ := ada.NewKey(t, ada.Production, wanted)
		at := e.start(t, harness.Environment{"TENANTRY_URL": s.URL, "TENANTRY_TOKEN": harness.AdminToken})
		if status, _, _ := ask(t, "GET", at+"/orders", "", "X-Api-Key: "+key); status != 200 {
			t.Errorf("the first key: %d", status)
		}
		if status, _, _ := ask(t, "GET", at+"/orders", "", "X-Api-Key: "+second); status != 429 {
			t.Errorf("an environment over its limit: %d", status)
		}
		refused := e.start(t, harness.Environment{"TENANTRY_URL": s.URL, "TENANTRY_TOKEN": "not the token"})
		if status, _, _ := once(t, "GET", refused+"/orders", "", "X-Api-Key: "+key); status != 503 {
			t.Errorf("a backend with a wrong token: %d", status)
		}
	})
}
