-- +goose Up

-- The logs of runs are the largest table and the only one of which old rows go: by
-- month, so that a month goes at once. What no month was made for lies in the rest.
ALTER TABLE run_lines RENAME TO run_lines_before;
ALTER TABLE run_lines_before RENAME CONSTRAINT run_lines_pkey TO run_lines_before_pkey;
CREATE TABLE run_lines (
  run_id BIGINT NOT NULL,
  seq    BIGINT NOT NULL,
  at     BIGINT NOT NULL,
  level  BIGINT NOT NULL,
  line   TEXT NOT NULL,
  PRIMARY KEY (run_id, seq, at)
) PARTITION BY RANGE (at);
CREATE TABLE run_lines_rest PARTITION OF run_lines DEFAULT;
INSERT INTO run_lines SELECT run_id, seq, at, level, line FROM run_lines_before;
DROP TABLE run_lines_before;
