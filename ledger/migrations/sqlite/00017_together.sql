-- +goose Up

-- The first of the orders that a person wants in one parcel; 0 for none.
ALTER TABLE wishes ADD COLUMN together BIGINT NOT NULL DEFAULT 0;
