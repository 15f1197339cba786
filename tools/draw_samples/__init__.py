"""Draws the fictional papers under samples/: forms, letters and lists with the defects of a real scanning room."""
