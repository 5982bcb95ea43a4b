"""What is needed to run Divan for real; see docs/operations.md."""
