"""What keeps things: in memory, in SQL, in Redis."""
