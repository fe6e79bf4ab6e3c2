-- +goose Up

-- The name as it is searched by: folded by the program, since lower() knows
-- nothing but ASCII here. Addresses, usernames and slugs are in lower case anyway.
ALTER TABLE accounts ADD COLUMN search_name text NOT NULL DEFAULT '';
UPDATE accounts SET search_name = lower(name);
CREATE INDEX accounts_operator_idx ON accounts (id) WHERE operator;
ALTER TABLE organizations ADD COLUMN search_name text NOT NULL DEFAULT '';
UPDATE organizations SET search_name = lower(name);

-- Every refresh moves expires_at, and would have to move its place here too.
DROP INDEX sessions_expires_at_idx;

-- An invitation is a membership that has an address in place of an account. Only
-- an active one has an account: what is asked for by account is no invitation.
-- A column's NOT NULL cannot be taken off here, so the table is made anew; no
-- other refers to it yet.
CREATE TABLE memberships_next (
    organization_id text NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id              text NOT NULL,
    account_id      text REFERENCES accounts ON DELETE CASCADE,
    role            text NOT NULL CHECK (role IN ('viewer', 'developer', 'admin', 'owner')),
    version         integer NOT NULL,
    created_at      timestamp NOT NULL,
    updated_at      timestamp NOT NULL,
    status          text NOT NULL,
    email           text CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
    invited_by      text REFERENCES accounts ON DELETE SET NULL,
    expires_at      timestamp,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, account_id),
    CONSTRAINT memberships_status_check CHECK (
        status = 'active' AND account_id IS NOT NULL AND email IS NULL AND expires_at IS NULL OR
        status = 'invited' AND account_id IS NULL AND email IS NOT NULL AND expires_at IS NOT NULL)
) WITHOUT ROWID;
INSERT INTO memberships_next (organization_id, id, account_id, role, version, created_at, updated_at, status)
    SELECT organization_id, id, account_id, role, version, created_at, updated_at, 'active' FROM memberships;
DROP TABLE memberships;
ALTER TABLE memberships_next RENAME TO memberships;
CREATE INDEX memberships_account_id_id_idx ON memberships (account_id, id);
CREATE UNIQUE INDEX memberships_organization_id_email_key ON memberships (organization_id, email) WHERE status = 'invited';
CREATE INDEX memberships_organization_id_status_id_idx ON memberships (organization_id, status, id);
CREATE INDEX memberships_organization_id_role_id_idx ON memberships (organization_id, role, id);
CREATE INDEX memberships_invited_by_idx ON memberships (invited_by);

-- A link belongs to an account or to an invitation, and goes with it.
CREATE TABLE links (
    digest          blob NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    purpose         text NOT NULL,
    account_id      text REFERENCES accounts ON DELETE CASCADE,
    email           text NOT NULL,
    organization_id text,
    membership_id   text,
    expires_at      timestamp NOT NULL,
    created_at      timestamp NOT NULL,
    FOREIGN KEY (membership_id, organization_id) REFERENCES memberships (id, organization_id) ON DELETE CASCADE,
    CHECK ((account_id IS NULL) = (membership_id IS NOT NULL) AND (organization_id IS NULL) = (membership_id IS NULL))
) WITHOUT ROWID;
CREATE INDEX links_account_id_purpose_idx ON links (account_id, purpose);
CREATE INDEX links_membership_id_organization_id_idx ON links (membership_id, organization_id);
CREATE INDEX links_expires_at_idx ON links (expires_at);

CREATE TABLE outbox (
    id         text NOT NULL PRIMARY KEY,
    sealed     blob NOT NULL,
    attempts   integer NOT NULL,
    due_at     timestamp NOT NULL,
    created_at timestamp NOT NULL
) WITHOUT ROWID;
CREATE INDEX outbox_due_at_idx ON outbox (due_at);

-- A key that is bound to an organization ends with its account's membership
-- there.
CREATE TABLE account_keys (
    id              text NOT NULL PRIMARY KEY,
    account_id      text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    organization_id text,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    prefix          text NOT NULL,
    digest          blob NOT NULL UNIQUE CHECK (length(digest) = 32),
    scopes          text NOT NULL,
    expires_at      timestamp,
    last_used_at    timestamp,
    created_at      timestamp NOT NULL,
    FOREIGN KEY (account_id, organization_id) REFERENCES memberships (account_id, organization_id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX account_keys_account_id_id_idx ON account_keys (account_id, id);
CREATE INDEX account_keys_account_id_organization_id_idx ON account_keys (account_id, organization_id);

-- The audit refers to nothing: it outlives what it tells of. The zero
-- organization's chain holds what belongs to none.
CREATE TABLE audit_heads (
    organization_id text NOT NULL PRIMARY KEY,
    sequence        integer NOT NULL,
    hash            blob NOT NULL CHECK (length(hash) = 32)
) WITHOUT ROWID;

CREATE TABLE audit_entries (
    organization_id text NOT NULL,
    sequence        integer NOT NULL,
    id              text NOT NULL,
    actor_type      text NOT NULL,
    actor_id        text NOT NULL,
    address         text NOT NULL,
    request_id      text NOT NULL,
    dialect         text NOT NULL,
    action          text NOT NULL,
    resource_type   text NOT NULL,
    resource_id     text NOT NULL,
    before_state    text NOT NULL,
    after_state     text NOT NULL,
    metadata        text NOT NULL,
    created_at      timestamp NOT NULL,
    hash            blob NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (organization_id, sequence),
    UNIQUE (organization_id, id)
) WITHOUT ROWID;
CREATE INDEX audit_entries_organization_id_actor_id_sequence_idx ON audit_entries (organization_id, actor_id, sequence);
CREATE INDEX audit_entries_organization_id_resource_id_sequence_idx ON audit_entries (organization_id, resource_id, sequence);

-- +goose Down
DROP TABLE audit_entries;
DROP TABLE audit_heads;
DROP TABLE account_keys;
DROP TABLE outbox;
DROP TABLE links;
CREATE TABLE memberships_next (
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
INSERT INTO memberships_next (organization_id, id, account_id, role, version, created_at, updated_at)
    SELECT organization_id, id, account_id, role, version, created_at, updated_at FROM memberships WHERE status = 'active';
DROP TABLE memberships;
ALTER TABLE memberships_next RENAME TO memberships;
CREATE INDEX memberships_account_id_id_idx ON memberships (account_id, id);
ALTER TABLE organizations DROP COLUMN search_name;
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);
DROP INDEX accounts_operator_idx;
ALTER TABLE accounts DROP COLUMN search_name;
