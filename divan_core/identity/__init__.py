"""Whom credentials name: from a token or development headers to an actor."""
