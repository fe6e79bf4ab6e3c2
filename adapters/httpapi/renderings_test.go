package httpapi

import (
	"strings"
	"testing"

	"github.com/tenantry/tenantry/domain/environment"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/ports"
)

func TestAnAnswerServesTheKnowledgeThatItWasWrittenFrom(t *testing.T) {
	t.Parallel()
	at := func(slug string) *ports.Opened {
		return &ports.Opened{Place: &ports.Place{Environment: environment.Environment{Slug: naming.StoredSlug(slug)}}}
	}
	before, after := at("before"), at("after") // of one key, and so with one place
	var kept renderings
	for _, of := range []*ports.Opened{before, before, after, before} {
		answer, err := kept.render(of)
		if err != nil {
			t.Fatal(err)
		}
		if want := `"slug":"` + of.Environment.Slug.String() + `"`; !strings.Contains(string(answer.body), want) {
			t.Errorf("%s has no %s", answer.body, want)
		}
		again, err := kept.render(of)
		if err != nil || again != answer {
			t.Errorf("it was written again: %v", err)
		}
	}
}
