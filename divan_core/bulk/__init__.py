"""Bulk import: campuses, people, friendships and blocks from JSON Lines, all or nothing."""
