-- When each record of personal data was kept (µs UTC; 0: not known): what is erased after its time
-- is found by age.
ALTER TABLE personal ADD COLUMN at_us INTEGER NOT NULL DEFAULT 0;
CREATE INDEX personal_age ON personal (at_us, key);
