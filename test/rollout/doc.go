// Package rollout replaces replicas under load, as whoever deploys does: behind
// the HAProxy and the PgBouncer that docs/deploy sets up, with the next release
// beside this one on one database, and ten at once on an empty one. Nobody who
// uses the service may notice.
package rollout
