"""The ``divan`` command: serving, administering and trying things out."""
