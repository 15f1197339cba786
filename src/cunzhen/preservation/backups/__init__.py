"""Backup folders: what lies in them, how it gets there, how it is checked, and how a new home is made from one."""
