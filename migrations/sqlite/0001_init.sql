-- +goose Up

-- Ids are text here, in lower case, which orders as PostgreSQL orders uuid. Times
-- are text too, but the declared type TIMESTAMP tells the driver to read them back
-- as times. A table whose key is no integer is kept in the order of that key
-- (WITHOUT ROWID).

CREATE TABLE accounts (
    id             text NOT NULL PRIMARY KEY,
    email          text NOT NULL UNIQUE CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
    email_verified boolean NOT NULL,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    username       text UNIQUE CHECK (length(username) BETWEEN 3 AND 32 AND username = lower(username)),
    password_hash  text NOT NULL,
    operator       boolean NOT NULL,
    disabled       boolean NOT NULL,
    version        integer NOT NULL,
    created_at     timestamp NOT NULL,
    updated_at     timestamp NOT NULL,
    last_login_at  timestamp
) WITHOUT ROWID;

-- One row. claimed_at outlives the operator: an installation is claimed once.
CREATE TABLE installation (
    id          integer NOT NULL PRIMARY KEY CHECK (id = 1),
    operator_id text REFERENCES accounts ON DELETE SET NULL,
    claimed_at  timestamp,
    created_at  timestamp NOT NULL
);
CREATE INDEX installation_operator_id_idx ON installation (operator_id);
INSERT INTO installation (id, created_at) VALUES (1, strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));

CREATE TABLE organizations (
    id         text NOT NULL PRIMARY KEY,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    slug       text NOT NULL UNIQUE CHECK (length(slug) BETWEEN 1 AND 63 AND slug = lower(slug)),
    personal   boolean NOT NULL,
    version    integer NOT NULL,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL
) WITHOUT ROWID;

-- From here on every table of a tenant leads its keys and indexes with
-- organization_id, so that it can be distributed by it, and every reference to
-- another one carries it, so that no row can hang under a foreign parent.

CREATE TABLE memberships (
    organization_id text NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id              text NOT NULL,
    account_id      text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    role            text NOT NULL CHECK (role IN ('viewer', 'developer', 'admin', 'owner')),
    version         integer NOT NULL,
    created_at      timestamp NOT NULL,
    updated_at      timestamp NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, account_id)
) WITHOUT ROWID;
-- The one index that does not lead with the organization: an account's list of
-- organizations is asked for before any organization is known.
CREATE INDEX memberships_account_id_id_idx ON memberships (account_id, id);

CREATE TABLE projects (
    organization_id text NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id              text NOT NULL,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    slug            text NOT NULL CHECK (length(slug) BETWEEN 1 AND 63 AND slug = lower(slug)),
    version         integer NOT NULL,
    created_at      timestamp NOT NULL,
    updated_at      timestamp NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, slug)
) WITHOUT ROWID;

CREATE TABLE environments (
    organization_id text NOT NULL,
    id              text NOT NULL,
    project_id      text NOT NULL,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    slug            text NOT NULL CHECK (length(slug) BETWEEN 1 AND 63 AND slug = lower(slug)),
    kind            text NOT NULL CHECK (kind IN ('development', 'staging', 'production')),
    color           text NOT NULL CHECK (length(color) = 7),
    protected       boolean NOT NULL,
    version         integer NOT NULL,
    created_at      timestamp NOT NULL,
    updated_at      timestamp NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, project_id, slug),
    FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE environment_keys (
    organization_id text NOT NULL,
    id              text NOT NULL,
    environment_id  text NOT NULL,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    type            text NOT NULL CHECK (type IN ('server', 'client')),
    prefix          text NOT NULL,
    scopes          text NOT NULL,
    expires_at      timestamp,
    last_used_at    timestamp,
    revoked_at      timestamp,
    created_by      text REFERENCES accounts ON DELETE SET NULL,
    created_at      timestamp NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX environment_keys_organization_id_environment_id_id_idx ON environment_keys (organization_id, environment_id, id);
CREATE INDEX environment_keys_created_by_idx ON environment_keys (created_by);

-- A digest is unique in the whole installation, which no table that is
-- distributed by organization can promise.
CREATE TABLE key_digests (
    digest          blob NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    organization_id text NOT NULL,
    key_id          text NOT NULL,
    UNIQUE (organization_id, key_id),
    FOREIGN KEY (organization_id, key_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE sessions (
    id               text NOT NULL PRIMARY KEY,
    account_id       text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    organization_id  text REFERENCES organizations ON DELETE SET NULL,
    counter          integer NOT NULL,
    rotated_at       timestamp NOT NULL,
    authenticated_at timestamp NOT NULL,
    address          text NOT NULL,
    user_agent       text NOT NULL,
    created_at       timestamp NOT NULL,
    last_used_at     timestamp NOT NULL,
    expires_at       timestamp NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_account_id_id_idx ON sessions (account_id, id);
CREATE INDEX sessions_organization_id_idx ON sessions (organization_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE throttles (
    key       text NOT NULL PRIMARY KEY,
    count     integer NOT NULL,
    resets_at timestamp NOT NULL
) WITHOUT ROWID;
CREATE INDEX throttles_resets_at_idx ON throttles (resets_at);

CREATE TABLE keyring (
    id         text NOT NULL PRIMARY KEY,
    purpose    text NOT NULL,
    sealed     blob NOT NULL,
    created_at timestamp NOT NULL,
    retired_at timestamp
) WITHOUT ROWID;
CREATE UNIQUE INDEX keyring_purpose_key ON keyring (purpose) WHERE retired_at IS NULL;

-- +goose Down
DROP TABLE keyring;
DROP TABLE throttles;
DROP TABLE sessions;
DROP TABLE key_digests;
DROP TABLE environment_keys;
DROP TABLE environments;
DROP TABLE projects;
DROP TABLE memberships;
DROP TABLE organizations;
DROP TABLE installation;
DROP TABLE accounts;
