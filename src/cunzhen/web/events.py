"""What ledger operations are called on screens, in Chinese and English."""

from __future__ import annotations

EVENTS: dict[str, tuple[str, str]] = {
    "found_agency": ("设立机构", "Agency set up"),
    "found_user": ("设立用户", "User set up"),
    "found_fonds": ("设立全宗", "Fonds set up"),
    "install_schedule": ("启用保管期限表", "Schedule installed"),
    "issue_token": ("签发接口令牌", "API token issued"),
    "sign_in": ("登录", "Signed in"),
    "refuse_sign_in": ("登录被拒", "Sign-in refused"),
    "open_transfer": ("新建归档批次", "Transfer opened"),
    "receive_transfer": ("接收批次", "Transfer received"),
    "read_drafts": ("识别文字", "Read"),
    "describe_draft": ("著录确认", "Description confirmed"),
    "return_drafts": ("退回", "Returned"),
    "retry_drafts": ("重新识别", "Read again"),
    "file_drafts": ("归档", "Filed"),
    "close_transfer": ("批次办结", "Transfer closed"),
    "search_items": ("检索", "Searched"),
    "view_item": ("查看档案", "Item viewed"),
    "view_page": ("查看页面图像", "Page viewed"),
    "view_component": ("下载原件", "Original downloaded"),
    "verify_archive": ("核验", "Verified"),
}


def event_label(op: str, language: str | None = "zh") -> str:
    """The words for an operation; one without words shows its name."""
    found = EVENTS.get(op)
    return op if found is None else found[0 if (language or "zh").startswith("zh") else 1]
