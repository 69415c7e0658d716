-- +goose Up

-- As on PostgreSQL, which keeps the logs of runs by month.
CREATE TABLE run_lines_after (
  run_id BIGINT NOT NULL,
  seq    BIGINT NOT NULL,
  at     BIGINT NOT NULL,
  level  BIGINT NOT NULL,
  line   TEXT NOT NULL,
  PRIMARY KEY (run_id, seq, at)
) WITHOUT ROWID;
INSERT INTO run_lines_after SELECT run_id, seq, at, level, line FROM run_lines;
DROP TABLE run_lines;
ALTER TABLE run_lines_after RENAME TO run_lines;
