"""What a service's failures become: numbered refusals that say what to do, without keys, addresses or its words."""

from __future__ import annotations

from obstore.exceptions import AlreadyExistsError, PermissionDeniedError, UnauthenticatedError

from cunzhen.errors import Conflict, Unavailable

SPOOL = "本机暂存区 spool"
DENIED = "P-44"


def refused(store: str, failure: Exception | None) -> Unavailable:
    """The refusal that a failed request becomes."""
    if isinstance(failure, PermissionDeniedError | UnauthenticatedError):
        return Unavailable(
            "P-44",
            f"存储“{store}”的对象存储服务拒绝了访问（403）。请检查该存储的访问密钥、权限和本机时钟。",
            f"The service of store {store!r} refuses access (403). Check its keys, their rights, and this machine's "
            "clock.",
            store=store,
        )
    if isinstance(failure, FileNotFoundError) or "<Code>NoSuchBucket<" in str(failure):
        return Unavailable(
            "P-45",
            f"存储“{store}”的桶不存在。请在对象存储服务中建好桶，或更正 CUNZHEN_STORES。",
            f"The bucket of store {store!r} does not exist. Make it in the service, or correct CUNZHEN_STORES.",
            store=store,
        )
    return Unavailable(
        "P-42",
        f"存储“{store}”的对象存储服务没有在规定时间内正确应答，已多次重试；本批未确认保存。请检查服务和网络后重试。",
        f"The service of store {store!r} gave no right answer in time, tried several times; nothing of this batch is "
        "acknowledged. Check the service and the network, then try again.",
        store=store,
    )


def put_refused(
    store: str, failure: Exception | None, *, acknowledged: bool, taken: bool = False
) -> Unavailable | Conflict:
    """The refusal where bytes that were written cannot be read back right.

    Args:
        store: its name.
        failure: the last that a request met.
        acknowledged: whether the service had said that the bytes are kept.
        taken: whether other bytes were there before.
    """
    if taken:
        return Conflict(
            "P-02",
            "存储中已有同一编号的保存包，未作任何覆盖。",
            "The store already has a package or version of this id; nothing was overwritten.",
            store=store,
        )
    if not acknowledged and not isinstance(failure, AlreadyExistsError):
        return refused(store, failure)
    return Unavailable(
        "P-43",
        f"存储“{store}”的对象存储服务确认已写入，读回的内容却缺失或不符，已多次重试；本批未确认保存。"
        "请停用该存储并通知其运营方。",
        f"The service of store {store!r} said that it kept what cannot be read back right, tried several times; "
        "nothing of this batch is acknowledged. Take the store out of use and tell whoever runs it.",
        store=store,
    )


def gone(store: str) -> Unavailable:
    """The refusal where packages should lie in a bucket that has not even a card."""
    return Unavailable(
        "P-12",
        f"存储“{store}”不见了：桶中没有它的标识文件 store.json。请核对 CUNZHEN_STORES 中的桶和前缀，不要新建。",
        f"Store {store!r} is gone: its card store.json is not in the bucket. Check bucket and prefix in "
        "CUNZHEN_STORES; do not make a new one.",
        store=store,
    )


def not_ours(store: str) -> Unavailable:
    """The refusal where another store's card, or something else, is found."""
    return Unavailable(
        "P-13",
        f"存储“{store}”的标识不符：这个桶和前缀属于另一个存储或另一机构，或已有别的内容。未写入任何内容。",
        f"The card of store {store!r} does not fit: this bucket and prefix belong to another store or agency, or hold "
        "something else. Nothing was written.",
        store=store,
    )


def copy_not_whole(store: str) -> Unavailable:
    """The refusal where a copy that was thought whole is not, when a version is to be added."""
    return Unavailable(
        "P-15",
        f"存储“{store}”中这个保存包的副本不完整，未作更改。请先运行 cunzhen scrub 和 cunzhen repair，再重试。",
        f"The copy of this package in store {store!r} is not whole; nothing was changed. Run cunzhen scrub and cunzhen "
        "repair, then try again.",
        store=store,
    )


def source_changed(store: str) -> Unavailable:
    """The refusal where the bytes for a mended copy are not those promised."""
    return Unavailable(
        "P-15",
        f"修复存储“{store}”所用的来源内容不符，未作更改。请先核验其他副本。",
        f"The bytes meant to mend the copy in store {store!r} are not what they should be; nothing was changed. Verify "
        "the other copies first.",
        store=store,
    )


def lock_refused(store: str, chinese: str, english: str, *, answer: str = "") -> Unavailable:
    """The refusal where the object lock that settings promise is not to be had; ``answer``: the service's code."""
    return Unavailable(
        "P-46",
        f"存储“{store}”的对象锁定不可用：{chinese}",
        f"The object lock of store {store!r} is not to be had: {english}",
        store=store,
        answer=answer,
    )
