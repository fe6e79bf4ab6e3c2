package api

import (
	"maps"

	"github.com/tenantry/tenantry/test/harness"
)

func init() { maps.Copy(valid, peopleBodies) }

// noToken has the form of the token in a link, and was never mailed.
const noToken = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// peopleBodies are bodies that the routes about people accept.
var peopleBodies = map[string]func() M{
	"POST /v1/auth/email":                   func() M { return M{"email": harness.NewEmail()} },
	"POST /v1/auth/email/undo":              func() M { return M{"token": noToken} },
	"POST /v1/auth/verify-email":            func() M { return M{"token": noToken} },
	"POST /v1/auth/send-verification-email": func() M { return M{"email": harness.NewEmail()} },
	"POST /v1/auth/password/change": func() M {
		return M{"current_password": "not the password", "new_password": harness.NewPassword()}
	},
	"POST /v1/auth/password/forgot":        func() M { return M{"email": harness.NewEmail()} },
	"POST /v1/auth/password/reset":         func() M { return M{"token": noToken, "new_password": harness.NewPassword()} },
	"POST /v1/auth/keys":                   func() M { return M{"name": "Deploy script"} },
	"POST /v1/organizations/{id}/transfer": func() M { return M{"member_id": randomID()} },
	"POST /v1/members/invite":              func() M { return M{"email": harness.NewEmail()} },
	"PUT /v1/members/{id}":                 func() M { return M{"role": "viewer"} },
	"PATCH /v1/members/{id}":               func() M { return M{"role": "viewer"} },
	"POST /v1/invitations/preview":         func() M { return M{"token": noToken} },
	"POST /v1/invitations/accept": func() M {
		return M{"token": noToken, "name": "Grace Hopper", "password": harness.NewPassword()}
	},
	"POST /v1/invitations/decline":   func() M { return M{"token": noToken} },
	"POST /v1/authz/explain":         func() M { return M{"action": "project.create"} },
	"PATCH /v1/admin/accounts/{id}":  func() M { return M{"disabled": true} },
	"DELETE /v1/admin/accounts/{id}": func() M { return M{"delete_organizations": false} },
}
