// Command go-backend is a tiny product, a list of orders, that leaves keys to
// Tenantry. It shows both ways: behind a gateway it believes the gateway's
// headers; without one it asks Tenantry about each key, and remembers a good
// one for a second.
package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
)

// caller is whose a request is. A product keeps its customers apart by
// Organization.
type caller struct {
	Organization string `json:"organization"`
	Environment  string `json:"environment"`
	Key          string `json:"key"`
}

// identify says who is calling; where nobody is, status is what to answer.
type identify func(r *http.Request) (who caller, status int)

// fromGateway believes the headers. Only a gateway may be able to reach this
// program then: whoever else could, could write them.
func fromGateway(r *http.Request) (caller, int) {
	who := caller{r.Header.Get("X-Tenantry-Organization"), r.Header.Get("X-Tenantry-Environment"), r.Header.Get("X-Tenantry-Key")}
	if who.Organization == "" {
		return caller{}, http.StatusUnauthorized
	}
	return who, http.StatusOK
}

// orders are kept apart by organization.
type orders struct {
	mu   sync.Mutex
	kept map[string][]string
}

func (o *orders) list(organization string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string{}, o.kept[organization]...)
}

func (o *orders) add(organization, order string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept[organization] = append(o.kept[organization], order)
}

func product(whose identify) http.Handler {
	all := &orders{kept: map[string][]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) {
		if who, known := admit(w, r, whose); known {
			answer(w, all.list(who.Organization))
		}
	})
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		who, known := admit(w, r, whose)
		if !known {
			return
		}
		order, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1000))
		if err != nil {
			http.Error(w, "an order has at most 1000 bytes", http.StatusBadRequest)
			return
		}
		all.add(who.Organization, string(order))
		w.WriteHeader(http.StatusCreated)
	})
	return mux
}

// admit refuses who is not known.
func admit(w http.ResponseWriter, r *http.Request, whose identify) (caller, bool) {
	who, status := whose(r)
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return caller{}, false
	}
	return who, true
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.Warn("the client has gone", "error", err)
	}
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	whose := identify(fromGateway)
	if token := os.Getenv("TENANTRY_TOKEN"); token != "" {
		whose = newVerifier(setting("TENANTRY_URL", "http://127.0.0.1:8080"), token).identify
	}
	server := &http.Server{
		Addr: setting("LISTEN", "127.0.0.1:3000"), Handler: product(whose),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
	}
	slog.Error("the server ended", "error", server.ListenAndServe())
	os.Exit(1)
}
