"""Time stamps of RFC 3161: asking an authority for one, and checking what it answered."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus, TimeStampTokenInfo

from cunzhen.errors import Invalid

_STATUS_CHARACTERS = 200
# The digests that an imprint may be of. We ask for SHA-256; a stamp that somebody else had made may be of another.
_DIGESTS = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}
# What the libraries raise where signature, certificates or names do not hold or are malformed.
_DOUBTS = (VerificationError, ValueError, KeyError, TypeError, x509.InvalidVersion, x509.DuplicateExtension)


@dataclass(frozen=True)
class Question:
    """What is sent to an authority (TimeStampReq, DER), and the number that its answer must repeat."""

    body: bytes
    nonce: int


@dataclass(frozen=True)
class Stamp:
    """What a trusted authority says: the text was there at this time."""

    at: datetime
    authority: str
    serial: int
    policy: str


def ask_for(text: bytes) -> Question:
    """The request for a stamp of a text: SHA-256 of it, a random nonce, and the wish for the signer's certificate.

    Source: RFC 3161 2.4.1.
    """
    made = TimestampRequestBuilder(data=text, hash_algorithm=HashAlgorithm.SHA256, nonce=True, cert_req=True).build()
    if made.nonce is None:
        raise AssertionError("a request was made without its nonce")
    return Question(made.as_bytes(), made.nonce)


def check(answer: bytes, text: bytes, roots: Sequence[x509.Certificate], *, nonce: int | None = None) -> Stamp:
    """What a stamp says, where it is of this text and a trusted authority made it.

    The certificates need to be good at the time of the stamp, not now, so that old stamps stay good. Whether one of
    them was revoked is not asked.

    Args:
        answer: the TimeStampResp (DER), as the authority sent it.
        roots: the certificates that are trusted: the root, and what the answer does not carry of the way to it. Never
            put what came with an answer here.
        nonce: the request's, where it is still known.

    Raises:
        Invalid: ``L-40`` where the answer cannot be read, ``L-41`` where the authority refused, ``L-42`` where the
            stamp is of another text or answers another request, ``L-43`` where signature or certificate do not hold.

    Source: RFC 3161 2.3, 2.4.2.
    """
    response = _read(answer)
    info = response.tst_info
    if not _is_of(info, text, nonce):
        raise _foreign()
    try:
        signer = _verified_signer(response, text, roots)
        return Stamp(info.gen_time, signer.subject.rfc4514_string(), info.serial_number, info.policy.dotted_string)
    except _DOUBTS as error:
        raise _untrusted() from error


def load_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file.

    Raises:
        Invalid: ``L-45`` where it cannot be read, or holds none.
    """
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Invalid(
            "L-45",
            f"读不出证书文件 {path}（{type(error).__name__}）。请指明含有根证书的 PEM 文件。",
            f"Cannot read certificates from {path} ({type(error).__name__}). Name a PEM file that holds the root.",
        ) from error


def _read(answer: bytes) -> TimeStampResponse:
    """The answer taken apart; it holds a stamp."""
    try:
        response = decode_timestamp_response(answer)
        if response.status == PKIStatus.GRANTED:
            # Each part is read when it is asked for, and may be malformed.
            _ = response.tst_info.message_imprint, response.signed_data
            return response
    except ValueError as error:
        # A set of DER is sorted; OpenSSL sends the certificates of ``certs=`` in the order of that file.
        unsorted = "InvalidSetOrdering" in str(error)
        raise _unreadable_set() if unsorted else _unreadable() from error
    raise _refusal(response)


def _is_of(info: TimeStampTokenInfo, text: bytes, nonce: int | None) -> bool:
    digest = _DIGESTS.get(info.message_imprint.hash_algorithm.dotted_string)
    same = digest is not None and digest(text).digest() == info.message_imprint.message
    return same and (nonce is None or info.nonce == nonce)


def _verified_signer(response: TimeStampResponse, text: bytes, roots: Sequence[x509.Certificate]) -> x509.Certificate:
    """The certificate of the authority, once signature, way to a root and purpose were found good.

    Raises:
        one of ``_DOUBTS``: where they are not.
    """
    carried = [x509.load_der_x509_certificate(der) for der in response.signed_data.certificates]
    [signed] = response.signed_data.signer_infos
    # Two certificates under one name and number: then what is checked and what is shown could differ.
    [signer] = {c for c in carried or roots if c.issuer == signed.issuer and c.serial_number == signed.serial_number}
    # The library trusts whatever it is given, so a certificate that the answer carried is never given to it.
    verifier = VerifierBuilder(roots=list(roots), tsa_certificate=None if carried else signer).build()
    verifier.verify_message(response, text)
    return signer


def _unreadable() -> Invalid:
    return Invalid(
        "L-40",
        "时间戳服务的应答读不出，不是 RFC 3161 时间戳。请核对时间戳服务的地址。",
        "The answer is no time stamp of RFC 3161. See that the address of the time-stamping authority is right.",
    )


def _unreadable_set() -> Invalid:
    return Invalid(
        "L-40",
        "时间戳应答所附证书未按 DER 排序。时间戳服务若为 OpenSSL，请在其配置中去掉 certs= 一行，并把中间证书加入证书文件。",
        "The certificates in the answer are not in the order of DER. Where the authority runs OpenSSL, take the line "
        "certs= out of its configuration and add the intermediate certificates to the file of roots.",
    )


def _refusal(response: TimeStampResponse) -> Invalid:
    said = "; ".join(response.status_string)[:_STATUS_CHARACTERS]
    words = "".join(character if character.isprintable() else " " for character in said) or "-"
    return Invalid(
        "L-41",
        f"时间戳服务拒绝了请求（状态 {response.status}：{words}）。请按其说明调整，或联系时间戳服务方。",
        f"The time-stamping authority refused (status {response.status}: {words}). Do as it says, or ask its operator.",
    )


def _foreign() -> Invalid:
    return Invalid(
        "L-42",
        "时间戳属于另一份内容或另一次请求。请核对文件是否配对，或重新申请时间戳。",
        "The time stamp is of another text, or answers another request. See that the files belong together, or "
        "ask for a new stamp.",
    )


def _untrusted() -> Invalid:
    return Invalid(
        "L-43",
        "时间戳的签名或证书不可信。请核对时间戳服务的根证书是否配置正确；如果正确，请勿采信这个时间戳。",
        "The signature or certificate of the time stamp is not trusted. See that the root certificate of the "
        "time-stamping authority is the right one; if it is, do not rely on this stamp.",
    )
