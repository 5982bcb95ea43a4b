"""Friendships and blocks."""
