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

// everyPage is how many rows are read at once where all are wanted.
const everyPage = 100

// every reads a whole list, page by page. It is for lists that one person fills.
func every[T, ID any](list func(ports.Page[ID]) ([]T, error), id func(T) ID) ([]T, error) {
	page := ports.Page[ID]{Limit: everyPage}
	var all []T
	for {
		found, err := list(page)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		if len(found) < everyPage {
			return all, nil
		}
		page.After = id(found[len(found)-1])
	}
}
