package operate

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/pgtest"
)

func TestPostgreSQLIsRestoredToAMoment(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Options{Durable: true, Archive: true})
	d := &harness.Database{Engine: harness.Postgres, URL: server.DSN("postgres"), MasterKey: harness.NewDatabase(t, harness.Postgres).MasterKey}
	made := furnish(t, d)
	backup := server.BaseBackup(t)
	var before, after harness.Person
	var moment, revokedBefore, revokedAfter string
	within(t, func(t testing.TB) {
		s := harness.Start(t, d)
		before = s.Register(t)
		var first, second string
		revokedBefore, first = before.NewKey(t, before.Dev)
		revokedAfter, second = before.NewKey(t, before.Dev)
		before.Delete("/v1/api-keys/" + first).Want(204)
		if err := s.DB().QueryRow("SELECT clock_timestamp()::text").Scan(&moment); err != nil { //nolint:noctx // a test's own
			t.Fatal(err)
		}
		after = s.Register(t)
		before.Delete("/v1/api-keys/" + second).Want(204)
	})
	if err := server.Archived(); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}

	begun := time.Now()
	if err := backup.Recover(moment); err != nil {
		t.Fatal(err)
	}
	back := &harness.Database{Engine: harness.Postgres, URL: backup.DSN("postgres"), MasterKey: d.MasterKey}
	succeeds(t, harness.Run(t, settings(back), "restore"))
	back.Sound(t)
	took := time.Since(begun)
	s := harness.Start(t, back)
	for what, test := range map[string]struct {
		person harness.Person
		status int
	}{"of before the backup": {made.ada, 200}, "of before the moment": {before, 200}, "of after the moment": {after, 401}} {
		body := harness.M{"email": test.person.Email, "password": test.person.Password}
		if status := s.Client(t).Post("/v1/auth/login", body).Status; status != test.status {
			t.Errorf("an account %s logs in: %d, want %d", what, status, test.status)
		}
		s.Client(t).Bearer(test.person.AccessToken).Get("/v1/auth/me").Want(401)
	}
	s.Client(t).Key(made.key).Get("/v1/sdk/environment").Want(200)
	s.Client(t).Key(revokedBefore).Get("/v1/sdk/environment").Refused(401, "KEY_REVOKED")
	s.Client(t).Key(revokedAfter).Get("/v1/sdk/environment").Want(200) // as the command says
	if n := number(t, back.Open(t), "SELECT count(*) FROM accounts"); n != 3 {
		t.Errorf("%d accounts are there", n)
	}
	harness.Figure(t, "PostgreSQL restored to a moment (PITR)", "the latest of before is there, what came after is not; %s with the doctor", took.Round(100*time.Millisecond))
}
