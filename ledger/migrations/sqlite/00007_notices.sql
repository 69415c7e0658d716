-- +goose Up

-- When personal data was taken out of a row, or out of the file that it names; 0
-- while it is there. What proof and promise need stays for ever: numbers, hashes,
-- sizes, counts.
ALTER TABLE orders ADD COLUMN purged_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE instructions ADD COLUMN purged_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN purged_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN purged_at BIGINT NOT NULL DEFAULT 0;

-- Every removal of personal data, and what of it was proven before.
CREATE TABLE purges (
  id           INTEGER PRIMARY KEY,
  at           BIGINT NOT NULL,
  actor        TEXT NOT NULL,
  orders       BIGINT NOT NULL,
  instructions BIGINT NOT NULL,
  batches      BIGINT NOT NULL,
  files        BIGINT NOT NULL,
  bytes        BIGINT NOT NULL,
  still_open   BIGINT NOT NULL
);

-- Events stay append-only, but retention may empty the detail of one.
DROP TRIGGER events_keep;
-- +goose StatementBegin
CREATE TRIGGER events_keep BEFORE UPDATE ON events
WHEN NEW.detail <> '' OR NEW.id <> OLD.id OR NEW.at <> OLD.at OR NEW.kind <> OLD.kind OR NEW.order_id <> OLD.order_id
  OR NEW.instruction_id <> OLD.instruction_id OR NEW.batch_id <> OLD.batch_id OR NEW.file_id <> OLD.file_id
  OR NEW.reason <> OLD.reason OR NEW.actor <> OLD.actor
BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;
-- +goose StatementEnd

-- What is to be said of alerts on each channel, and whether it was. A slot names
-- one thing to say of an alert, so that nothing is said twice: began, step 7, again
-- 1, ended. Rows without an alert are summaries, their slot is the day.
CREATE TABLE notices (
  id       INTEGER PRIMARY KEY,
  channel  TEXT NOT NULL,
  alert_id BIGINT NOT NULL,
  slot     TEXT NOT NULL,
  state    TEXT NOT NULL,
  tries    BIGINT NOT NULL,
  due_at   BIGINT NOT NULL,
  sent_at  BIGINT NOT NULL,
  error    TEXT NOT NULL
);
CREATE UNIQUE INDEX notices_once ON notices (channel, alert_id, slot);
CREATE INDEX notices_waiting ON notices (channel, id) WHERE state = 'waiting';
