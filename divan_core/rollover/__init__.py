"""The end of the day: days are closed, and what is over is cleared away."""
