"""Signing in with a mailbox and a password: registration, verification, tokens."""
