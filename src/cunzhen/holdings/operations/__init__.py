"""Writes of the catalogue, and looks at what it holds."""

from cunzhen.holdings.operations.correcting import correct_items, preview_corrections
from cunzhen.holdings.operations.exporting import export_items
from cunzhen.holdings.operations.filing import file_items
from cunzhen.holdings.operations.mending import mend_catalogue
from cunzhen.holdings.operations.policies import set_store_policy
from cunzhen.holdings.operations.rebuilding import rebuild_catalogue
from cunzhen.holdings.operations.registering import keep_registry
from cunzhen.holdings.operations.renditions import add_renditions
from cunzhen.holdings.operations.setup import found_fonds, install_schedule
from cunzhen.holdings.operations.verifying import verify_catalogue
from cunzhen.holdings.operations.viewing import (
    export_proof,
    view_component,
    view_item,
    view_page,
    view_rendition,
)

__all__ = [
    "add_renditions",
    "correct_items",
    "export_items",
    "export_proof",
    "file_items",
    "found_fonds",
    "install_schedule",
    "keep_registry",
    "mend_catalogue",
    "preview_corrections",
    "rebuild_catalogue",
    "set_store_policy",
    "verify_catalogue",
    "view_component",
    "view_item",
    "view_page",
    "view_rendition",
]
