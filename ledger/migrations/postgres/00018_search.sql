-- +goose Up

-- New orders wait for their keys behind the mark of the last one that has them; only
-- those that changed stand in search_todo.
INSERT INTO marks (name, value) SELECT 'search', max(id) FROM orders HAVING count(*) > 0;
