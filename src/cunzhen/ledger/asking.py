"""What a witness is asked, and what its answer means."""

from __future__ import annotations

from dataclasses import dataclass

from cunzhen.errors import Unavailable
from cunzhen.ledger.posting import NoAnswer, post
from cunzhen.ledger.witness import SIZE

REFUSED_SIZE = 409
_SECONDS = 8.0


@dataclass(frozen=True)
class WitnessAnswer:
    """What a witness answered."""

    status: int
    content_type: str
    text: str

    def line(self) -> str:
        """The signature lines of an answer that says yes.

        Raises:
            Unavailable: ``L-27`` where it says no: it does not know this ledger, or not its key.
        """
        if self.status == 200:
            return self.text
        if self.status in {403, 404}:
            raise Unavailable(
                "L-27",
                "不认识本账本或它的公钥，请把 /ledger/vkey 的内容交给对方登记（cunzhen witness trust）；归档照常进行。",
                "It does not know this ledger or its key; have it registered there (cunzhen witness trust). "
                "Filing goes on.",
            )
        raise silent(f"应答 {self.status}", f"it answered {self.status}")

    def size(self) -> int:
        """The size that it signed last, of an answer that says the old size is another.

        Raises:
            Unavailable: ``L-26`` where it is no number.
        """
        digits = self.text.strip()
        if self.content_type.partition(";")[0].strip() != SIZE or not digits.isdecimal() or len(digits) > 19:
            raise silent("应答不合规", "its answer is malformed")
        return int(digits)


def ask(url: str, body: bytes) -> WitnessAnswer:
    """Send a head to a witness.

    Args:
        url: its submission prefix; http or https, which the settings have seen to.
        body: of the request.

    Raises:
        Unavailable: ``L-26`` where it does not answer, or with what is no answer.
    """
    try:
        heard = post(f"{url}/add-checkpoint", body, content_type="text/plain", seconds=_SECONDS)
        return WitnessAnswer(heard.status, heard.content_type, heard.content.decode())
    except NoAnswer as error:
        raise silent(error.message, error.english) from error
    except UnicodeDecodeError:
        raise silent("应答不是文本", "its answer is no text") from None


def silent(message: str, english: str) -> Unavailable:
    """What it comes to where a witness gives no answer that can be used."""
    return Unavailable(
        "L-26",
        f"{message}，稍后自动再试；归档照常进行。",
        f"{english[0].upper()}{english[1:]}. It is asked again; filing goes on.",
    )
