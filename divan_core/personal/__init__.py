"""Everything Divan has of one person: to hand it over to them, and to erase it."""
