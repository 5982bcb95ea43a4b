"""Hashes of passwords: the adapter of auth's ``PasswordHasher``."""
