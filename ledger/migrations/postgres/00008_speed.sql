-- +goose Up

-- The condition of an index is worked out for each row that is written. SQLite makes
-- a table of a list of three for that, each time; of comparisons it does not.
-- Queries that are to use the index repeat the condition word by word.
DROP INDEX orders_open;
CREATE INDEX orders_open ON orders (account_id, state, id, recipient) WHERE state = 0 OR state = 1 OR state = 4;
