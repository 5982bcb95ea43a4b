"""JSON in, views and problems out: what every transport does in the same way."""
