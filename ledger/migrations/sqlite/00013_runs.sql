-- +goose Up

-- What a run is at. A run that ended has none; that of a run that was killed says how
-- far it came.
CREATE TABLE run_steps (
  run_id  INTEGER PRIMARY KEY,
  what    TEXT NOT NULL,
  of_what TEXT NOT NULL,
  done    BIGINT NOT NULL,
  total   BIGINT NOT NULL,
  at      BIGINT NOT NULL
);

-- The last lines of the program's log that belong to a run.
CREATE TABLE run_lines (
  run_id BIGINT NOT NULL,
  seq    BIGINT NOT NULL,
  at     BIGINT NOT NULL,
  level  BIGINT NOT NULL,
  line   TEXT NOT NULL,
  PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;

-- Spans of time that a person wants to be read again, until they were.
CREATE TABLE spans_asked (
  account_id BIGINT NOT NULL,
  from_at    BIGINT NOT NULL,
  to_at      BIGINT NOT NULL,
  actor      TEXT NOT NULL,
  asked_at   BIGINT NOT NULL,
  PRIMARY KEY (account_id, from_at, to_at)
) WITHOUT ROWID;
