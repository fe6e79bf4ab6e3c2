package app

import "github.com/tenantry/tenantry/ports"

// Listed is one page, and whether another follows.
type Listed[T any] struct {
	Items []T
	More  bool
}

// listed asks for one row more than the page has, which tells whether another
// page follows without counting.
func listed[T, ID any](page ports.Page[ID], list func(ports.Page[ID]) ([]T, error)) (Listed[T], error) {
	limit := page.Limit
	page.Limit++
	items, err := list(page)
	if err != nil {
		return Listed[T]{}, err
	}
	if len(items) > limit {
		return Listed[T]{items[:limit], true}, nil
	}
	return Listed[T]{items, false}, nil
}
