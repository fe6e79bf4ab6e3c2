package httpapi

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/ports"
)

// state is how a thing was: a JSON object as it was recorded, or null.
type state struct{ text string }

// MarshalJSON writes the recorded text.
func (s state) MarshalJSON() ([]byte, error) {
	if s.text == "" {
		return []byte("null"), nil
	}
	return json.Marshal(json.RawMessage(s.text))
}

// Schema is an object of texts, or null.
func (state) Schema(huma.Registry) *huma.Schema {
	texts := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString}}
	return &huma.Schema{AnyOf: []*huma.Schema{texts, {Type: "null"}}}
}

type auditEntryBody struct {
	ID           string    `json:"id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	OrgID        string    `json:"org_id" format:"uuid" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Sequence     int64     `json:"sequence" example:"42" doc:"From 1, without gaps"`
	ActorID      *string   `json:"actor_id" format:"uuid" doc:"The account's or the account key's; null for who has none"`
	ActorType    string    `json:"actor_type" enum:"account,key,operator,system,stranger"`
	Action       string    `json:"action" example:"member.role_changed"`
	ResourceType string    `json:"resource_type" example:"member"`
	ResourceID   string    `json:"resource_id" format:"uuid"`
	Before       state     `json:"before_state" doc:"Null for what was made"`
	After        state     `json:"after_state" doc:"Null for what was removed"`
	Metadata     state     `json:"metadata"`
	Address      string    `json:"address" example:"203.0.113.7" doc:"The client's"`
	RequestID    string    `json:"request_id" example:"01890a5d-ac96-774b-bcce-b302099a8057"`
	Dialect      *string   `json:"dialect" example:"phaseflag" doc:"The compatibility dialect that was spoken; null for this API"`
	CreatedAt    time.Time `json:"created_at" example:"2026-01-31T12:00:00Z"`
	Hash         string    `json:"hash" doc:"SHA-256 in hexadecimal, over this entry and the hash of the one before"`
}

func showAuditEntry(e audit.Entry) auditEntryBody {
	shown := auditEntryBody{
		ID: e.ID.String(), OrgID: e.Chain.String(), Sequence: e.Sequence,
		ActorType: string(e.Origin.ActorType), Action: string(e.Action), ResourceType: e.ResourceType, ResourceID: e.ResourceID,
		Before: state{e.Before}, After: state{e.After}, Metadata: state{e.Metadata},
		Address: e.Origin.Address, RequestID: e.Origin.RequestID, CreatedAt: e.CreatedAt, Hash: hex.EncodeToString(e.Hash[:]),
	}
	if e.Origin.ActorID != "" {
		shown.ActorID = &e.Origin.ActorID
	}
	if e.Origin.Dialect != "" {
		shown.Dialect = &e.Origin.Dialect
	}
	return shown
}

// auditAction is one of the closed list.
type auditAction string

// Schema lists the actions.
func (auditAction) Schema(huma.Registry) *huma.Schema {
	actions := &huma.Schema{Type: huma.TypeString}
	for _, a := range audit.Actions() {
		actions.Enum = append(actions.Enum, string(a))
	}
	return actions
}

// AuditFilter is embedded in what reads the audit. It is exported because huma
// looks into exported fields only.
type AuditFilter struct {
	ActorID      ref[any]    `query:"actor_id" doc:"Only what this account or account key did"`
	Action       auditAction `query:"action" doc:"Only these"`
	ResourceType string      `query:"resource_type" maxLength:"32" pattern:"^[a-z_]*$" doc:"Only what was done to things of this type"`
	ResourceID   ref[any]    `query:"resource_id" doc:"Only what was done to this thing"`
	From         instant     `query:"from" doc:"Only since, RFC 3339"`
	To           instant     `query:"to" doc:"Only before, RFC 3339"`
}

func (f AuditFilter) filter() ports.AuditFilter {
	return ports.AuditFilter{
		ActorID: f.ActorID.textOrEmpty(), Action: audit.Action(f.Action),
		ResourceType: f.ResourceType, ResourceID: f.ResourceID.textOrEmpty(), From: f.From.at, To: f.To.at,
	}
}

// parameters are the filter as it stands in the address of the next page.
func (f AuditFilter) parameters() []string {
	return []string{
		"actor_id", f.ActorID.textOrEmpty(), "action", string(f.Action), "resource_type", f.ResourceType,
		"resource_id", f.ResourceID.textOrEmpty(), "from", f.From.textOrEmpty(), "to", f.To.textOrEmpty(),
	}
}

type listAuditInput struct {
	AuditFilter
	Paging
	Offset int `query:"offset" minimum:"0" maximum:"10000" default:"0" doc:"How many to skip, instead of after"`
}

// listAudit pages by sequence, newest first. An offset is for the first page of
// a walk only: from there the links lead on.
func (s *server) listAudit(ctx context.Context, by *call, in *listAuditInput) (*listing[auditEntryBody], error) {
	l := listOf("/v1/audit", by.organization).narrowed(in.parameters()...)
	p := ports.AuditPage{Limit: in.Limit, Offset: in.Offset}
	if in.After != "" {
		if in.Offset != 0 {
			return nil, fault.ErrInvalid.WithField("offset", "must be left out beside after")
		}
		last, err := s.cursors.decode(l, in.After)
		if err != nil {
			return nil, err
		}
		p.Before = sequenceAt(last)
	}
	found, err := s.App.Audit.List(ctx, by.actor, in.filter(), p)
	if err != nil {
		return nil, err
	}
	return answerList(s.cursors, l, in.Paging, found, showAuditEntry, positionOfEntry), nil
}

// positionOfEntry puts an entry's sequence where other lists have an id.
func positionOfEntry(e audit.Entry) uuid.UUID {
	var position uuid.UUID
	binary.BigEndian.PutUint64(position[8:], uint64(e.Sequence)) //nolint:gosec // from 1 upwards
	return position
}

// sequenceAt reads a position that this list gave out.
func sequenceAt(position uuid.UUID) int64 {
	return int64(binary.BigEndian.Uint64(position[8:])) //nolint:gosec // as it was put there
}
