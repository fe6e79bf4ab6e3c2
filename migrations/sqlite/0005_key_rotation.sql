-- +goose Up

-- The end of a key that was rotated stands in its own row: who checks a key
-- reads nothing else.
ALTER TABLE environment_keys ADD COLUMN ends_at timestamp;

-- A key has one successor at most, and follows one at most.
CREATE TABLE key_rotations (
    organization_id text NOT NULL,
    key_id          text NOT NULL,
    successor_id    text NOT NULL,
    PRIMARY KEY (organization_id, key_id),
    UNIQUE (organization_id, successor_id),
    FOREIGN KEY (organization_id, key_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, successor_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

-- Who used a key after it was rotated. The row without an address counts those
-- that are not told apart.
CREATE TABLE key_callers (
    organization_id text NOT NULL,
    key_id          text NOT NULL,
    address         text NOT NULL,
    user_agent      text NOT NULL,
    uses            integer NOT NULL,
    last_used_at    timestamp NOT NULL,
    PRIMARY KEY (organization_id, key_id, address, user_agent),
    FOREIGN KEY (organization_id, key_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

-- +goose Down
DROP TABLE key_callers;
DROP TABLE key_rotations;
ALTER TABLE environment_keys DROP COLUMN ends_at;
