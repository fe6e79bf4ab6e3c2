package app

import (
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/ports"
)

const (
	// numberedSlugs is how far a derived slug is numbered before a random
	// ending is taken instead.
	numberedSlugs = 50
	suffixLength  = 8
	suffixDigits  = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// slugs derives slugs from names.
type slugs struct{ random ports.Random }

// candidates lists what a thing of this name may be called, best first: its
// name, numbered where that is taken, and with a random ending as the last
// resort. A name that leaves nothing gives the noun with a random ending.
func (s slugs) candidates(name naming.Name, noun string) []naming.Slug {
	base, ok := name.Slug()
	if !ok {
		return []naming.Slug{naming.StoredSlug(noun).WithSuffix(s.suffix())}
	}
	list := make([]naming.Slug, 0, numberedSlugs+1)
	for n := 1; n <= numberedSlugs; n++ {
		list = append(list, base.Numbered(n))
	}
	return append(list, base.WithSuffix(s.suffix()))
}

// free returns the first candidate that is not taken.
func (s slugs) free(name naming.Name, noun string, taken func(naming.Slug) (bool, error)) (naming.Slug, error) {
	var last naming.Slug
	for _, candidate := range s.candidates(name, noun) {
		used, err := taken(candidate)
		if err != nil || !used {
			return candidate, err
		}
		last = candidate
	}
	return last, nil
}

func (s slugs) suffix() string {
	b := make([]byte, suffixLength)
	for i := range b {
		b[i] = suffixDigits[s.random.Uniform(len(suffixDigits))]
	}
	return string(b)
}
