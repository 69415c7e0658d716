-- +goose Up

-- When the mall was asked for what a reply says: a reply that was asked for before another
-- says nothing over it, whichever is stored first. 0: from a sheet, or of before this
-- column.
ALTER TABLE files ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE claims ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;
