package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"sync/atomic"

	"github.com/tenantry/tenantry/ports"
)

// renderingPlaces is for how many keys an answer is kept that is ready to be
// sent: some 5 MB at most.
const renderingPlaces = 4096

// renderings are what keys open, written as the SDK plane answers it. Each key
// has one place, which it shares with others; the last one has it. Whether the
// key is good was decided before: an answer serves the very knowledge that it was
// written from and no other.
type renderings struct {
	places [renderingPlaces]atomic.Pointer[rendering]
}

// rendering is an answer with its ETag. It is shared by requests, which must not
// write to it.
type rendering struct {
	of   *ports.Opened
	body []byte
	tag  []string
}

// render returns what the key opens.
func (r *renderings) render(opened *ports.Opened) (*rendering, error) {
	id := opened.Key.ID
	place := &r.places[binary.BigEndian.Uint16(id[len(id)-2:])%renderingPlaces]
	if kept := place.Load(); kept != nil && kept.of == opened {
		return kept, nil
	}
	body, err := json.Marshal(showOpened(opened))
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(body)
	made := &rendering{opened, body, []string{`"` + base64.RawURLEncoding.EncodeToString(digest[:16]) + `"`}}
	place.Store(made)
	return made, nil
}
