"""The faces the papers are set in, from Debian's font packages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageFont

ROOT = "/usr/share/fonts"


@dataclass(frozen=True)
class Face:
    """A font file and the family name under which a typesetter finds it."""

    path: str
    index: int
    family: str
    weight: str = "regular"


FACES = {
    "song": Face(f"{ROOT}/opentype/noto/NotoSerifCJK-Regular.ttc", 2, "Noto Serif CJK SC"),
    "song-bold": Face(f"{ROOT}/opentype/noto/NotoSerifCJK-Bold.ttc", 2, "Noto Serif CJK SC", "bold"),
    "hei": Face(f"{ROOT}/opentype/noto/NotoSansCJK-Regular.ttc", 2, "Noto Sans CJK SC"),
    "hei-bold": Face(f"{ROOT}/opentype/noto/NotoSansCJK-Bold.ttc", 2, "Noto Sans CJK SC", "bold"),
    "old-song": Face(f"{ROOT}/truetype/arphic/uming.ttc", 0, "AR PL UMing CN"),
    "lead-song": Face(f"{ROOT}/truetype/arphic-gbsn00lp/gbsn00lp.ttf", 0, "AR PL SungtiL GB"),
    "kai": Face(f"{ROOT}/truetype/arphic/ukai.ttc", 0, "AR PL UKai CN"),
    "kai-gb": Face(f"{ROOT}/truetype/arphic-gkai00mp/gkai00mp.ttf", 0, "AR PL KaitiM GB"),
    "system": Face(f"{ROOT}/truetype/wqy/wqy-zenhei.ttc", 0, "WenQuanYi Zen Hei"),
    "screen": Face(f"{ROOT}/truetype/wqy/wqy-microhei.ttc", 0, "WenQuanYi Micro Hei"),
}
# Folders a typesetter has to search for the faces of digital papers.
TYPESETTER_FOLDERS = [f"{ROOT}/opentype/noto", f"{ROOT}/truetype/wqy", f"{ROOT}/truetype/arphic"]


@lru_cache(maxsize=512)
def font(face: str, pixels: int) -> ImageFont.FreeTypeFont:
    """The face at a size in pixels."""
    entry = FACES[face]
    return ImageFont.truetype(entry.path, max(6, pixels), index=entry.index)


def width_mm(text: str, face: str, points: float, track: float = 0.0) -> float:
    """Length of a run in millimetres; ``track`` is extra space after each character, in millimetres."""
    per_point = 25.4 / 72
    return float(font(face, 100).getlength(text)) * points * per_point / 100 + track * len(text)
