"""The page of the staff: its files, and how they are served."""
