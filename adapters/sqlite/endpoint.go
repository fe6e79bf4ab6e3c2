package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tenantry/tenantry/adapters/sqlstore"
)

// alone keeps every other process out for as long as the connection is open:
// it fails where one is in.
const alone = "_pragma=busy_timeout(1000)&_pragma=locking_mode(EXCLUSIVE)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" +
	"&_time_format=sqlite&_timezone=UTC&_texttotime=1"

// OpenEndpoint opens a file that is there to move everything out of it or into
// it. It refuses one that anybody else has open.
func OpenEndpoint(ctx context.Context, path string) (sqlstore.Endpoint, error) {
	if err := Exists(path); err != nil {
		return sqlstore.Endpoint{}, err
	}
	connector, err := connect(path, alone)
	if err != nil {
		return sqlstore.Endpoint{}, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		if classify(err).Kind == sqlstore.Conflict {
			err = fmt.Errorf("%s is in use: stop the server first", path)
		}
		return sqlstore.Endpoint{}, errors.Join(err, db.Close())
	}
	return sqlstore.Endpoint{DB: db, Catalog: catalog}, nil
}
