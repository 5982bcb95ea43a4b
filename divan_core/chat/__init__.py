"""Conversations: direct ones of two people, and rooms."""
