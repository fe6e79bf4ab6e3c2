package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// remembered is how long a good key is believed without asking again, and so
	// how much longer than in Tenantry a revoked one works here.
	remembered = time.Second
	// mostRemembered bounds the memory.
	mostRemembered = 10_000
	// patience is how long Tenantry may take. Then nobody is let in.
	patience = 2 * time.Second
)

// verifier asks Tenantry about keys.
type verifier struct {
	url, token string
	client     http.Client

	mu   sync.Mutex
	good map[[sha256.Size]byte]remembrance // by the digest: the keys themselves are not kept
}

type remembrance struct {
	who   caller
	until time.Time
}

func newVerifier(url, token string) *verifier {
	return &verifier{url: url, token: token, client: http.Client{Timeout: patience}, good: map[[sha256.Size]byte]remembrance{}}
}

func (v *verifier) identify(r *http.Request) (caller, int) {
	key := r.Header.Get("X-API-Key")
	if key == "" {
		return caller{}, http.StatusUnauthorized
	}
	digest := sha256.Sum256([]byte(key))
	if who, known := v.recall(digest); known {
		return who, http.StatusOK
	}
	asked := time.Now()
	who, code, err := v.ask(r.Context(), key)
	if err != nil {
		slog.Error("Tenantry was not to be asked", "error", err)
		return caller{}, http.StatusServiceUnavailable
	}
	switch code {
	case "VALID":
		v.remember(digest, remembrance{who, asked.Add(remembered)})
		return who, http.StatusOK
	case "WRONG_ENVIRONMENT", "INSUFFICIENT_SCOPE":
		return caller{}, http.StatusForbidden
	case "RATE_LIMITED":
		return caller{}, http.StatusTooManyRequests
	default:
		return caller{}, http.StatusUnauthorized
	}
}

// ask returns whose the key is, and the code of Tenantry's verdict.
func (v *verifier) ask(ctx context.Context, key string) (caller, string, error) {
	question, err := json.Marshal(map[string]string{"key": key, "environment": "production", "scope": "api"})
	if err != nil {
		return caller{}, "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+"/v1/keys/verify", bytes.NewReader(question))
	if err != nil {
		return caller{}, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+v.token)
	answer, err := v.client.Do(r)
	if err != nil {
		return caller{}, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return caller{}, "", fmt.Errorf("it answers %s", answer.Status)
	}
	type named struct{ ID string }
	var verdict struct {
		Code                           string
		Organization, Environment, Key named
	}
	err = json.NewDecoder(answer.Body).Decode(&verdict)
	return caller{verdict.Organization.ID, verdict.Environment.ID, verdict.Key.ID}, verdict.Code, err
}

func (v *verifier) recall(digest [sha256.Size]byte) (caller, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	kept, known := v.good[digest]
	return kept.who, known && time.Now().Before(kept.until)
}

func (v *verifier) remember(digest [sha256.Size]byte, who remembrance) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.good) >= mostRemembered {
		clear(v.good) // they would be asked about within a second anyway
	}
	v.good[digest] = who
}
