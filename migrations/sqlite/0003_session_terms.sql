-- +goose Up

-- What a session's tokens were promised when it began. Sessions of our own API
-- have neither: their refresh tokens rotate, and their access tokens live as the
-- settings say. access_ttl is in seconds.
ALTER TABLE sessions ADD COLUMN keeps_refresh boolean NOT NULL DEFAULT false;
ALTER TABLE sessions ADD COLUMN access_ttl integer NOT NULL DEFAULT 0 CHECK (access_ttl >= 0);

-- +goose Down

-- Without terms a session that never took a new refresh token would end as
-- stolen; its people log in again.
DELETE FROM sessions WHERE keeps_refresh OR access_ttl <> 0;
ALTER TABLE sessions DROP COLUMN access_ttl;
ALTER TABLE sessions DROP COLUMN keeps_refresh;
