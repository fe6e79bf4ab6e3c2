package races

import (
	"context"

	"github.com/tenantry/tenantry/domain/link"
	"github.com/tenantry/tenantry/ports"
)

// pacedLinks lets units of work meet when each has found the link, and none has
// spent it.
type pacedLinks struct {
	ports.Links
	round *round
}

// Find implements ports.Links.
func (l pacedLinks) Find(ctx context.Context, digest link.Digest) (*link.Link, error) {
	found, err := l.Links.Find(ctx, digest)
	l.round.behind.wait()
	return found, err
}
