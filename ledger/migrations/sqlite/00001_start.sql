-- +goose Up

-- Ids are given by the program from this table, so that bulk inserts know them.
CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);

CREATE TABLE accounts (
  id            INTEGER PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  registered_at BIGINT NOT NULL
);

CREATE TABLE warehouses (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- Every file that came in. The same content for the same owner counts once;
-- a later copy is recorded with duplicate_of.
CREATE TABLE files (
  id           INTEGER PRIMARY KEY,
  kind         TEXT NOT NULL,
  owner        TEXT NOT NULL,
  name         TEXT NOT NULL,
  sha256       TEXT NOT NULL,
  size         BIGINT NOT NULL,
  path         TEXT NOT NULL,
  format       TEXT NOT NULL DEFAULT '',
  state        TEXT NOT NULL,
  received_at  BIGINT NOT NULL,
  finished_at  BIGINT NOT NULL DEFAULT 0,
  duplicate_of BIGINT,
  rows_read    BIGINT NOT NULL DEFAULT 0,
  taken        BIGINT NOT NULL DEFAULT 0,
  filtered     BIGINT NOT NULL DEFAULT 0,
  refused      BIGINT NOT NULL DEFAULT 0,
  orders_refused BIGINT NOT NULL DEFAULT 0,
  refused_path TEXT NOT NULL DEFAULT '',
  message      TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX files_once ON files (kind, owner, sha256) WHERE duplicate_of IS NULL;
CREATE INDEX files_open ON files (kind, owner) WHERE state = 'taken';

-- Promise: one row for each order number of an account.
CREATE TABLE orders (
  id         INTEGER PRIMARY KEY,
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  number     TEXT NOT NULL,
  state      BIGINT NOT NULL,
  reason     TEXT NOT NULL,
  status     TEXT NOT NULL,
  version    BIGINT NOT NULL,
  hash       BLOB NOT NULL,
  line_count BIGINT NOT NULL,
  recipient  BIGINT NOT NULL,
  ordered_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  file_id    BIGINT NOT NULL,
  file_row   BIGINT NOT NULL,
  UNIQUE (account_id, number)
);
CREATE INDEX orders_open ON orders (account_id, state, id, recipient) WHERE state IN (0, 1, 4);

CREATE TABLE order_docs (
  order_id INTEGER PRIMARY KEY,
  doc      BLOB NOT NULL
);

CREATE TABLE holds (
  order_id BIGINT NOT NULL,
  reason   TEXT NOT NULL,
  detail   TEXT NOT NULL,
  field    TEXT NOT NULL,
  value    TEXT NOT NULL,
  since    BIGINT NOT NULL,
  PRIMARY KEY (order_id, reason, detail)
) WITHOUT ROWID;

-- A person's word that a reason no longer holds an order in this version.
CREATE TABLE releases (
  order_id BIGINT NOT NULL,
  version  BIGINT NOT NULL,
  reason   TEXT NOT NULL,
  note     TEXT NOT NULL,
  actor    TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (order_id, version, reason)
) WITHOUT ROWID;

CREATE TABLE instructions (
  id           INTEGER PRIMARY KEY,
  warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
  account_id   BIGINT NOT NULL REFERENCES accounts (id),
  number       TEXT NOT NULL,
  state        BIGINT NOT NULL,
  ship_on      TEXT NOT NULL,
  not_before   TEXT NOT NULL,
  line_count   BIGINT NOT NULL,
  created_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX instructions_number ON instructions (warehouse_id, number);
CREATE INDEX instructions_ready ON instructions (warehouse_id, id) WHERE state = 0;

CREATE TABLE instruction_docs (
  instruction_id INTEGER PRIMARY KEY,
  doc            BLOB NOT NULL
);

-- Promise: a piece of an order line is in at most one instruction.
CREATE TABLE instruction_lines (
  order_id       BIGINT NOT NULL,
  package_no     BIGINT NOT NULL,
  line_no        BIGINT NOT NULL,
  part           BIGINT NOT NULL,
  instruction_id BIGINT NOT NULL,
  quantity       BIGINT NOT NULL,
  PRIMARY KEY (order_id, package_no, line_no, part)
) WITHOUT ROWID;
CREATE INDEX instruction_lines_of ON instruction_lines (instruction_id);

CREATE TABLE batches (
  id           INTEGER PRIMARY KEY,
  warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
  number       TEXT NOT NULL,
  state        TEXT NOT NULL,
  format       TEXT NOT NULL,
  name         TEXT NOT NULL,
  path         TEXT NOT NULL DEFAULT '',
  sha256       TEXT NOT NULL DEFAULT '',
  size         BIGINT NOT NULL DEFAULT 0,
  file_rows    BIGINT NOT NULL DEFAULT 0,
  instructions BIGINT NOT NULL DEFAULT 0,
  line_count   BIGINT NOT NULL DEFAULT 0,
  attempts     BIGINT NOT NULL DEFAULT 0,
  message      TEXT NOT NULL DEFAULT '',
  claimed_at   BIGINT NOT NULL,
  built_at     BIGINT NOT NULL DEFAULT 0,
  uploaded_at  BIGINT NOT NULL DEFAULT 0,
  delivered_at BIGINT NOT NULL DEFAULT 0,
  acked_at     BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX batches_number ON batches (warehouse_id, number);
CREATE UNIQUE INDEX batches_name ON batches (warehouse_id, name);
CREATE INDEX batches_open ON batches (warehouse_id) WHERE state IN ('claimed', 'built', 'uploaded', 'in_doubt');

-- Promise: an instruction is claimed by at most one batch.
CREATE TABLE batch_items (
  instruction_id INTEGER PRIMARY KEY,
  batch_id       BIGINT NOT NULL REFERENCES batches (id)
);
CREATE INDEX batch_items_of ON batch_items (batch_id);

CREATE TABLE acks (
  instruction_id BIGINT NOT NULL,
  stop           BIGINT NOT NULL,
  ok             BIGINT NOT NULL,
  message        TEXT NOT NULL,
  file_id        BIGINT NOT NULL,
  at             BIGINT NOT NULL,
  PRIMARY KEY (instruction_id, stop)
) WITHOUT ROWID;

CREATE TABLE shipments (
  id             INTEGER PRIMARY KEY,
  instruction_id BIGINT NOT NULL,
  carrier        TEXT NOT NULL,
  tracking       TEXT NOT NULL,
  raw_tracking   TEXT NOT NULL,
  shipped_on     TEXT NOT NULL,
  parcels        BIGINT NOT NULL,
  cancelled      BIGINT NOT NULL,
  skus           TEXT NOT NULL,
  file_id        BIGINT NOT NULL,
  at             BIGINT NOT NULL
);
CREATE UNIQUE INDEX shipments_once ON shipments (instruction_id, carrier, tracking);

CREATE TABLE stock (
  warehouse_id BIGINT NOT NULL,
  sku          TEXT NOT NULL,
  on_hand      BIGINT NOT NULL,
  allocated    BIGINT NOT NULL,
  sellable     BIGINT NOT NULL,
  at           BIGINT NOT NULL,
  file_id      BIGINT NOT NULL,
  PRIMARY KEY (warehouse_id, sku)
) WITHOUT ROWID;

CREATE TABLE listings (
  account_id BIGINT NOT NULL,
  code       TEXT NOT NULL,
  name       TEXT NOT NULL,
  option     TEXT NOT NULL,
  barcode    TEXT NOT NULL,
  linked     BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  PRIMARY KEY (account_id, code)
) WITHOUT ROWID;

-- The SKU links in effect, copied from the masters by the plan stage with the
-- moment from which each counts.
CREATE TABLE sku_links (
  account    TEXT NOT NULL,
  code       TEXT NOT NULL,
  part       BIGINT NOT NULL,
  sku        TEXT NOT NULL,
  quantity   BIGINT NOT NULL,
  since      BIGINT NOT NULL,
  PRIMARY KEY (account, code, part)
) WITHOUT ROWID;

CREATE TABLE windows (
  account_id BIGINT NOT NULL,
  feed       TEXT NOT NULL,
  from_at    BIGINT NOT NULL,
  to_at      BIGINT NOT NULL,
  state      TEXT NOT NULL,
  read_at    BIGINT NOT NULL,
  PRIMARY KEY (account_id, feed, from_at)
) WITHOUT ROWID;

-- Rows that were refused, so that every order number that came has an answer.
CREATE TABLE refusals (
  file_id      BIGINT NOT NULL,
  line         BIGINT NOT NULL,
  order_number TEXT NOT NULL,
  field        TEXT NOT NULL,
  value        TEXT NOT NULL,
  reason       TEXT NOT NULL,
  detail       TEXT NOT NULL,
  PRIMARY KEY (file_id, line)
) WITHOUT ROWID;
CREATE INDEX refusals_order ON refusals (order_number);

CREATE TABLE leases (
  name       TEXT PRIMARY KEY,
  owner      TEXT NOT NULL,
  token      BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE runs (
  id         INTEGER PRIMARY KEY,
  stage      TEXT NOT NULL,
  target     TEXT NOT NULL,
  owner      TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL DEFAULT 0,
  outcome    TEXT NOT NULL DEFAULT '',
  summary    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX runs_by ON runs (stage, target, id);

CREATE TABLE events (
  id             INTEGER PRIMARY KEY,
  at             BIGINT NOT NULL,
  kind           TEXT NOT NULL,
  order_id       BIGINT NOT NULL,
  instruction_id BIGINT NOT NULL,
  batch_id       BIGINT NOT NULL,
  file_id        BIGINT NOT NULL,
  reason         TEXT NOT NULL,
  detail         TEXT NOT NULL,
  actor          TEXT NOT NULL
);
CREATE INDEX events_order ON events (order_id, id) WHERE order_id <> 0;
CREATE INDEX events_batch ON events (batch_id, id) WHERE batch_id <> 0;

-- +goose StatementBegin
CREATE TRIGGER events_keep BEFORE UPDATE ON events BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;
-- +goose StatementEnd
