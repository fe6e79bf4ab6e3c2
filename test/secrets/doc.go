// Package secrets looks for secrets wherever the program writes: logs, traces,
// metrics, the database, answers.
package secrets
