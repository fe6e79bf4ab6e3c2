package postgres

import (
	"errors"
	"strings"
	"testing"

	"github.com/lib/pq"
)

func TestAnAddressMustSayItsSSLMode(t *testing.T) {
	for _, dsn := range []string{"postgres://u@127.0.0.1/db", "host=127.0.0.1 user=u dbname=db"} {
		if _, err := settings(Config{DSN: dsn}, writing); !errors.Is(err, errSSLMode) {
			t.Errorf("%s: got %v", dsn, err)
		}
		if _, err := settings(Config{DSN: strings.Replace(dsn, "db", "db?sslmode=disable", 1)}, writing); strings.Contains(dsn, "://") && err != nil {
			t.Errorf("%s with sslmode: got %v", dsn, err)
		}
	}
}

func TestAnAddressIsNeverShown(t *testing.T) {
	for _, dsn := range []string{
		"postgres://u:hunter2@127.0.0.1:port/db?sslmode=disable",
		"postgres://u:hunter2@127.0.0.1/%zz?sslmode=disable",
		"postgres://u:hunter2@127.0.0.1/db?sslmode=sometimes",
	} {
		_, err := settings(Config{DSN: dsn}, writing)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v", err)
		}
	}
}

func TestSeveralHostsPassThrough(t *testing.T) {
	dsn := "postgres://u@/db?sslmode=disable&host=10.0.0.1,10.0.0.2&port=1,2&target_session_attrs=read-write"
	for use, want := range map[purpose]pq.TargetSessionAttrs{
		writing:   pq.TargetSessionAttrsReadWrite,
		reading:   pq.TargetSessionAttrsPrimary,
		migrating: pq.TargetSessionAttrsReadWrite,
	} {
		s, err := settings(Config{DSN: dsn}, use)
		if err != nil {
			t.Fatal(err)
		}
		if s.Host != "10.0.0.1" || s.Port != 1 || len(s.Multi) != 1 || s.Multi[0].Host != "10.0.0.2" || s.Multi[0].Port != 2 {
			t.Errorf("got %s:%d and %+v", s.Host, s.Port, s.Multi)
		}
		if s.TargetSessionAttrs != want {
			t.Errorf("purpose %d: got %s, want %s", use, s.TargetSessionAttrs, want)
		}
		if s.ConnectTimeout != connectLimit {
			t.Errorf("connecting may take %s", s.ConnectTimeout)
		}
	}
}
