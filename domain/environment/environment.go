// Package environment has the environments of a project: the places that a key
// opens, exactly one each.
package environment

import (
	"errors"
	"time"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
	"github.com/tenantry/tenantry/domain/project"
)

// ID identifies an environment.
type ID = id.Of[Environment]

// Environment is one stage of a project. Its slug is unique in its project.
type Environment struct {
	ID             ID
	OrganizationID organization.ID
	ProjectID      project.ID
	Name           naming.Name
	Slug           naming.Slug
	Kind           Kind
	Color          Color
	Protected      bool // see Confirmed and Rest
	Version        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// ErrSlugTaken is an environment's slug that another of the project has.
var ErrSlugTaken = fault.Declare(fault.Conflict, "ENVIRONMENT_SLUG_TAKEN", "Another environment of this project has this slug.")

// Kind is what an environment is for; the prefix of its keys tells it.
type Kind string

// The kinds of environments.
const (
	Development Kind = "development"
	Staging     Kind = "staging"
	Production  Kind = "production"
)

var errKind = errors.New("must be development, staging or production")

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{Development, Staging, Production} }

// ParseKind reads a kind's exact name.
func ParseKind(s string) (Kind, error) {
	for _, k := range Kinds() {
		if string(k) == s {
			return k, nil
		}
	}
	return "", errKind
}

// Template is what a default environment starts as.
type Template struct {
	Name, Slug string
	Kind       Kind
	Color      string
}

// Defaults are the environments that every new project has.
func Defaults() []Template {
	return []Template{
		{Name: "Development", Slug: "dev", Kind: Development, Color: "#22c55e"},
		{Name: "Staging", Slug: "staging", Kind: Staging, Color: "#f59e0b"},
		{Name: "Production", Slug: "production", Kind: Production, Color: "#ef4444"},
	}
}
