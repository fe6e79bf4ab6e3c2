package access

import (
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/organization"
)

// ErrOperatorOnly is for who asks for the whole installation and is no operator.
var ErrOperatorOnly = fault.Declare(fault.Forbidden, "OPERATOR_ONLY", "Only an operator of this installation can do that.")

// Installation is the authority over the whole installation. Its fields are
// hidden, so that nothing but this package can make one; the zero Installation
// permits nothing.
type Installation struct {
	origin   audit.Origin
	operator *account.ID
}

// Operate gives an operator who is logged in authority over the installation.
// Everybody else, and every account key, gets ErrOperatorOnly.
func Operate(actor Actor) (Installation, error) {
	if actor.Key != nil || !actor.Account.Operator || actor.Account.Disabled {
		return Installation{}, ErrOperatorOnly
	}
	origin := actor.Origin()
	origin.ActorType = audit.Operator
	return Installation{origin, &actor.Account.ID}, nil
}

// OperateByToken gives the authority to who presented ADMIN_API_TOKEN. It is
// allowed where that token is compared and nowhere else.
func OperateByToken(address, requestID, dialect string) Installation {
	return Installation{origin: audit.Origin{ActorType: audit.Operator, Address: address, RequestID: requestID, Dialect: dialect}}
}

// Permits returns nil, or ErrOperatorOnly for the zero Installation.
func (i Installation) Permits() error {
	if i.origin.ActorType != audit.Operator {
		return ErrOperatorOnly
	}
	return nil
}

// Operator is the account that operates, nil where the token does.
func (i Installation) Operator() *account.ID { return i.operator }

// Origin is what the audit says of who operates.
func (i Installation) Origin() audit.Origin { return i.origin }

// Over is the grant of an operator over one organization, for taking members
// into it and out of it, and for deleting it. No role is above it.
func (i Installation) Over(org organization.ID) Grant {
	if i.Permits() != nil {
		return Grant{}
	}
	var by account.ID
	if i.operator != nil {
		by = *i.operator
	}
	return Grant{org, by, DeleteOrganization, true}
}
