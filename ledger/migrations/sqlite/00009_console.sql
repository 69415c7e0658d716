-- +goose Up

-- Who may use the console. hash is an argon2id string, empty until the person has
-- chosen a password.
CREATE TABLE users (
  name       TEXT PRIMARY KEY,
  hash       TEXT NOT NULL,
  role       TEXT NOT NULL,
  disabled   BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL
) WITHOUT ROWID;

-- Links by which a person chooses a password, once. token is a hash.
CREATE TABLE invitations (
  token      TEXT PRIMARY KEY,
  user_name  TEXT NOT NULL,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;

-- Sessions of the console. token is a hash.
CREATE TABLE sessions (
  token      TEXT PRIMARY KEY,
  data       BLOB NOT NULL,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_end ON sessions (expires_at);

CREATE INDEX events_acts ON events (id) WHERE actor <> '';
CREATE INDEX shipments_tracking ON shipments (tracking);
