// Command generate writes the reference pages that are printed from the code:
// docs/errors.md from the declared faults, docs/permissions.md from the policy
// table and docs/audit-actions.md from the list of what the audit records.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/domain/audit"
	"github.com/tenantry/tenantry/domain/fault"
	"github.com/tenantry/tenantry/domain/membership"
)

//go:generate go run . ../../docs

func main() {
	if len(os.Args) != 2 {
		_, _ = fmt.Fprintln(os.Stderr, "usage: generate DIRECTORY")
		os.Exit(2)
	}
	if err := generate(os.Args[1]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(directory string) error {
	pages := map[string]func(io.Writer){"errors.md": faults, "permissions.md": permissions, "audit-actions.md": auditActions}
	for name, write := range pages {
		var page strings.Builder
		write(&page)
		if err := os.WriteFile(filepath.Join(directory, name), []byte(page.String()), 0o644); err != nil { //nolint:gosec // a page for everybody
			return err
		}
	}
	return nil
}

func faults(w io.Writer) {
	_, _ = io.WriteString(w, `# Errors

Every refusal is `+"`application/problem+json`"+` (RFC 9457). Programs branch on `+"`code`"+`, which never changes its
meaning; `+"`error`"+` and `+"`detail`"+` are one sentence for people. This page is printed from the code.

| Code | Status | Sentence |
| --- | --- | --- |
`)
	for _, f := range fault.Declared() {
		_, _ = fmt.Fprintf(w, "| `%s` | %d | %s |\n", f.Code, httpapi.Status(f), f.Public)
	}
}

func permissions(w io.Writer) {
	_, _ = io.WriteString(w, `# Permissions

What each role may do in an organization. A role that is too low is answered 403; whoever is no member is answered 404,
as if the organization did not exist. This page is printed from the policy table in `+"`domain/access`"+`.

| Action |`)
	roles := membership.Roles()
	for i := len(roles) - 1; i >= 0; i-- {
		_, _ = fmt.Fprintf(w, " %s |", roles[i])
	}
	_, _ = fmt.Fprintf(w, "\n| --- |%s\n", strings.Repeat(" --- |", len(roles)))
	for _, rule := range access.Policy() {
		_, _ = fmt.Fprintf(w, "| `%s` |", rule.Action)
		for i := len(roles) - 1; i >= 0; i-- {
			_, _ = fmt.Fprintf(w, " %s |", mark(access.Allowed(roles[i], rule.Action)))
		}
		_, _ = io.WriteString(w, "\n")
	}
}

func mark(allowed bool) string {
	if allowed {
		return "✔"
	}
	return ""
}

func auditActions(w io.Writer) {
	_, _ = io.WriteString(w, `# Audit actions

What an entry of the audit can say was done. The list is closed; this page is printed from it.

| Action |
| --- |
`)
	for _, action := range audit.Actions() {
		_, _ = fmt.Fprintf(w, "| `%s` |\n", action)
	}
}
