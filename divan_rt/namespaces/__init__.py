"""One module for each namespace of the Socket.IO server."""
