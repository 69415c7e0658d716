-- +goose Up

-- Seats bound how many jobs of an account or of a mall run at a time, over all
-- nodes. A seat is taken like a lease, with its owner and its end.
CREATE TABLE seats (
  kind       TEXT NOT NULL,
  owner      TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (kind, owner)
);

-- Where this ledger was moved to, if it was; then nobody opens it any more.
CREATE TABLE moves (
  place    TEXT PRIMARY KEY,
  moved_at BIGINT NOT NULL
);
