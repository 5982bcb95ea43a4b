"""Pages of the documentation that are made from the code: ``python3 noxfile.py -s docs``."""
