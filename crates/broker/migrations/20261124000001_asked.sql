-- Questions about calls and their answers are few among many entries. An answer is found by its approval: a client that came
-- again for it has made another call by then.
CREATE INDEX entry_asked ON entry (seq) WHERE call IS NOT NULL AND json_extract(record, '$.kind') = 'asked';
CREATE INDEX entry_answered ON entry (json_extract(record, '$.approval')) WHERE json_extract(record, '$.kind') = 'answered';
