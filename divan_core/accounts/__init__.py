"""Campuses, people, their profiles and how they want to be seen."""
