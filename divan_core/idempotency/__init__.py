"""Idempotency: a key, its write and its answer in one transaction."""
