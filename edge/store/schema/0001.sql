-- The journal: bytes as they are hashed and sent. Columns are derived from them.
CREATE TABLE entry (
  seq   INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  hash  BLOB NOT NULL,
  raw   BLOB NOT NULL
);

-- Which entries concern an order, a task, a job …: a timeline is one range of this table an era.
-- An era is 4,096 entries: a group of 200 commands then writes 50 pages here instead of 470.
CREATE TABLE entry_ref (
  era INTEGER NOT NULL,
  ref TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (era, ref, seq)
) WITHOUT ROWID;

-- Projections: the newest form of each document, and the words it can be found by.
CREATE TABLE doc (
  kind TEXT NOT NULL,
  id   TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;

CREATE TABLE doc_term (
  kind  TEXT NOT NULL,
  term  TEXT NOT NULL,
  value TEXT NOT NULL,
  id    TEXT NOT NULL,
  PRIMARY KEY (kind, term, value, id)
) WITHOUT ROWID;

-- The answer that each command got: what makes a repeat harmless.
CREATE TABLE answer (
  id      TEXT PRIMARY KEY,
  content BLOB NOT NULL,
  body    BLOB NOT NULL,
  at_us   INTEGER NOT NULL
) WITHOUT ROWID;

-- Personal data, which the journal names by a salted hash only.
CREATE TABLE personal (
  key   TEXT PRIMARY KEY,
  salt  BLOB NOT NULL,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- Signed heads of the chain.
CREATE TABLE checkpoint (
  epoch     INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  at_us     INTEGER NOT NULL,
  head      BLOB NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;
