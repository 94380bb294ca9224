-- Why: where single values come faster than days can be written one value at a time, a batch may leave them in the archive, which
-- is committed with it, and a later one brings many values of a day at once. What waits is marked, so that whoever starts next
-- finishes it.
-- Locks: ACCESS EXCLUSIVE on batch for a moment; constants as defaults, so no row is rewritten.

ALTER TABLE batch
    ADD COLUMN deferred integer NOT NULL DEFAULT 0, -- frames of this batch whose readings are in the archive only
    ADD COLUMN folded   integer NOT NULL DEFAULT 0; -- days, or frames read again, that earlier batches had deferred
CREATE INDEX batch_deferred ON batch (batch) WHERE deferred > 0;
