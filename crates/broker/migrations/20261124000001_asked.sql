-- Questions about calls are few among many entries, and looked for by time.
CREATE INDEX entry_asked ON entry (seq) WHERE call IS NOT NULL AND json_extract(record, '$.kind') = 'asked';
