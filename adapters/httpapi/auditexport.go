package httpapi

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/tenantry/tenantry/domain/audit"
)

// An export may take longer than any other answer, for as long as its client
// keeps reading.
const (
	exportBudget     = 15 * time.Minute
	exportPageBudget = 30 * time.Second // in which a client takes one page
)

type exportAuditInput struct {
	AuditFilter
	Format string `query:"format" enum:"csv,jsonl" default:"jsonl" doc:"JSON lines, or a table with the same columns"`
}

// exportFormat writes entries in one form.
type exportFormat struct {
	media string
	begin func(io.Writer) error
	write func(io.Writer, []audit.Entry) error
}

var exportFormats = map[string]exportFormat{
	"csv":   {"text/csv; charset=utf-8", beginCSV, writeCSV},
	"jsonl": {"application/jsonl", func(io.Writer) error { return nil }, writeLines},
}

// exportAudit streams: whatever its length, an export holds one page of entries
// in memory.
func (s *server) exportAudit(_ context.Context, by *call, in *exportAuditInput) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(ctx huma.Context) { s.streamAudit(humagin.Unwrap(ctx), by, in) }}, nil
}

// streamAudit can refuse until the first page was read. After that, an export
// that fails ends with a broken connection, so that it does not look whole.
func (s *server) streamAudit(c *gin.Context, by *call, in *exportAuditInput) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), exportBudget)
	defer cancel()
	format, begun := exportFormats[in.Format], false
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		c.Header("Content-Type", format.media)
		c.Header("Content-Disposition", `attachment; filename="audit.`+in.Format+`"`)
		c.Status(http.StatusOK)
		return format.begin(c.Writer)
	}
	err := s.App.Audit.Export(ctx, by.actor, in.filter(), func(entries []audit.Entry) error {
		return errors.Join(begin(), prolong(c.Writer), format.write(c.Writer, entries))
	})
	switch {
	case err != nil && !begun:
		fail(c, err)
	case err != nil:
		if c.Request.Context().Err() == nil {
			_ = refuse(c, err) // for the log: the client has its status already
		}
		panic(http.ErrAbortHandler)
	default:
		if err := begin(); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// prolong gives the client time for another page.
func prolong(w http.ResponseWriter) error {
	err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportPageBudget))
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

func writeLines(w io.Writer, entries []audit.Entry) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for _, e := range entries {
		if err := lines.Encode(showAuditEntry(e)); err != nil {
			return err
		}
	}
	return nil
}

var auditColumns = []string{
	"id", "org_id", "sequence", "actor_id", "actor_type", "action", "resource_type", "resource_id",
	"before_state", "after_state", "metadata", "address", "request_id", "dialect", "created_at", "hash",
}

func beginCSV(w io.Writer) error {
	table := csv.NewWriter(w)
	err := table.Write(auditColumns)
	table.Flush()
	return errors.Join(err, table.Error())
}

func writeCSV(w io.Writer, entries []audit.Entry) error {
	table := csv.NewWriter(w)
	for _, e := range entries {
		if err := table.Write(row(showAuditEntry(e))); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func row(e auditEntryBody) []string {
	cells := []string{
		e.ID, e.OrgID, strconv.FormatInt(e.Sequence, 10), orEmpty(e.ActorID), e.ActorType, e.Action, e.ResourceType, e.ResourceID,
		e.Before.text, e.After.text, e.Metadata.text, e.Address, e.RequestID,
		orEmpty(e.Dialect), e.CreatedAt.Format(time.RFC3339Nano), e.Hash,
	}
	for i := range cells {
		cells[i] = inert(cells[i])
	}
	return cells
}

// inert keeps spreadsheets from taking a cell for a formula: clients choose some
// of the texts, such as the request id, and an administrator opens the table.
func inert(cell string) string {
	if cell == "" {
		return cell
	}
	switch cell[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return "'" + cell
	}
	return cell
}

func documentExport(e endpoint) endpoint {
	return func(api huma.API, group *gin.RouterGroup, op huma.Operation) {
		responses := op.Responses
		text := &huma.Schema{Type: huma.TypeString}
		responses["200"] = &huma.Response{
			Description: "The entries, the newest first",
			Headers:     map[string]*huma.Header{"Content-Disposition": textHeader("The name of the file")},
			Content:     map[string]*huma.MediaType{"application/jsonl": {Schema: text}, "text/csv": {Schema: text}},
		}
		e(api, group, op)
	}
}
