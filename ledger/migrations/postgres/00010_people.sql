-- +goose Up

-- Orders whose content a person corrected, until the mall says something else.
CREATE TABLE corrections (
  order_id BIGINT PRIMARY KEY,
  actor    TEXT NOT NULL,
  at       BIGINT NOT NULL
);

-- How a person wants an order to be planned. Empty fields leave it to masters and
-- rules.
CREATE TABLE wishes (
  order_id  BIGINT PRIMARY KEY,
  cancelled BIGINT NOT NULL,
  warehouse TEXT NOT NULL,
  service   TEXT NOT NULL,
  split     TEXT NOT NULL,
  apart     BIGINT NOT NULL
);

-- What orders are found by: hashes of names, phone numbers and codes. Those that tell
-- of a person go with the order's other personal data.
CREATE TABLE search_keys (
  search_key BIGINT NOT NULL,
  order_id   BIGINT NOT NULL,
  personal   BIGINT NOT NULL,
  PRIMARY KEY (search_key, order_id)
);
CREATE INDEX search_keys_of ON search_keys (order_id);

-- Orders whose keys are not those of their present content yet.
CREATE TABLE search_todo (
  order_id BIGINT PRIMARY KEY
);
INSERT INTO search_todo (order_id) SELECT id FROM orders;

-- Searches that a person has kept.
CREATE TABLE filters (
  user_name TEXT NOT NULL,
  name      TEXT NOT NULL,
  query     TEXT NOT NULL,
  PRIMARY KEY (user_name, name)
);

-- The second factor of people who have one: the secret, and the step of the last code
-- that was taken, which is taken once.
CREATE TABLE second_factors (
  user_name TEXT PRIMARY KEY,
  secret    TEXT NOT NULL,
  confirmed BIGINT NOT NULL,
  last_step BIGINT NOT NULL
);

-- Lists of an account's orders, newest first.
CREATE INDEX orders_by_account ON orders (account_id, id);
-- Orders that are outside may be few among many.
CREATE INDEX orders_outside ON orders (id) WHERE state = 2;
