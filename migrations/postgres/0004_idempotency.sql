-- +goose Up

-- What creating requests were answered, for their repetitions. Nothing in a row
-- can be read without the request's Idempotency-Key.
CREATE TABLE idempotent_answers (
    digest      bytea PRIMARY KEY CHECK (length(digest) = 32),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    sealed      bytea NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX idempotent_answers_expires_at_idx ON idempotent_answers (expires_at);

-- +goose Down
DROP TABLE idempotent_answers;
