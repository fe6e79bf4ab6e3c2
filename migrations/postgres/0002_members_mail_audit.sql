-- +goose Up

-- The name as it is searched by: folded by the program, since what lower() does
-- beyond ASCII is another thing on every server. Addresses, usernames and slugs
-- are in lower case anyway.
ALTER TABLE accounts ADD COLUMN search_name text COLLATE "C" NOT NULL DEFAULT '';
UPDATE accounts SET search_name = lower(name);
CREATE INDEX accounts_operator_idx ON accounts (id) WHERE operator;
ALTER TABLE organizations ADD COLUMN search_name text COLLATE "C" NOT NULL DEFAULT '';
UPDATE organizations SET search_name = lower(name);

-- Every refresh moves expires_at. Without this index its new row goes beside the
-- old one and into no index at all; with it, into all of them, where refreshes of
-- different sessions meet and fail to be serialized.
DROP INDEX sessions_expires_at_idx;

-- An invitation is a membership that has an address in place of an account. Only
-- an active one has an account: what is asked for by account is no invitation.
ALTER TABLE memberships
    ALTER COLUMN account_id DROP NOT NULL,
    ADD COLUMN status text COLLATE "C" NOT NULL DEFAULT 'active',
    ADD COLUMN email text COLLATE "C" CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
    ADD COLUMN invited_by uuid REFERENCES accounts ON DELETE SET NULL,
    ADD COLUMN expires_at timestamptz,
    ADD CONSTRAINT memberships_status_check CHECK (
        status = 'active' AND account_id IS NOT NULL AND email IS NULL AND expires_at IS NULL OR
        status = 'invited' AND account_id IS NULL AND email IS NOT NULL AND expires_at IS NOT NULL);
ALTER TABLE memberships ALTER COLUMN status DROP DEFAULT;
CREATE UNIQUE INDEX memberships_organization_id_email_key ON memberships (organization_id, email) WHERE status = 'invited';
CREATE INDEX memberships_organization_id_status_id_idx ON memberships (organization_id, status, id);
CREATE INDEX memberships_organization_id_role_id_idx ON memberships (organization_id, role, id);
CREATE INDEX memberships_invited_by_idx ON memberships (invited_by);

-- A link belongs to an account or to an invitation, and goes with it.
CREATE TABLE links (
    digest          bytea PRIMARY KEY CHECK (length(digest) = 32),
    purpose         text COLLATE "C" NOT NULL,
    account_id      uuid REFERENCES accounts ON DELETE CASCADE,
    email           text COLLATE "C" NOT NULL,
    organization_id uuid,
    membership_id   uuid,
    expires_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    FOREIGN KEY (membership_id, organization_id) REFERENCES memberships (id, organization_id) ON DELETE CASCADE,
    CHECK ((account_id IS NULL) = (membership_id IS NOT NULL) AND (organization_id IS NULL) = (membership_id IS NULL))
);
CREATE INDEX links_account_id_purpose_idx ON links (account_id, purpose);
CREATE INDEX links_membership_id_organization_id_idx ON links (membership_id, organization_id);
CREATE INDEX links_expires_at_idx ON links (expires_at);

CREATE TABLE outbox (
    id         uuid PRIMARY KEY,
    sealed     bytea NOT NULL,
    attempts   bigint NOT NULL,
    due_at     timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX outbox_due_at_idx ON outbox (due_at);

-- A key that is bound to an organization ends with its account's membership
-- there.
CREATE TABLE account_keys (
    id              uuid PRIMARY KEY,
    account_id      uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    organization_id uuid,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    prefix          text NOT NULL,
    digest          bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    scopes          text NOT NULL,
    expires_at      timestamptz,
    last_used_at    timestamptz,
    created_at      timestamptz NOT NULL,
    FOREIGN KEY (account_id, organization_id) REFERENCES memberships (account_id, organization_id) ON DELETE CASCADE
);
CREATE INDEX account_keys_account_id_id_idx ON account_keys (account_id, id);
CREATE INDEX account_keys_account_id_organization_id_idx ON account_keys (account_id, organization_id);

-- The audit refers to nothing: it outlives what it tells of. The zero
-- organization's chain holds what belongs to none.
CREATE TABLE audit_heads (
    organization_id uuid PRIMARY KEY,
    sequence        bigint NOT NULL,
    hash            bytea NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE audit_entries (
    organization_id uuid NOT NULL,
    sequence        bigint NOT NULL,
    id              uuid NOT NULL,
    actor_type      text COLLATE "C" NOT NULL,
    actor_id        text COLLATE "C" NOT NULL,
    address         text NOT NULL,
    request_id      text NOT NULL,
    dialect         text NOT NULL,
    action          text COLLATE "C" NOT NULL,
    resource_type   text COLLATE "C" NOT NULL,
    resource_id     text COLLATE "C" NOT NULL,
    before_state    text NOT NULL,
    after_state     text NOT NULL,
    metadata        text NOT NULL,
    created_at      timestamptz NOT NULL,
    hash            bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (organization_id, sequence),
    UNIQUE (organization_id, id)
);
CREATE INDEX audit_entries_organization_id_actor_id_sequence_idx ON audit_entries (organization_id, actor_id, sequence);
CREATE INDEX audit_entries_organization_id_resource_id_sequence_idx ON audit_entries (organization_id, resource_id, sequence);

-- +goose Down
DROP TABLE audit_entries;
DROP TABLE audit_heads;
DROP TABLE account_keys;
DROP TABLE outbox;
DROP TABLE links;
DELETE FROM memberships WHERE status <> 'active';
DROP INDEX memberships_organization_id_role_id_idx;
ALTER TABLE memberships
    DROP COLUMN status,
    DROP COLUMN email,
    DROP COLUMN invited_by,
    DROP COLUMN expires_at,
    ALTER COLUMN account_id SET NOT NULL;
ALTER TABLE organizations DROP COLUMN search_name;
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);
DROP INDEX accounts_operator_idx;
ALTER TABLE accounts DROP COLUMN search_name;
