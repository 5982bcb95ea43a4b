"""The relational store, on SQLite and PostgreSQL."""
