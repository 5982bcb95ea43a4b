"""Activities: games between two friends, from the lobby to the outcome."""
