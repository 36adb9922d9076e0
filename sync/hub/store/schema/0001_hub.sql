-- The reference hub's store. Times are µs UTC. Entries are kept as the bytes that the box hashed.

CREATE TABLE box (
  box TEXT PRIMARY KEY,
  name TEXT NOT NULL DEFAULT '',
  warehouse TEXT NOT NULL DEFAULT '',     -- '': serves every warehouse that no other box names
  public_key BLOB,                        -- pinned at enrolment
  token TEXT,                             -- not yet spent
  token_key BLOB,                         -- the key that the token is bound to since its first use
  token_spent BLOB,                       -- SHA-256 of the last spent token
  epoch INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,         -- the uplink's cursor
  head BLOB NOT NULL,                     -- hash of entry `seq`
  head_seq INTEGER NOT NULL DEFAULT 0,    -- newest entry that the box has told of
  rules TEXT NOT NULL DEFAULT '',
  dseq INTEGER NOT NULL DEFAULT 0,        -- newest instruction
  got_dseq INTEGER NOT NULL DEFAULT 0,    -- newest instruction that the box has journalled
  seen_us INTEGER NOT NULL DEFAULT 0,
  quarantine BLOB,                        -- JSON; the uplink of `epoch` is closed
  checkpoint BLOB                         -- JSON; the newest countersigned head
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
  box TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  raw BLOB NOT NULL,
  parked TEXT,                            -- why the hub could not read it; it is kept all the same
  received_us INTEGER NOT NULL,
  PRIMARY KEY (box, epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE order_entry (
  order_id TEXT NOT NULL,
  box TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (order_id, box, epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE floor_order (
  box TEXT NOT NULL,
  order_id TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (box, order_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  order_id TEXT PRIMARY KEY,
  box TEXT NOT NULL,
  instruction TEXT NOT NULL,
  content BLOB NOT NULL,                  -- JSON, routing included
  received_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE instruction (
  box TEXT NOT NULL,
  dseq INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  order_id TEXT,
  issued_us INTEGER NOT NULL,
  b BLOB NOT NULL,
  k TEXT NOT NULL,
  s BLOB NOT NULL,
  outcome TEXT,                           -- applied, refused, set_aside; NULL: no answer yet
  answer_epoch INTEGER,
  answer_seq INTEGER,
  PRIMARY KEY (box, dseq)
) STRICT, WITHOUT ROWID;

CREATE INDEX instruction_order ON instruction (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX instruction_aside ON instruction (box) WHERE outcome = 'set_aside';
