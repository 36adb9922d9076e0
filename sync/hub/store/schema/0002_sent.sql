-- The newest instruction that was put on the wire: what stands behind it may still be numbered anew.

ALTER TABLE box ADD COLUMN sent_dseq INTEGER NOT NULL DEFAULT 0;
UPDATE box SET sent_dseq = dseq;
