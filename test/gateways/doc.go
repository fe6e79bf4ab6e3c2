// Package gateways puts real gateways before a product, with the configurations
// that docs/gateways.md shows, and holds them to what the page says: whoever
// has no good key does not get through, and the product learns whose a request
// is from nobody but Tenantry.
package gateways
