"""Real PostgreSQL and Valkey servers, out of wheels, for tests and benchmarks."""
