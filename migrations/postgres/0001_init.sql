-- +goose Up

-- Text that is compared or ordered has COLLATE "C": the same order on every
-- server, and the same as in SQLite.

CREATE TABLE accounts (
    id             uuid PRIMARY KEY,
    email          text COLLATE "C" NOT NULL UNIQUE CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
    email_verified boolean NOT NULL,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    username       text COLLATE "C" UNIQUE CHECK (length(username) BETWEEN 3 AND 32 AND username = lower(username)),
    password_hash  text NOT NULL,
    operator       boolean NOT NULL,
    disabled       boolean NOT NULL,
    version        bigint NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    last_login_at  timestamptz
);

-- One row. claimed_at outlives the operator: an installation is claimed once.
CREATE TABLE installation (
    id          integer PRIMARY KEY CHECK (id = 1),
    operator_id uuid REFERENCES accounts ON DELETE SET NULL,
    claimed_at  timestamptz,
    created_at  timestamptz NOT NULL
);
CREATE INDEX installation_operator_id_idx ON installation (operator_id);
INSERT INTO installation (id, created_at) VALUES (1, CURRENT_TIMESTAMP);

CREATE TABLE organizations (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    slug       text COLLATE "C" NOT NULL UNIQUE CHECK (length(slug) BETWEEN 1 AND 63 AND slug = lower(slug)),
    personal   boolean NOT NULL,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- From here on every table of a tenant leads its keys and indexes with
-- organization_id, so that it can be distributed by it, and every reference to
-- another one carries it, so that no row can hang under a foreign parent.

CREATE TABLE memberships (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id              uuid NOT NULL,
    account_id      uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    role            text COLLATE "C" NOT NULL CHECK (role IN ('viewer', 'developer', 'admin', 'owner')),
    version         bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, account_id)
);
-- The one index that does not lead with the organization: an account's list of
-- organizations is asked for before any organization is known.
CREATE INDEX memberships_account_id_id_idx ON memberships (account_id, id);

CREATE TABLE projects (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id              uuid NOT NULL,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    slug            text COLLATE "C" NOT NULL CHECK (length(slug) BETWEEN 1 AND 63 AND slug = lower(slug)),
    version         bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, slug)
);

CREATE TABLE environments (
    organization_id uuid NOT NULL,
    id              uuid NOT NULL,
    project_id      uuid NOT NULL,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    slug            text COLLATE "C" NOT NULL CHECK (length(slug) BETWEEN 1 AND 63 AND slug = lower(slug)),
    kind            text COLLATE "C" NOT NULL CHECK (kind IN ('development', 'staging', 'production')),
    color           text NOT NULL CHECK (length(color) = 7),
    protected       boolean NOT NULL,
    version         bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, project_id, slug),
    FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE environment_keys (
    organization_id uuid NOT NULL,
    id              uuid NOT NULL,
    environment_id  uuid NOT NULL,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    type            text COLLATE "C" NOT NULL CHECK (type IN ('server', 'client')),
    prefix          text NOT NULL,
    scopes          text NOT NULL,
    expires_at      timestamptz,
    last_used_at    timestamptz,
    revoked_at      timestamptz,
    created_by      uuid REFERENCES accounts ON DELETE SET NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX environment_keys_organization_id_environment_id_id_idx ON environment_keys (organization_id, environment_id, id);
CREATE INDEX environment_keys_created_by_idx ON environment_keys (created_by);

-- A digest is unique in the whole installation, which no table that is
-- distributed by organization can promise.
CREATE TABLE key_digests (
    digest          bytea PRIMARY KEY CHECK (length(digest) = 32),
    organization_id uuid NOT NULL,
    key_id          uuid NOT NULL,
    UNIQUE (organization_id, key_id),
    FOREIGN KEY (organization_id, key_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE sessions (
    id               uuid PRIMARY KEY,
    account_id       uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    organization_id  uuid REFERENCES organizations ON DELETE SET NULL,
    counter          bigint NOT NULL,
    rotated_at       timestamptz NOT NULL,
    authenticated_at timestamptz NOT NULL,
    address          text NOT NULL,
    user_agent       text NOT NULL,
    created_at       timestamptz NOT NULL,
    last_used_at     timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL
);
CREATE INDEX sessions_account_id_id_idx ON sessions (account_id, id);
CREATE INDEX sessions_organization_id_idx ON sessions (organization_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE throttles (
    key       text COLLATE "C" PRIMARY KEY,
    count     bigint NOT NULL,
    resets_at timestamptz NOT NULL
);
CREATE INDEX throttles_resets_at_idx ON throttles (resets_at);

CREATE TABLE keyring (
    id         uuid PRIMARY KEY,
    purpose    text COLLATE "C" NOT NULL,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);
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
