package httpapi

import (
	"context"

	"github.com/tenantry/tenantry/app"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/accountkey"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/id"
	"github.com/tenantry/tenantry/domain/membership"
)

type resourceBody struct {
	Type string `json:"type" example:"project" doc:"organization, project, environment, key or member"`
	ID   string `json:"id" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
}

type explainInput struct {
	Body struct {
		Action   string                 `json:"action" example:"project.create" doc:"As in the table of permissions"`
		Resource optional[resourceBody] `json:"resource,omitempty" doc:"One that must be in the organization"`
		Member   optional[string]       `json:"member,omitempty" doc:"The id of an active member; without it, whoever asks"`
	}
}

type ruleBody struct {
	Action    string `json:"action" example:"project.create"`
	LeastRole string `json:"least_role" enum:"owner,admin,developer,viewer"`
	KeyScope  string `json:"key_scope" enum:"read,write,keys" doc:"What an account key needs"`
}

type judgedKeyBody struct {
	ID     string   `json:"id" format:"uuid"`
	Scopes []string `json:"scopes"`
}

type decisionBody struct {
	Allowed bool                  `json:"allowed"`
	Rule    orNull[ruleBody]      `json:"rule" doc:"Null where no rule names the action: then nobody may"`
	Role    string                `json:"role" enum:"owner,admin,developer,viewer" doc:"That was judged"`
	Key     orNull[judgedKeyBody] `json:"key" doc:"The account key that was judged, null for a person"`
}

type decisionOutput struct{ Body decisionBody }

func (s *server) explain(ctx context.Context, by *call, in *explainInput) (*decisionOutput, error) {
	asked := app.Explain{Action: in.Body.Action}
	if r := in.Body.Resource.value; r != nil {
		asked.Resource = &app.Resource{Type: r.Type, ID: r.ID}
	}
	if text := in.Body.Member.value; text != nil {
		who, err := id.Parse[membership.Membership](*text)
		if err != nil {
			return nil, fault.ErrInvalid.WithField("member", err.Error())
		}
		asked.Member = &who
	}
	decided, err := s.App.Access.Explain(ctx, by.actor, asked)
	if err != nil {
		return nil, err
	}
	return &decisionOutput{showDecision(decided)}, nil
}

func showDecision(d access.Decision) decisionBody {
	shown := decisionBody{Allowed: d.Allowed, Role: d.Role.String()}
	if d.Rule.Action != "" {
		shown.Rule.value = &ruleBody{string(d.Rule.Action), d.Rule.Least.String(), string(d.Rule.Scope)}
	}
	if d.Key != nil {
		shown.Key.value = &judgedKeyBody{d.Key.ID.String(), showAll(d.Key.Scopes, func(s accountkey.Scope) string { return string(s) })}
	}
	return shown
}
