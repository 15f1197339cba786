"""One module for each group of papers; every function returns the sheets of one paper."""
