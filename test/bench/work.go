package bench

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/tenantry/tenantry/test/harness"
)

func createKey(b *testing.B, owner harness.Person) string {
	b.Helper()
	return owner.Post("/v1/environments/"+owner.Dev+"/api-keys", harness.M{"name": "bench"}).Want(http.StatusCreated).Text("key")
}

func digest(key string) []byte {
	d := sha256.Sum256([]byte(key))
	return d[:]
}

// register makes a new account each time, as a client of its own: one network
// may ask for so many mails and no more, and registrations without a mail are
// less work.
func register(s *harness.Server) func(int) error {
	c := client(fewWorkers)
	var clients atomic.Uint32
	return func(int) error {
		var address [4]byte
		binary.BigEndian.PutUint32(address[:], 10<<24|clients.Add(1))
		body, err := json.Marshal(harness.NewRegistration())
		if err != nil {
			return err
		}
		_, err = send(c, http.MethodPost, s.URL+"/v1/auth/register", string(body), http.StatusCreated,
			"X-Forwarded-For", netip.AddrFrom4(address).String())
		return err
	}
}

// logIn lets each worker log into an account of its own.
func logIn(b *testing.B, s *harness.Server) func(int) error {
	b.Helper()
	c := client(fewWorkers)
	var bodies []string
	for range fewWorkers {
		p := s.Register(b)
		bodies = append(bodies, fmt.Sprintf(`{"email":%q,"password":%q}`, p.Email, p.Password))
	}
	return func(worker int) error {
		_, err := send(c, http.MethodPost, s.URL+"/v1/auth/login", bodies[worker], http.StatusOK)
		return err
	}
}

// refresh lets each worker follow a session of its own.
func refresh(b *testing.B, s *harness.Server) func(int) error {
	b.Helper()
	c := client(fewWorkers)
	var current []string
	for range fewWorkers {
		current = append(current, s.Register(b).RefreshToken)
	}
	return func(worker int) error {
		answer, err := send(c, http.MethodPost, s.URL+"/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, current[worker]), http.StatusOK)
		if err != nil {
			return err
		}
		var tokens struct {
			Refresh string `json:"refresh_token"`
		}
		err = json.Unmarshal([]byte(answer), &tokens)
		current[worker] = tokens.Refresh
		return err
	}
}
