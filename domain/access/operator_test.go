package access_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/account"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/organization"
)

func TestOnlyAnOperatorsSessionOperates(t *testing.T) {
	t.Parallel()
	operator := account.Account{ID: account.ID(uuid.Must(uuid.NewV7())), Operator: true}
	disabled := operator
	disabled.Disabled = true
	for name, actor := range map[string]access.Actor{
		"a member":             {Account: account.Account{}},
		"an operator's key":    {Account: operator, Key: &accountkey.Key{}},
		"a disabled operator ": {Account: disabled},
	} {
		if _, err := access.Operate(actor); !errors.Is(err, access.ErrOperatorOnly) {
			t.Errorf("%s operates: %v", name, err)
		}
	}
	i, err := access.Operate(access.Actor{Account: operator, Address: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	if o := i.Origin(); o.ActorType != audit.Operator || o.ActorID != operator.ID.String() || o.Address != "192.0.2.1" {
		t.Errorf("the operator's act comes from %+v", o)
	}
}

func TestTheZeroInstallationOpensNothing(t *testing.T) {
	t.Parallel()
	org := organization.ID(uuid.Must(uuid.NewV7()))
	var none access.Installation
	if !errors.Is(none.Permits(), access.ErrOperatorOnly) || !none.Over(org).IsZero() {
		t.Error("an authority that nobody gave opens something")
	}
	given := access.OperateByToken("192.0.2.1", "r", "zylon")
	if given.Permits() != nil || given.Operator() != nil {
		t.Error("the token does not operate")
	}
	if g := given.Over(org); g.Organization() != org || !g.Writes() {
		t.Errorf("the operator's grant is %+v", g)
	}
}
