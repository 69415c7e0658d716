-- +goose Up

-- Comparisons instead of a list, as in 00008: a third of the time in which
-- instructions are made and claimed went into lists that SQLite made for it.
DROP INDEX instructions_out;
CREATE INDEX instructions_out ON instructions (warehouse_id, id) WHERE state = 1 OR state = 3 OR state = 4;
