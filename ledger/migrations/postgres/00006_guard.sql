-- +goose Up

-- What somebody should know of while it lasts. At most one is open for each kind,
-- target and subject; what ended is kept.
CREATE TABLE alerts (
  id         BIGINT PRIMARY KEY,
  kind       TEXT NOT NULL,
  target     TEXT NOT NULL,
  subject    TEXT NOT NULL,
  step       BIGINT NOT NULL,
  args       TEXT NOT NULL,
  since      BIGINT NOT NULL,
  stepped_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX alerts_open ON alerts (kind, target, subject) WHERE ended_at = 0;
CREATE INDEX alerts_ended ON alerts (ended_at, id);

-- What usually comes: orders that were first seen, and those of them that were put
-- on hold, in each hour of UTC.
CREATE TABLE hours (
  account_id BIGINT NOT NULL,
  hour       BIGINT NOT NULL,
  orders     BIGINT NOT NULL,
  held       BIGINT NOT NULL,
  PRIMARY KEY (account_id, hour)
);

-- How far a thing that is done again and again has come.
CREATE TABLE marks (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
