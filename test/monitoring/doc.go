// Package monitoring tests what operators watch: metrics, the dashboard and the
// alert rules that use them, and traces.
package monitoring
