"""What operators see of a running Divan."""
