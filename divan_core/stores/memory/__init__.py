"""Stores in this process: gone when it ends."""
