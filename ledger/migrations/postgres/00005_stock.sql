-- +goose Up

-- The SKU of each piece, so that what is instructed is summed without reading
-- instructions.
ALTER TABLE instruction_lines ADD COLUMN sku TEXT NOT NULL DEFAULT '';
CREATE INDEX instructions_out ON instructions (warehouse_id, id) WHERE state IN (1, 3, 4);
CREATE INDEX shipments_at ON shipments (at);

-- What orders that are taken and have no instruction want: those before their
-- target status, and those on hold. A line that no SKU is linked to has an empty
-- SKU.
CREATE TABLE demand (
  order_id BIGINT NOT NULL,
  sku      TEXT NOT NULL,
  code     TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  PRIMARY KEY (order_id, sku, code)
);

-- What an account has read, and as what: the SKU links that its demand was made
-- with, the day since which its products were read, the last full stock list.
CREATE TABLE account_marks (
  account_id BIGINT NOT NULL,
  name       TEXT NOT NULL,
  value      TEXT NOT NULL,
  at         BIGINT NOT NULL,
  PRIMARY KEY (account_id, name)
);

-- The product master: what each account's mall sells.
CREATE TABLE products (
  account_id  BIGINT NOT NULL,
  product     TEXT NOT NULL,
  item_id     TEXT NOT NULL,
  item_code   TEXT NOT NULL,
  option_id   TEXT NOT NULL,
  option_code TEXT NOT NULL,
  sku_code    TEXT NOT NULL,
  barcode     TEXT NOT NULL,
  name        TEXT NOT NULL,
  option_name TEXT NOT NULL,
  category    TEXT NOT NULL,
  price       BIGINT NOT NULL,
  on_sale     BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL,
  seen_at     BIGINT NOT NULL,
  PRIMARY KEY (account_id, product)
);

-- What a mall was told that may be sold. It is recorded before the mall is told,
-- so that a crash leaves a doubt and not a wrong certainty.
CREATE TABLE stock_told (
  account_id BIGINT NOT NULL,
  product    TEXT NOT NULL,
  quantity   BIGINT NOT NULL,
  own        BIGINT NOT NULL,
  state      TEXT NOT NULL,
  tries      BIGINT NOT NULL,
  code       TEXT NOT NULL,
  detail     TEXT NOT NULL,
  at         BIGINT NOT NULL,
  shown      BIGINT NOT NULL,
  shown_at   BIGINT NOT NULL,
  PRIMARY KEY (account_id, product)
);

-- Changes that wait for a person.
CREATE TABLE stock_waits (
  account_id BIGINT NOT NULL,
  product    TEXT NOT NULL,
  kind       TEXT NOT NULL,
  was        BIGINT NOT NULL,
  wanted     BIGINT NOT NULL,
  since      BIGINT NOT NULL,
  approved   TEXT NOT NULL,
  PRIMARY KEY (account_id, product)
);
