"""The operations of each context."""
