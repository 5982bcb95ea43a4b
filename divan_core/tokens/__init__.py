"""JSON Web Tokens (RFC 7519), checked with PyJWT: the adapter of identity's ``TokenVerifier``."""
