// Package harness runs the real program for tests that know it only from
// outside.
//
// A package that uses it begins with
//
//	func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
//
// and asks for a server of its own by Start, or for one that the package's
// tests share, on each engine, by ForEachEngine:
//
//	func TestSomething(t *testing.T) {
//		harness.ForEachEngine(t, func(t *testing.T, s *harness.Server) {
//			ada := s.Register(t)
//			ada.Get("/v1/projects").Want(200)
//		})
//	}
//
// Every answer that a Client receives is judged, whatever the test looks at:
// it must be documented in the specification, in its status, its content type
// and the shape of its body; a refusal must be a whole problem document; no
// body may hold what only the log may know. Every server's log is judged when
// the server ends: one JSON object a line, no secret, no data race.
package harness
