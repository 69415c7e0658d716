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
