"""Writes of the catalogue, and looks at what it holds."""

from cunzhen.holdings.operations.filing import file_items
from cunzhen.holdings.operations.setup import found_fonds, install_schedule
from cunzhen.holdings.operations.verifying import verify_catalogue
from cunzhen.holdings.operations.viewing import view_component, view_item, view_page

__all__ = [
    "file_items",
    "found_fonds",
    "install_schedule",
    "verify_catalogue",
    "view_component",
    "view_item",
    "view_page",
]
