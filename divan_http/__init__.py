"""Divan over HTTP: a Falcon application in front of the core's services."""
