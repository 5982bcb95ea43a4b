"""Finding people and rooms: search by half-remembered names, and suggestions."""
