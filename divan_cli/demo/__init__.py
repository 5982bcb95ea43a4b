"""A living campus for one's own browser: people who walk, a page, and what it alone may ask."""
