"""Redis and Valkey: the client, and the stores that need one."""
