-- +goose Up

-- Which programs may work on this schema. A step that programs before it cannot
-- work with says here which is the oldest that can, by the latest step that it
-- knows. A step that only adds says nothing. The table is a part of goose's
-- ledger, and named like it.
CREATE TABLE goose_floors (
    step    bigint PRIMARY KEY,
    program bigint NOT NULL
);

-- +goose Down
DROP TABLE goose_floors;
