"""What ledger operations are called on screens, in Chinese and English."""

from __future__ import annotations

EVENTS: dict[str, tuple[str, str]] = {
    "found_agency": ("设立机构", "Agency set up"),
    "found_user": ("设立用户", "User set up"),
    "found_fonds": ("设立全宗", "Fonds set up"),
    "install_schedule": ("启用保管期限表", "Schedule installed"),
    "prove_locks": ("验证对象锁定", "Object locks proved"),
    "set_store_policy": ("更改副本策略", "Policy of copies changed"),
    "issue_token": ("签发接口令牌", "API token issued"),
    "revoke_token": ("吊销接口令牌", "API token revoked"),
    "change_password": ("更改口令", "Password changed"),
    "reset_password": ("重设口令", "Password reset"),
    "set_passphrase": ("设置密钥库口令", "Passphrase of the key store set"),
    "share_keys": ("制作恢复份额", "Recovery shares made"),
    "shut_user": ("停用用户", "Account shut"),
    "reopen_user": ("启用用户", "Account opened again"),
    "grant_role": ("授予岗位", "Role given"),
    "end_role": ("免去岗位", "Role ended"),
    "sign_in": ("登录", "Signed in"),
    "refuse_sign_in": ("登录被拒", "Sign-in refused"),
    "refuse": ("拒绝无权操作", "Refused for want of the right"),
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
    "view_rendition": ("下载衍生件", "Rendition downloaded"),
    "correct_items": ("更正", "Corrected"),
    "fold_changes": ("变更集并入保存包", "Change-set folded in"),
    "add_renditions": ("加入衍生件", "Renditions added"),
    "export_items": ("导出目录", "List of items exported"),
    "export_proof": ("下载证明", "Proof downloaded"),
    "export_transfers": ("导出批次清单", "List of transfers exported"),
    "back_up": ("备份", "Backed up"),
    "restore_backup": ("从备份恢复", "Restored from backup"),
    "record_drill": ("登记应急演练", "Drill recorded"),
    "verify_archive": ("核验", "Verified"),
    "scrub_copies": ("巡检副本", "Copies scrubbed"),
    "repair_package": ("修复副本", "Copy mended"),
    "quarantine_package": ("隔离保存包", "Package quarantined"),
    "replace_store": ("更换存储磁盘", "Store replaced"),
    "keep_registry": ("更新登记包", "Registry kept"),
    "rebuild_catalogue": ("重建目录", "Catalogue rebuilt"),
    "mend_catalogue": ("修复目录", "Catalogue mended"),
}


def event_label(op: str, language: str | None = "zh") -> str:
    """The words for an operation; one without words shows its name."""
    found = EVENTS.get(op)
    return op if found is None else found[0 if (language or "zh").startswith("zh") else 1]
