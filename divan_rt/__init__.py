"""The Socket.IO server: live presence over WebSockets."""
