// Package project has the projects of an organization.
package project

import (
	"time"

	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/naming"
	"github.com/tenantry/tenantry/domain/organization"
)

// ID identifies a project.
type ID = id.Of[Project]

// Project groups the environments of one product. Its slug is unique in its
// organization.
type Project struct {
	ID             ID
	OrganizationID organization.ID
	Name           naming.Name
	Slug           naming.Slug
	Version        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// ErrSlugTaken is a project's slug that another of the organization has.
var ErrSlugTaken = fault.Declare(fault.Conflict, "PROJECT_SLUG_TAKEN", "Another project of this organization has this slug.")

// Default is the name and slug of the project that every organization starts
// with.
const Default = "default"
