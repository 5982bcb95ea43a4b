"""Leaderboards: what people did, what it is worth, streaks and badges."""
