"""Numbers that name people and employers: check digits, normal form, finding them in read text, masking.

Resident identity numbers follow GB 11643-1999, unified social credit codes GB 32100-2015. A division code is never
looked up: the code on an old paper was valid when the number was given, and many have been abolished since.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from cunzhen.errors import Invalid

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {c: i for i, c in enumerate(_USCC_ALPHABET)}
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_OLDEST_BIRTH_YEAR = 1850
_ID_LENGTH = 18
_OLD_ID_LENGTH = 15
# More repaired characters than this and a chance agreement of the check digit becomes too likely.
_MOST_REPAIRS = 3

_WIDE = {ord("０") + i: str(i) for i in range(10)} | {ord("Ａ") + i: chr(65 + i) for i in range(26)}
_WIDE |= {ord("ａ") + i: chr(97 + i) for i in range(26)} | {ord("　"): " "}
_DIGIT_REPAIRS = {ord(c): "0" for c in "OoQD〇"} | {ord(c): "1" for c in "lIi|!丨"}
_DIGIT_REPAIRS |= {ord(c): "2" for c in "Zz"} | {ord(c): "5" for c in "Ss"} | {ord(c): "8" for c in "B"}
_X_REPAIRS = {ord(c): "X" for c in "xX×╳✕*乂"}
_USCC_REPAIRS = {ord("O"): "0", ord("I"): "1", ord("S"): "5", ord("Z"): "2", ord("V"): "Y"}

_D = "[0-9OoQD〇lIi|!丨ZzSsB]"
_LAST = "[0-9OoQD〇lIi|!丨ZzSsBxX×╳✕*乂]"
_ID_CLOSE = re.compile(rf"(?<![0-9A-Za-z]){_D}{{17}}{_LAST}(?![0-9A-Za-z])")
_ID_SPACED = re.compile(rf"(?<![0-9A-Za-z]){_D}(?:[ .·]?{_D}){{16}}[ .·]?{_LAST}(?![0-9A-Za-z])")
_ID_OLD = re.compile(r"(?<![0-9A-Za-z])[0-9]{15}(?![0-9A-Za-z])")
_USCC_CLOSE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{18}(?![0-9A-Za-z])")
_USCC_SPACED = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z](?: ?[0-9A-Za-z]){17}(?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?![0-9])")
_FIXED = re.compile(r"(?<![0-9])\(?0[1-9][0-9]{1,2}\)?[ -]?[2-9][0-9]{6,7}(?![0-9])")


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A resident identity number in its 18-character form.

    Args:
        number: 18 characters, check character upper case.
        division: the six digits of the place that gave it; historical, never looked up.
        birth_date: as the number states it.
        sex: ``male`` or ``female``.
        was_old: True where the paper carried the 15-digit form, which has no check character.
    """

    number: str
    division: str
    birth_date: date
    sex: str
    was_old: bool


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """A number seen in text.

    Args:
        start, end: half-open range in the searched text.
        raw: the characters as they stand there.
        number: normal form; empty where no reading of them satisfies the check character.
        repairs: how many characters had to be read differently (O as 0, l as 1 ...).
        checked: True where a check character agreed; False for 15-digit numbers, which have none.
    """

    start: int
    end: int
    raw: str
    number: str
    repairs: int
    checked: bool


def identity_check_character(first_17: str) -> str:
    """Check character of a resident identity number (ISO 7064 MOD 11-2).

    Args:
        first_17: exactly 17 digits.

    Raises:
        Invalid: ``ID-01`` where they are not 17 digits.
    """
    if len(first_17) != _ID_LENGTH - 1 or not _is_digits(first_17):
        raise Invalid("ID-01", "身份号码前17位必须都是数字。", "The first 17 places must be digits.")
    return _ID_CHECKS[sum(int(c) * w for c, w in zip(first_17, _ID_WEIGHTS, strict=True)) % 11]


def parse_identity_number(text: str) -> IdentityNumber:
    """Read a resident identity number of 18 or 15 places, as GB 11643-1999 defines it.

    Args:
        text: the number; surrounding and inner spaces and full-width digits are allowed, nothing is guessed.

    Raises:
        Invalid: ``ID-02`` wrong form, ``ID-03`` impossible birth date, ``ID-04`` check character disagrees.
    """
    plain = _strip(text).upper()
    if len(plain) == _OLD_ID_LENGTH and _is_digits(plain):
        return _parse_18(_widen(plain), was_old=True)
    if len(plain) != _ID_LENGTH or not _is_digits(plain[:17]) or plain[17] not in _ID_CHECKS:
        raise Invalid(
            "ID-02", "身份号码应为18位或15位，请核对。", "An identity number has 18 or 15 places; please check."
        )
    return _parse_18(plain, was_old=False)


def is_identity_number(text: str) -> bool:
    """Whether the text is a well-formed identity number (18 places with check, or 15 with a possible date)."""
    try:
        parse_identity_number(text)
    except Invalid:
        return False
    return True


def normalise_identity_number(text: str) -> str:
    """The 18-character form of an 18- or 15-place number; raises ``Invalid`` like ``parse_identity_number``."""
    return parse_identity_number(text).number


def old_identity_number(number: str) -> str:
    """The 15-digit form under which old papers know the same person; empty where there can be none.

    Args:
        number: a normal 18-character number.
    """
    if len(number) != _ID_LENGTH or number[6:8] != "19":
        return ""
    return number[:6] + number[8:17]


def uscc_check_character(first_17: str) -> str:
    """Check character of a unified social credit code, GB 32100-2015.

    Raises:
        Invalid: ``UC-01`` where a character is not of the alphabet or the length is not 17.
    """
    if len(first_17) != _ID_LENGTH - 1 or any(c not in _USCC_VALUES for c in first_17):
        raise Invalid(
            "UC-01", "统一社会信用代码含有不允许的字符。", "The credit code has characters outside its alphabet."
        )
    total = sum(_USCC_VALUES[c] * w for c, w in zip(first_17, _USCC_WEIGHTS, strict=True))
    # The outer modulus matters: a sum divisible by 31 gives 31, which is no letter.
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def normalise_uscc(text: str) -> str:
    """The 18-character upper-case code.

    Raises:
        Invalid: ``UC-02`` wrong length, ``UC-01`` wrong characters, ``UC-03`` check character disagrees.
    """
    plain = _strip(text).upper()
    if len(plain) != _ID_LENGTH:
        raise Invalid("UC-02", "统一社会信用代码应为18位。", "A unified social credit code has 18 places.")
    if uscc_check_character(plain[:17]) != plain[17]:
        raise Invalid("UC-03", "统一社会信用代码校验位不符，请核对。", "The check character disagrees; please check.")
    return plain


def is_uscc(text: str) -> bool:
    """Whether the text is a unified social credit code with an agreeing check character."""
    try:
        normalise_uscc(text)
    except Invalid:
        return False
    return True


def has_organisation_check(uscc: str) -> bool:
    """Whether places 9 to 17 carry the old organisation code's own check character (GB 11714), a second witness."""
    body, check = uscc[8:16], uscc[16:17]
    if len(body) != len(_ORG_WEIGHTS) or not body.isascii() or not body.isalnum():
        return False
    total = sum(int(c, 36) * w for c, w in zip(body, _ORG_WEIGHTS, strict=True))
    return check == "0123456789X0"[(11 - total % 11)]


def find_identity_numbers(text: str) -> list[FoundNumber]:
    """Every run that looks like an identity number, with the reading that its check character confirms.

    Tolerates what readers confuse (O/0, l/1, x/X, spaces between digits). A run without a valid reading is
    returned with an empty ``number`` when it looks like one otherwise, so that callers can warn.
    """
    found: list[FoundNumber] = []
    for pattern in (_ID_CLOSE, _ID_SPACED):
        for match in pattern.finditer(text):
            if not _overlaps(found, match.start(), match.end()):
                candidate = _read_18(match)
                if candidate:
                    found.append(candidate)
    for match in _ID_OLD.finditer(text):
        raw = match.group()
        if is_identity_number(raw) and not _overlaps(found, match.start(), match.end()):
            found.append(FoundNumber(match.start(), match.end(), raw, _widen(raw), 0, False))
    return sorted(found, key=lambda f: f.start)


def find_usccs(text: str) -> list[FoundNumber]:
    """Every unified social credit code whose check character agrees, confusions repaired (O, I, S, Z, V)."""
    found: list[FoundNumber] = []
    for pattern in (_USCC_CLOSE, _USCC_SPACED):
        for match in pattern.finditer(text):
            raw = match.group().replace(" ", "")
            plain = raw.upper().translate(_USCC_REPAIRS)
            repairs = sum(a != b for a, b in zip(raw.upper(), plain, strict=True))
            if repairs > _MOST_REPAIRS or not is_uscc(plain) or is_identity_number(plain):
                continue
            if not _overlaps(found, match.start(), match.end()):
                found.append(FoundNumber(match.start(), match.end(), match.group(), plain, repairs, True))
    return sorted(found, key=lambda f: f.start)


def find_phones(text: str) -> list[FoundNumber]:
    """Mobile numbers (11 digits) and fixed lines with area code, in digits only."""
    matches = sorted([*_MOBILE.finditer(text), *_FIXED.finditer(text)], key=lambda m: m.start())
    return [
        FoundNumber(m.start(), m.end(), m.group(), "".join(c for c in m.group() if c in "0123456789"), 0, False)
        for m in matches
    ]


def mask(number: str) -> str:
    """How a number is shown to people: first six and last four for long ones, the middle covered.

    ``142326196601011234`` becomes ``142326********1234``, a mobile number ``138****5678``; up to 7 characters only
    the last two stay.
    """
    if len(number) > len("13812345678"):
        head, tail = 6, 4
    elif len(number) > len("1381234"):
        head, tail = 3, 4
    else:
        head, tail = 0, min(2, len(number) // 2)
    return number[:head] + "*" * (len(number) - head - tail) + number[len(number) - tail :]


def _parse_18(plain: str, *, was_old: bool) -> IdentityNumber:
    try:
        born = date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
    except ValueError:
        raise Invalid(
            "ID-03", "身份号码中的出生日期不存在，请核对。", "The birth date in the number is impossible."
        ) from None
    if born.year < _OLDEST_BIRTH_YEAR:
        raise Invalid("ID-03", "身份号码中的出生日期不合理，请核对。", "The birth date in the number is implausible.")
    if identity_check_character(plain[:17]) != plain[17]:
        raise Invalid("ID-04", "身份号码校验位不符，请核对。", "The check character disagrees; please check.")
    return IdentityNumber(plain, plain[:6], born, "male" if int(plain[16]) % 2 else "female", was_old)


def _widen(fifteen: str) -> str:
    body = fifteen[:6] + "19" + fifteen[6:]
    return body + identity_check_character(body)


def _read_18(match: re.Match[str]) -> FoundNumber | None:
    raw = match.group()
    close = _strip(raw).replace(".", "").replace("·", "")
    digits = close[:17].translate(_DIGIT_REPAIRS)
    as_x, as_digit = close[17].translate(_X_REPAIRS), close[17].translate(_DIGIT_REPAIRS)
    last = as_x if as_x == "X" else as_digit
    plain = digits + last
    repairs = sum(a != b for a, b in zip(close[:17], digits, strict=True)) + (
        last not in (close[17], close[17].upper())
    )
    if is_identity_number(plain) and repairs <= _MOST_REPAIRS:
        return FoundNumber(match.start(), match.end(), raw, plain, repairs, True)
    if repairs == 0 and _looks_like_birth(plain[6:14]):
        return FoundNumber(match.start(), match.end(), raw, "", repairs, False)
    return None


def _looks_like_birth(eight: str) -> bool:
    return eight[:2] in ("18", "19", "20") and "01" <= eight[4:6] <= "12" and "01" <= eight[6:8] <= "31"


def _strip(text: str) -> str:
    return "".join(text.translate(_WIDE).split())


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _overlaps(found: list[FoundNumber], start: int, end: int) -> bool:
    return any(f.start < end and start < f.end for f in found)
