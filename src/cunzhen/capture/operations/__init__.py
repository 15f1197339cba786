"""Writes of capture: what a person or the machine does to papers on their way in."""

from cunzhen.capture.operations.describing import describe_draft, retry_drafts, return_drafts
from cunzhen.capture.operations.exporting import export_transfers
from cunzhen.capture.operations.filing import close_transfer, file_drafts
from cunzhen.capture.operations.inboxes import sweep_inboxes
from cunzhen.capture.operations.reading import read_drafts
from cunzhen.capture.operations.transfers import open_transfer, receive_transfer
from cunzhen.capture.operations.uploads import add_file, append_upload, receive_uploads

__all__ = [
    "add_file",
    "append_upload",
    "close_transfer",
    "describe_draft",
    "export_transfers",
    "file_drafts",
    "open_transfer",
    "read_drafts",
    "receive_transfer",
    "receive_uploads",
    "retry_drafts",
    "return_drafts",
    "sweep_inboxes",
]
