-- +goose Up

-- The organization into which operators register accounts: none until they
-- first do, and again after it was deleted.
ALTER TABLE installation ADD COLUMN home_id text REFERENCES organizations ON DELETE SET NULL;
CREATE INDEX installation_home_id_idx ON installation (home_id);

-- +goose Down

-- The organization stays; who registers into it later begins another.
DROP INDEX installation_home_id_idx;
ALTER TABLE installation DROP COLUMN home_id;
