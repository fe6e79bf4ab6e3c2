CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
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
, search_name text NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE installation (
    id          integer NOT NULL PRIMARY KEY CHECK (id = 1),
    operator_id text REFERENCES accounts ON DELETE SET NULL,
    claimed_at  timestamp,
    created_at  timestamp NOT NULL
, home_id text REFERENCES organizations ON DELETE SET NULL);
CREATE TABLE organizations (
    id         text NOT NULL PRIMARY KEY,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    slug       text NOT NULL UNIQUE CHECK (length(slug) BETWEEN 1 AND 63 AND slug = lower(slug)),
    personal   boolean NOT NULL,
    version    integer NOT NULL,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL
, search_name text NOT NULL DEFAULT '') WITHOUT ROWID;
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
    created_at      timestamp NOT NULL, ends_at timestamp,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
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
, keeps_refresh boolean NOT NULL DEFAULT false, access_ttl integer NOT NULL DEFAULT 0 CHECK (access_ttl >= 0)) WITHOUT ROWID;
CREATE TABLE throttles (
    key       text NOT NULL PRIMARY KEY,
    count     integer NOT NULL,
    resets_at timestamp NOT NULL
) WITHOUT ROWID;
CREATE TABLE keyring (
    id         text NOT NULL PRIMARY KEY,
    purpose    text NOT NULL,
    sealed     blob NOT NULL,
    created_at timestamp NOT NULL,
    retired_at timestamp
) WITHOUT ROWID;
CREATE TABLE "memberships" (
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
CREATE TABLE outbox (
    id         text NOT NULL PRIMARY KEY,
    sealed     blob NOT NULL,
    attempts   integer NOT NULL,
    due_at     timestamp NOT NULL,
    created_at timestamp NOT NULL
) WITHOUT ROWID;
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
CREATE TABLE idempotent_answers (
    digest      blob NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    fingerprint blob NOT NULL CHECK (length(fingerprint) = 32),
    sealed      blob NOT NULL,
    expires_at  timestamp NOT NULL
);
CREATE TABLE key_rotations (
    organization_id text NOT NULL,
    key_id          text NOT NULL,
    successor_id    text NOT NULL,
    PRIMARY KEY (organization_id, key_id),
    UNIQUE (organization_id, successor_id),
    FOREIGN KEY (organization_id, key_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, successor_id) REFERENCES environment_keys (organization_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
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
INSERT INTO goose_db_version ("id", "version_id", "is_applied", "tstamp") VALUES (1, 0, 1, '2026-11-21 19:26:02');
INSERT INTO goose_db_version ("id", "version_id", "is_applied", "tstamp") VALUES (2, 1, 1, '2026-11-21 19:26:02');
INSERT INTO goose_db_version ("id", "version_id", "is_applied", "tstamp") VALUES (3, 2, 1, '2026-11-21 19:26:02');
INSERT INTO goose_db_version ("id", "version_id", "is_applied", "tstamp") VALUES (4, 3, 1, '2026-11-21 19:26:02');
INSERT INTO goose_db_version ("id", "version_id", "is_applied", "tstamp") VALUES (5, 4, 1, '2026-11-21 19:26:02');
INSERT INTO goose_db_version ("id", "version_id", "is_applied", "tstamp") VALUES (6, 5, 1, '2026-11-21 19:26:02');
INSERT INTO goose_db_version ("id", "version_id", "is_applied", "tstamp") VALUES (7, 6, 1, '2026-11-21 19:26:02');
INSERT INTO accounts ("id", "email", "email_verified", "name", "username", "password_hash", "operator", "disabled", "version", "created_at", "updated_at", "last_login_at", "search_name") VALUES ('01a1ff92-a77f-7c29-ba83-05cf42b009e9', 'kgqfapqbkphc@example.com', 0, 'Ada Lovelace', NULL, '$argon2id$v=19$m=19456,t=2,p=1$qRmHqSqeVf/OpbL/XBQbog$qMXCqupra/6rGQPQwY564kyAviYBzPFYOhOzzEI3ZWY', 1, 0, 2, '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00', 'ada lovelace');
INSERT INTO accounts ("id", "email", "email_verified", "name", "username", "password_hash", "operator", "disabled", "version", "created_at", "updated_at", "last_login_at", "search_name") VALUES ('01a1ff92-ada5-7a42-9b95-e5a531a9e278', 'p7yuokkcskh5@example.com', 0, 'Ada Lovelace', NULL, '$argon2id$v=19$m=19456,t=2,p=1$0DG6aQtziRd5kgoEw5u+eA$oE4lE4I8ZU8a/Zkn4ycvg9FOegV+z8IZnNN+Z3aZ2+M', 0, 0, 1, '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.572613+00:00', 'ada lovelace');
INSERT INTO installation ("id", "operator_id", "claimed_at", "created_at", "home_id") VALUES (1, '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:02.647+00:00', NULL);
INSERT INTO organizations ("id", "name", "slug", "personal", "version", "created_at", "updated_at", "search_name") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', 'Engines wkkgpqxjxfhj', 'engines-wkkgpqxjxfhj', 0, 2, '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00', 'engines wkkgpqxjxfhj');
INSERT INTO organizations ("id", "name", "slug", "personal", "version", "created_at", "updated_at", "search_name") VALUES ('01a1ff92-adb0-75a9-851f-e0864f59c884', 'Engines h2ypyp5elcc7', 'engines-h2ypyp5elcc7', 0, 2, '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.232219+00:00', 'engines h2ypyp5elcc7');
INSERT INTO projects ("organization_id", "id", "name", "slug", "version", "created_at", "updated_at") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-a794-71f9-aed6-ac799fb7eabd', 'default', 'default', 1, '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00');
INSERT INTO projects ("organization_id", "id", "name", "slug", "version", "created_at", "updated_at") VALUES ('01a1ff92-adb0-75a9-851f-e0864f59c884', '01a1ff92-adb0-794b-a7e9-5afe092d29f1', 'default', 'default', 1, '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.232219+00:00');
INSERT INTO environments ("organization_id", "id", "project_id", "name", "slug", "kind", "color", "protected", "version", "created_at", "updated_at") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-a794-7941-ba6f-8775a8b70cca', '01a1ff92-a794-71f9-aed6-ac799fb7eabd', 'Development', 'dev', 'development', '#22c55e', 0, 1, '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00');
INSERT INTO environments ("organization_id", "id", "project_id", "name", "slug", "kind", "color", "protected", "version", "created_at", "updated_at") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-a794-7953-8c22-083dc57a11a6', '01a1ff92-a794-71f9-aed6-ac799fb7eabd', 'Staging', 'staging', 'staging', '#f59e0b', 0, 1, '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00');
INSERT INTO environments ("organization_id", "id", "project_id", "name", "slug", "kind", "color", "protected", "version", "created_at", "updated_at") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-a794-7957-8a3f-c1ce103f0aaa', '01a1ff92-a794-71f9-aed6-ac799fb7eabd', 'Production', 'production', 'production', '#ef4444', 1, 1, '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00');
INSERT INTO environments ("organization_id", "id", "project_id", "name", "slug", "kind", "color", "protected", "version", "created_at", "updated_at") VALUES ('01a1ff92-adb0-75a9-851f-e0864f59c884', '01a1ff92-adb0-79aa-88e2-2a37f54b4410', '01a1ff92-adb0-794b-a7e9-5afe092d29f1', 'Development', 'dev', 'development', '#22c55e', 0, 1, '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.232219+00:00');
INSERT INTO environments ("organization_id", "id", "project_id", "name", "slug", "kind", "color", "protected", "version", "created_at", "updated_at") VALUES ('01a1ff92-adb0-75a9-851f-e0864f59c884', '01a1ff92-adb0-79af-8991-b8b9a7fd2baf', '01a1ff92-adb0-794b-a7e9-5afe092d29f1', 'Staging', 'staging', 'staging', '#f59e0b', 0, 1, '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.232219+00:00');
INSERT INTO environments ("organization_id", "id", "project_id", "name", "slug", "kind", "color", "protected", "version", "created_at", "updated_at") VALUES ('01a1ff92-adb0-75a9-851f-e0864f59c884', '01a1ff92-adb0-79b1-a5f1-985af5d013b0', '01a1ff92-adb0-794b-a7e9-5afe092d29f1', 'Production', 'production', 'production', '#ef4444', 1, 1, '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.232219+00:00');
INSERT INTO environment_keys ("organization_id", "id", "environment_id", "name", "type", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at", "created_by", "created_at", "ends_at") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-adcc-7d46-9c62-ac610e4d38be', '01a1ff92-a794-7941-ba6f-8775a8b70cca', 'Backend', 'server', 'sdk-dev-7DxOid', '', NULL, NULL, NULL, '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '2026-11-21 19:26:05.260647+00:00', NULL);
INSERT INTO environment_keys ("organization_id", "id", "environment_id", "name", "type", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at", "created_by", "created_at", "ends_at") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-add4-7ac3-9dbf-b840550f19fe', '01a1ff92-a794-7941-ba6f-8775a8b70cca', 'Backend', 'server', 'sdk-dev-FuiNaG', '', NULL, NULL, NULL, '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '2026-11-21 19:26:05.268564+00:00', '2026-11-22 19:26:05.273722+00:00');
INSERT INTO environment_keys ("organization_id", "id", "environment_id", "name", "type", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at", "created_by", "created_at", "ends_at") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-add9-7f07-a137-e71b00da93d9', '01a1ff92-a794-7941-ba6f-8775a8b70cca', 'Backend', 'server', 'sdk-dev-7HmUg9', '', NULL, NULL, NULL, '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '2026-11-21 19:26:05.273722+00:00', NULL);
INSERT INTO key_digests ("digest", "organization_id", "key_id") VALUES (X'0EAE378587CC9AB0E2B2C541AA552E93A18137F7F15F11A75442EA3BFE99F5D8', '01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-add9-7f07-a137-e71b00da93d9');
INSERT INTO key_digests ("digest", "organization_id", "key_id") VALUES (X'804B371C0BFEA269DD7FE7587219042A15CBF97DBB506B1ED6DFDDA53143B142', '01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-adcc-7d46-9c62-ac610e4d38be');
INSERT INTO key_digests ("digest", "organization_id", "key_id") VALUES (X'923E3C9861BEB90BDC02EFC8CAD9453012F83AFE90635E6F4D0C12FEDE0E5D50', '01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-add4-7ac3-9dbf-b840550f19fe');
INSERT INTO sessions ("id", "account_id", "organization_id", "counter", "rotated_at", "authenticated_at", "address", "user_agent", "created_at", "last_used_at", "expires_at", "keeps_refresh", "access_ttl") VALUES ('01a1ff92-a795-778d-8e64-013451ad73ee', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '01a1ff92-a78b-7d06-8178-6aa5cbbac80e', 1, '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00', '10.171.109.182', 'Go-http-client/1.1', '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00', '2026-11-28 19:26:03.659391+00:00', 0, 0);
INSERT INTO sessions ("id", "account_id", "organization_id", "counter", "rotated_at", "authenticated_at", "address", "user_agent", "created_at", "last_used_at", "expires_at", "keeps_refresh", "access_ttl") VALUES ('01a1ff92-adb0-7c6c-acfa-63f8086ee645', '01a1ff92-ada5-7a42-9b95-e5a531a9e278', '01a1ff92-adb0-75a9-851f-e0864f59c884', 1, '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.232219+00:00', '10.49.71.142', 'Go-http-client/1.1', '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.232219+00:00', '2026-11-28 19:26:05.232219+00:00', 0, 0);
INSERT INTO sessions ("id", "account_id", "organization_id", "counter", "rotated_at", "authenticated_at", "address", "user_agent", "created_at", "last_used_at", "expires_at", "keeps_refresh", "access_ttl") VALUES ('01a1ff92-af05-710d-a7e0-4dab93faa3bd', '01a1ff92-ada5-7a42-9b95-e5a531a9e278', '01a1ff92-adb0-75a9-851f-e0864f59c884', 1, '2026-11-21 19:26:05.572613+00:00', '2026-11-21 19:26:05.572613+00:00', '10.187.189.114', 'Go-http-client/1.1', '2026-11-21 19:26:05.572613+00:00', '2026-11-21 19:26:05.572613+00:00', '2026-11-28 19:26:05.572613+00:00', 0, 0);
INSERT INTO throttles ("key", "count", "resets_at") VALUES ('invitations/01a1ff92-a78b-7d06-8178-6aa5cbbac80e/2026-11-21T19:00:00Z', 1, '2026-11-21 20:26:05.289621+00:00');
INSERT INTO throttles ("key", "count", "resets_at") VALUES ('invitations/01a1ff92-a78b-7d06-8178-6aa5cbbac80e/29ac84eeb283b4ee187894486477d73664ec27606c73e8856eb91f24efad5e05/2026-11-21T00:00:00Z', 1, '2026-11-22 19:26:05.289621+00:00');
INSERT INTO throttles ("key", "count", "resets_at") VALUES ('mail/client/10.116.231.130/2026-11-21T19:00:00Z', 1, '2026-11-21 20:26:05.300857+00:00');
INSERT INTO throttles ("key", "count", "resets_at") VALUES ('mail/client/10.171.109.182/2026-11-21T19:00:00Z', 1, '2026-11-21 20:26:03.647812+00:00');
INSERT INTO throttles ("key", "count", "resets_at") VALUES ('mail/client/10.49.71.142/2026-11-21T19:00:00Z', 1, '2026-11-21 20:26:05.221719+00:00');
INSERT INTO throttles ("key", "count", "resets_at") VALUES ('mail/verify_email/1291a5b20a432f1532b6dc3782a93654323e2e984091d13aab9c5aa8a15123ae', 1, '2026-11-21 20:26:03.659391+00:00');
INSERT INTO throttles ("key", "count", "resets_at") VALUES ('mail/verify_email/6f0de816bc4f739b9067daafd4f70c8e35cb881c99282e95af8c61aa46f368c0', 2, '2026-11-21 20:26:05.3163+00:00');
INSERT INTO throttles ("key", "count", "resets_at") VALUES ('password/account/01a1ff92-ada5-7a42-9b95-e5a531a9e278', 1, '2026-11-21 19:41:05.581205+00:00');
INSERT INTO throttles ("key", "count", "resets_at") VALUES ('password/address/10.28.224.205/2026-11-21T19:15:00Z', 1, '2026-11-21 19:41:05.782395+00:00');
INSERT INTO keyring ("id", "purpose", "sealed", "created_at", "retired_at") VALUES ('01a1ff92-a441-725b-bf45-cdd1fa1bb3b7', 'signing', X'015E72D6ABC768F6915AD5AD669591F1790690CC09428F093241DD77A2B13536514781AAFD1FA031628CFED157BBA1C65EC4632E21EC0B0766444736E1', '2026-11-21 19:26:02.81592+00:00', NULL);
INSERT INTO keyring ("id", "purpose", "sealed", "created_at", "retired_at") VALUES ('01a1ff92-a44e-7739-bf35-9b78f6ac1857', 'derivation', X'01C6CB05E90D516F9B6E9FD6455B2196B479AFCBD48BDB78EEBB37722FC86A16E661FDFA65DFE4375F378C1ED0B81DA66E3792CBAFCC16F84C74428C01', '2026-11-21 19:26:02.83012+00:00', NULL);
INSERT INTO memberships ("organization_id", "id", "account_id", "role", "version", "created_at", "updated_at", "status", "email", "invited_by", "expires_at") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-a78c-70d9-b1b4-219cd5589a25', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', 'owner', 1, '2026-11-21 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00', 'active', NULL, NULL, NULL);
INSERT INTO memberships ("organization_id", "id", "account_id", "role", "version", "created_at", "updated_at", "status", "email", "invited_by", "expires_at") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-ade9-7ec6-8c09-0f8f5936f8ad', NULL, 'developer', 1, '2026-11-21 19:26:05.289621+00:00', '2026-11-21 19:26:05.289621+00:00', 'invited', 'be5hianzbvnw@example.com', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '2026-11-28 19:26:05.289621+00:00');
INSERT INTO memberships ("organization_id", "id", "account_id", "role", "version", "created_at", "updated_at", "status", "email", "invited_by", "expires_at") VALUES ('01a1ff92-adb0-75a9-851f-e0864f59c884', '01a1ff92-adb0-7697-8318-c26aa50985c4', '01a1ff92-ada5-7a42-9b95-e5a531a9e278', 'owner', 1, '2026-11-21 19:26:05.232219+00:00', '2026-11-21 19:26:05.232219+00:00', 'active', NULL, NULL, NULL);
INSERT INTO links ("digest", "purpose", "account_id", "email", "organization_id", "membership_id", "expires_at", "created_at") VALUES (X'21B8AB3360345BC24DC4AA507CB3539881BC3E41F6C330693EB4EF660C6D58BC', 'verify_email', '01a1ff92-ada5-7a42-9b95-e5a531a9e278', 'p7yuokkcskh5@example.com', NULL, NULL, '2026-11-22 19:26:05.330438+00:00', '2026-11-21 19:26:05.330438+00:00');
INSERT INTO links ("digest", "purpose", "account_id", "email", "organization_id", "membership_id", "expires_at", "created_at") VALUES (X'5C8850C60D9E8DFD8B54FC9E91085539AA41D4539E4AB26A53AB88376DBAE0DF', 'verify_email', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', 'kgqfapqbkphc@example.com', NULL, NULL, '2026-11-22 19:26:03.659391+00:00', '2026-11-21 19:26:03.659391+00:00');
INSERT INTO links ("digest", "purpose", "account_id", "email", "organization_id", "membership_id", "expires_at", "created_at") VALUES (X'B05305C632A5CC7A2219CBD7B464096BEF5912E84A441B4903A8CCC9711D5013', 'invitation', NULL, 'be5hianzbvnw@example.com', '01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-ade9-7ec6-8c09-0f8f5936f8ad', '2026-11-28 19:26:05.289621+00:00', '2026-11-21 19:26:05.289621+00:00');
INSERT INTO account_keys ("id", "account_id", "organization_id", "name", "prefix", "digest", "scopes", "expires_at", "last_used_at", "created_at") VALUES ('01a1ff92-ade2-74d9-af01-858d77845a57', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '01a1ff92-a78b-7d06-8178-6aa5cbbac80e', 'bound', 'sk_live_NGEn4h', X'97F1DC1183A1494FE3DABC0ECDDA2DA4F7FF79EA8B4332E293D06D4F0D142150', 'read write', NULL, NULL, '2026-11-21 19:26:05.282242+00:00');
INSERT INTO audit_heads ("organization_id", "sequence", "hash") VALUES ('01a1ff92-a77f-7c29-ba83-05cf42b009e9', 2, X'4D3052E9A253D1ED67B120684C5479E59EFAEFC67A8D2338D2850E222E248FDF');
INSERT INTO audit_heads ("organization_id", "sequence", "hash") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', 5, X'E82E1F21BFFFB08B34D66BE77800C050C34D003DC5095C921D8410B03ADE162C');
INSERT INTO audit_heads ("organization_id", "sequence", "hash") VALUES ('01a1ff92-ada5-7a42-9b95-e5a531a9e278', 2, X'41F9C71CD946840469FE0810062660FB1E621D2E733B9731563AFC812123BEA9');
INSERT INTO audit_heads ("organization_id", "sequence", "hash") VALUES ('01a1ff92-adb0-75a9-851f-e0864f59c884', 1, X'BB4C921D93A5B3DCCE479C2DA17F288F8AEB96095116542EB4F31925CAB9D768');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-a77f-7c29-ba83-05cf42b009e9', 1, '01a1ff92-a7a1-7385-a43b-6a6274db54ba', 'account', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '10.171.109.182', '01a1ff92-a4cb-70f1-a624-6f1e95e0fb81', '', 'account.registered', 'account', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '', '{"disabled":"false","email":"kgqfapqbkphc@example.com","email_verified":"false","name":"Ada Lovelace","operator":"true"}', '', '2026-11-21 19:26:03.659391+00:00', X'681BCCC3AA9266D3A4258222141A920919924961EAE2A2A1B38F05E73178BEB3');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-a77f-7c29-ba83-05cf42b009e9', 2, '01a1ff92-ade2-76e3-9f96-c78bcc803e17', 'account', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '10.171.109.182', '01a1ff92-ade2-78d1-84ed-c19fe690183e', '', 'account_key.created', 'account_key', '01a1ff92-ade2-74d9-af01-858d77845a57', '', '{"key_prefix":"sk_live_NGEn4h","name":"bound","organization_id":"01a1ff92-a78b-7d06-8178-6aa5cbbac80e","scopes":"read write"}', '', '2026-11-21 19:26:05.282242+00:00', X'4D3052E9A253D1ED67B120684C5479E59EFAEFC67A8D2338D2850E222E248FDF');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', 1, '01a1ff92-a7a1-73ad-ade7-b2b1fee81020', 'account', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '10.171.109.182', '01a1ff92-a4cb-70f1-a624-6f1e95e0fb81', '', 'organization.created', 'organization', '01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '', '{"is_personal_account":"false","name":"Engines wkkgpqxjxfhj","slug":"engines-wkkgpqxjxfhj"}', '{"owner_member_id":"01a1ff92-a78c-70d9-b1b4-219cd5589a25","project_id":"01a1ff92-a794-71f9-aed6-ac799fb7eabd"}', '2026-11-21 19:26:03.659391+00:00', X'E1D8056F82409C0E1DB61F158BEFDFDFB7771DFF2D9BED53C92CB61F3B91C21C');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', 2, '01a1ff92-adcd-703b-8909-5770a682468a', 'account', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '10.171.109.182', '01a1ff92-adc4-7c67-8006-d13264160011', '', 'key.created', 'key', '01a1ff92-adcc-7d46-9c62-ac610e4d38be', '', '{"env_id":"01a1ff92-a794-7941-ba6f-8775a8b70cca","key_prefix":"sdk-dev-7DxOid","name":"Backend","scopes":"","type":"server"}', '', '2026-11-21 19:26:05.260647+00:00', X'BD5F8F6E642BC024ED354D6DCD4B01C8AB1D0ABC795F5706F2096F95FF8E02F4');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', 3, '01a1ff92-add4-7b87-9840-b17073ac0202', 'account', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '10.171.109.182', '01a1ff92-add4-7beb-a657-e0987864110e', '', 'key.created', 'key', '01a1ff92-add4-7ac3-9dbf-b840550f19fe', '', '{"env_id":"01a1ff92-a794-7941-ba6f-8775a8b70cca","key_prefix":"sdk-dev-FuiNaG","name":"Backend","scopes":"","type":"server"}', '', '2026-11-21 19:26:05.268564+00:00', X'8D1E3C2C08CF2374C608560231A18C30012EB313BDD85E4AEE4F863B524AD749');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', 4, '01a1ff92-adda-71cb-b6af-6e87f3165ded', 'account', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '10.171.109.182', '01a1ff92-add9-7d39-a741-4823160e1846', '', 'key.rotated', 'key', '01a1ff92-add4-7ac3-9dbf-b840550f19fe', '{"env_id":"01a1ff92-a794-7941-ba6f-8775a8b70cca","key_prefix":"sdk-dev-FuiNaG","name":"Backend","scopes":"","type":"server"}', '{"ends_at":"2026-11-22T19:26:05.273722Z","env_id":"01a1ff92-a794-7941-ba6f-8775a8b70cca","key_prefix":"sdk-dev-FuiNaG","name":"Backend","scopes":"","type":"server"}', '{"successor_id":"01a1ff92-add9-7f07-a137-e71b00da93d9","successor_key_prefix":"sdk-dev-7HmUg9"}', '2026-11-21 19:26:05.273722+00:00', X'27FBC48785ABCB4D1FAF4FF5C07933031E245E54D43BB9C820E21CAB975D3D37');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', 5, '01a1ff92-aded-7ea3-86ca-e2e8b647432c', 'account', '01a1ff92-a77f-7c29-ba83-05cf42b009e9', '10.171.109.182', '01a1ff92-ade9-7ec7-98a8-29b8ec62e9b8', '', 'member.invited', 'member', '01a1ff92-ade9-7ec6-8c09-0f8f5936f8ad', '', '{"email":"be5hianzbvnw@example.com","expires_at":"2026-11-28T19:26:05.289621Z","invited_by":"01a1ff92-a77f-7c29-ba83-05cf42b009e9","role":"developer","status":"invited"}', '', '2026-11-21 19:26:05.289621+00:00', X'E82E1F21BFFFB08B34D66BE77800C050C34D003DC5095C921D8410B03ADE162C');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-ada5-7a42-9b95-e5a531a9e278', 1, '01a1ff92-adb1-7838-b409-7e2abb948966', 'account', '01a1ff92-ada5-7a42-9b95-e5a531a9e278', '10.49.71.142', '01a1ff92-acff-7c77-8f6c-5fd902f4e2b6', '', 'account.registered', 'account', '01a1ff92-ada5-7a42-9b95-e5a531a9e278', '', '{"disabled":"false","email":"p7yuokkcskh5@example.com","email_verified":"false","name":"Ada Lovelace","operator":"false"}', '', '2026-11-21 19:26:05.232219+00:00', X'9E81104187498233E5C83C384E96940DBFE40DFE869F685048EB11970FD566B8');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-ada5-7a42-9b95-e5a531a9e278', 2, '01a1ff92-af05-7191-90a9-5f438bcaea47', 'account', '01a1ff92-ada5-7a42-9b95-e5a531a9e278', '10.187.189.114', '01a1ff92-ae0e-71a1-b0a6-62fba8443140', '', 'session.begun', 'session', '01a1ff92-af05-710d-a7e0-4dab93faa3bd', '', '', '', '2026-11-21 19:26:05.572613+00:00', X'41F9C71CD946840469FE0810062660FB1E621D2E733B9731563AFC812123BEA9');
INSERT INTO audit_entries ("organization_id", "sequence", "id", "actor_type", "actor_id", "address", "request_id", "dialect", "action", "resource_type", "resource_id", "before_state", "after_state", "metadata", "created_at", "hash") VALUES ('01a1ff92-adb0-75a9-851f-e0864f59c884', 1, '01a1ff92-adb1-7849-8d09-8c76a17182ad', 'account', '01a1ff92-ada5-7a42-9b95-e5a531a9e278', '10.49.71.142', '01a1ff92-acff-7c77-8f6c-5fd902f4e2b6', '', 'organization.created', 'organization', '01a1ff92-adb0-75a9-851f-e0864f59c884', '', '{"is_personal_account":"false","name":"Engines h2ypyp5elcc7","slug":"engines-h2ypyp5elcc7"}', '{"owner_member_id":"01a1ff92-adb0-7697-8318-c26aa50985c4","project_id":"01a1ff92-adb0-794b-a7e9-5afe092d29f1"}', '2026-11-21 19:26:05.232219+00:00', X'BB4C921D93A5B3DCCE479C2DA17F288F8AEB96095116542EB4F31925CAB9D768');
INSERT INTO key_rotations ("organization_id", "key_id", "successor_id") VALUES ('01a1ff92-a78b-7d06-8178-6aa5cbbac80e', '01a1ff92-add4-7ac3-9dbf-b840550f19fe', '01a1ff92-add9-7f07-a137-e71b00da93d9');
CREATE INDEX installation_operator_id_idx ON installation (operator_id);
CREATE INDEX environment_keys_organization_id_environment_id_id_idx ON environment_keys (organization_id, environment_id, id);
CREATE INDEX environment_keys_created_by_idx ON environment_keys (created_by);
CREATE INDEX sessions_account_id_id_idx ON sessions (account_id, id);
CREATE INDEX sessions_organization_id_idx ON sessions (organization_id);
CREATE INDEX throttles_resets_at_idx ON throttles (resets_at);
CREATE UNIQUE INDEX keyring_purpose_key ON keyring (purpose) WHERE retired_at IS NULL;
CREATE INDEX accounts_operator_idx ON accounts (id) WHERE operator;
CREATE INDEX memberships_account_id_id_idx ON memberships (account_id, id);
CREATE UNIQUE INDEX memberships_organization_id_email_key ON memberships (organization_id, email) WHERE status = 'invited';
CREATE INDEX memberships_organization_id_status_id_idx ON memberships (organization_id, status, id);
CREATE INDEX memberships_organization_id_role_id_idx ON memberships (organization_id, role, id);
CREATE INDEX memberships_invited_by_idx ON memberships (invited_by);
CREATE INDEX links_account_id_purpose_idx ON links (account_id, purpose);
CREATE INDEX links_membership_id_organization_id_idx ON links (membership_id, organization_id);
CREATE INDEX links_expires_at_idx ON links (expires_at);
CREATE INDEX outbox_due_at_idx ON outbox (due_at);
CREATE INDEX account_keys_account_id_id_idx ON account_keys (account_id, id);
CREATE INDEX account_keys_account_id_organization_id_idx ON account_keys (account_id, organization_id);
CREATE INDEX audit_entries_organization_id_actor_id_sequence_idx ON audit_entries (organization_id, actor_id, sequence);
CREATE INDEX audit_entries_organization_id_resource_id_sequence_idx ON audit_entries (organization_id, resource_id, sequence);
CREATE INDEX idempotent_answers_expires_at_idx ON idempotent_answers (expires_at);
CREATE INDEX installation_home_id_idx ON installation (home_id);
