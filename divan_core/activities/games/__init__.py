"""Games as pure state machines: the interface, and each of them in a module of its own."""
