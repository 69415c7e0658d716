-- +goose Up

-- Orders that are to be confirmed at their mall, and what became of it.
CREATE TABLE confirms (
  order_id   INTEGER PRIMARY KEY,
  account_id BIGINT NOT NULL,
  state      TEXT NOT NULL,
  tries      BIGINT NOT NULL,
  code       TEXT NOT NULL,
  detail     TEXT NOT NULL,
  at         BIGINT NOT NULL
);
CREATE INDEX confirms_waiting ON confirms (account_id, order_id) WHERE state = 'waiting';

-- What buyers asked for at the mall: cancel, stop, return, exchange.
CREATE TABLE claims (
  account_id   BIGINT NOT NULL,
  claim        TEXT NOT NULL,
  kind         TEXT NOT NULL,
  state        TEXT NOT NULL,
  order_number TEXT NOT NULL,
  package      TEXT NOT NULL,
  line         TEXT NOT NULL,
  quantity     BIGINT NOT NULL,
  reason       TEXT NOT NULL,
  claimed_at   BIGINT NOT NULL,
  changed_at   BIGINT NOT NULL,
  PRIMARY KEY (account_id, claim)
) WITHOUT ROWID;
CREATE INDEX claims_order ON claims (account_id, order_number);

-- Orders that a mall listed as still to be shipped when it was last asked. Those
-- that it no longer lists are asked for one by one.
CREATE TABLE listed (
  account_id   BIGINT NOT NULL,
  order_number TEXT NOT NULL,
  PRIMARY KEY (account_id, order_number)
) WITHOUT ROWID;
