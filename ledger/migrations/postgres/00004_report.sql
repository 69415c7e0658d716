-- +goose Up

-- Instructions of which results came that were not all looked at yet. mark tells
-- whether more came meanwhile.
CREATE TABLE report_todo (
  instruction_id BIGINT PRIMARY KEY,
  account_id     BIGINT NOT NULL,
  mark           BIGINT NOT NULL
);
CREATE INDEX report_todo_of ON report_todo (account_id, instruction_id);

-- What malls are to be told of parcels, and what became of it.
CREATE TABLE reports (
  id             BIGINT PRIMARY KEY,
  account_id     BIGINT NOT NULL,
  order_id       BIGINT NOT NULL,
  package        TEXT NOT NULL,
  instruction_id BIGINT NOT NULL,
  carrier        TEXT NOT NULL,
  tracking       TEXT NOT NULL,
  shipped_on     TEXT NOT NULL,
  lines          TEXT NOT NULL,
  rest           TEXT NOT NULL,
  was            TEXT NOT NULL,
  state          TEXT NOT NULL,
  reason         TEXT NOT NULL,
  code           TEXT NOT NULL,
  detail         TEXT NOT NULL,
  ref            TEXT NOT NULL,
  tries          BIGINT NOT NULL,
  freed          BIGINT NOT NULL,
  late           BIGINT NOT NULL,
  upload_id      BIGINT NOT NULL,
  next_at        BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  sent_at        BIGINT NOT NULL,
  accepted_at    BIGINT NOT NULL,
  seen_at        BIGINT NOT NULL,
  changed_at     BIGINT NOT NULL
);
-- Promise: a parcel of a package is told once.
CREATE UNIQUE INDEX reports_once ON reports (order_id, package, carrier, tracking);
CREATE INDEX reports_open ON reports (account_id, state, next_at, id) WHERE state IN ('waiting', 'held', 'sent', 'unknown', 'accepted', 'upload', 'uploaded');
CREATE INDEX reports_stuck ON reports (account_id, id) WHERE state IN ('rejected', 'revoked');
CREATE INDEX reports_created ON reports (created_at);
CREATE INDEX reports_upload ON reports (upload_id, id) WHERE upload_id <> 0;

-- Sheets of tracking numbers that people upload at malls without an API.
CREATE TABLE uploads (
  id         BIGINT PRIMARY KEY,
  account_id BIGINT NOT NULL,
  name       TEXT NOT NULL,
  format     TEXT NOT NULL,
  path       TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  size       BIGINT NOT NULL,
  parcels    BIGINT NOT NULL,
  state      TEXT NOT NULL,
  note       TEXT NOT NULL,
  actor      TEXT NOT NULL,
  claimed_at BIGINT NOT NULL,
  built_at   BIGINT NOT NULL,
  done_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX uploads_name ON uploads (account_id, name);
CREATE INDEX uploads_open ON uploads (account_id, id) WHERE state IN ('claimed', 'built');
