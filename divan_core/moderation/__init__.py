"""The human desk: what is on record, what people report, and what becomes of it."""
