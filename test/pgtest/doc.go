// Package pgtest gives tests a real PostgreSQL.
//
// A test asks for a database and receives the address of a fresh one, which
// disappears with the test:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
//	func TestSomething(t *testing.T) {
//		dsn := pgtest.Clone(t, "schema", migrate) // or pgtest.New(t)
//		…
//	}
//
// The first request starts a private server: once per test process, as an
// unprivileged user even when the tests run as root, reachable on 127.0.0.1
// only and with its files in a temporary directory. It promises nothing about
// durability. When TEST_DATABASE_URL is set, databases are made in that server
// instead.
//
// A machine without PostgreSQL fails the test. It is never skipped: a suite
// that ran on one engine only must not look like one that passed on both.
//
// Tests of crashes, restarts and silent networks start a Server of their own.
//
// A goleak check has to run after the server has stopped
// (goleak.VerifyTestMain(pgtest.With(m))), or to ignore what runs already
// (goleak.IgnoreCurrent).
//
// The package works on Linux and other Unix systems.
package pgtest
