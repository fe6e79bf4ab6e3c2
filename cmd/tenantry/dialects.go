package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/adapters/httpapi"
	"github.com/tenantry/tenantry/adapters/httpapi/compat/phaseflag"
	"github.com/tenantry/tenantry/adapters/httpapi/compat/phy"
	usernamekeys "github.com/tenantry/tenantry/adapters/httpapi/compat/username-keys"
	"github.com/tenantry/tenantry/adapters/httpapi/compat/zylon"
)

// dialects are all that COMPAT can switch on.
func dialects() []httpapi.Dialect {
	return []httpapi.Dialect{
		phaseflag.New(),
		phy.New(),
		usernamekeys.New(),
		zylon.New(),
	}
}

// everyDialect is the COMPAT that names them all.
const everyDialect = "all"

// chosenDialects are those that COMPAT names, each once.
func chosenDialects(names []string) ([]httpapi.Dialect, error) {
	all := dialects()
	known := []string{everyDialect}
	for _, d := range all {
		known = append(known, d.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("COMPAT names a dialect that there is not; there are %s", strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(all, func(d httpapi.Dialect) bool {
		return !slices.Contains(names, d.Name) && !slices.Contains(names, everyDialect)
	}), nil
}

// specification is what "tenantry openapi" prints: the API's own document, or
// where a second argument names a dialect, that one's.
func specification(args []string) ([]byte, error) {
	if len(args) < 2 {
		return httpapi.Specification()
	}
	for _, d := range dialects() {
		if d.Name == args[1] {
			return d.Specification()
		}
	}
	return nil, usageError{fmt.Errorf("there is no dialect %q", args[1])}
}
