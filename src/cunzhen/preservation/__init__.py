"""Packages (AIPs) as bytes: kept in every store, read back, checked. Knows no catalogue."""
