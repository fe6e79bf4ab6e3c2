-- +goose Up

-- The end of a key that was rotated stands in its own row: who checks a key
-- reads nothing else.
ALTER TABLE environment_keys ADD COLUMN ends_at timestamptz;

-- A key has one successor at most, and follows one at most.
CREATE TABLE key_rotations (
    organization_id uuid NOT NULL,
    key_id          uuid NOT NULL,
    successor_id    uuid NOT NULL,
    PRIMARY KEY (organization_id, key_id),
    UNIQUE (organization_id, successor_id),
    FOREIGN KEY (organization_id, key_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, successor_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE
);

-- Who used a key after it was rotated. The row without an address counts those
-- that are not told apart.
CREATE TABLE key_callers (
    organization_id uuid NOT NULL,
    key_id          uuid NOT NULL,
    address         text COLLATE "C" NOT NULL,
    user_agent      text COLLATE "C" NOT NULL,
    uses            bigint NOT NULL,
    last_used_at    timestamptz NOT NULL,
    PRIMARY KEY (organization_id, key_id, address, user_agent),
    FOREIGN KEY (organization_id, key_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE key_callers;
DROP TABLE key_rotations;
ALTER TABLE environment_keys DROP COLUMN ends_at;
