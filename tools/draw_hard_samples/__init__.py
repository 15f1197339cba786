"""Draws the second, harder set of fictional papers: other hands, other layouts, other words than ``draw_samples``."""
