// Package replicas tests several processes on one PostgreSQL: what is revoked at
// one is refused by all within a second, whatever breaks meanwhile.
package replicas
