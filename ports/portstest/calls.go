package portstest

import (
	"context"
	"slices"

	"github.com/tenantry/tenantry/domain/access"
	"github.com/tenantry/tenantry/ports"
)

// call is one use of one repository's method, aimed at a plot. Under the plot's
// own grant it reaches at least one row; rows says how many.
type call struct {
	method string // as the transaction's method and the repository's
	writes bool
	run    func(ctx context.Context, tx ports.Tx, g access.Grant, p plot) (rows int, err error)
}

func one(err error) (int, error) { return truth(err == nil, err) }

func truth(reached bool, err error) (int, error) {
	if err != nil || !reached {
		return 0, err
	}
	return 1, nil
}

func present[T any](value *T, err error) (int, error) { return truth(value != nil, err) }

func many[T any](rows []T, err error) (int, error) { return len(rows), err }

// among counts the rows for which reached holds.
func among[T any](rows []T, reached func(T) bool) (n int) {
	for _, row := range rows {
		if reached(row) {
			n++
		}
	}
	return n
}

var (
	// calls has every method of every repository.
	calls = slices.Concat(innerCalls, tenantCalls)
	// innerCalls are for what exists before anybody was authorized.
	innerCalls = slices.Concat(peopleCalls, machineryCalls)
)
