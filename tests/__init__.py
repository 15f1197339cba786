"""The tests.

This file makes ``tests`` a regular package, and it must stay: pairtree, which one of the test libraries needs, installs
a top-level package of the same name, and to Python a regular package anywhere on the path comes before a folder without
this file. The programs that tests start would import pairtree's tests instead of ours.
"""
