"""PP-OCRv6 small in OpenVINO: text detection (differentiable binarisation) and recognition (CTC) of grey images.

The models lie inside the ``rapidocr`` wheel. OpenVINO computes in bf16 on processors that have it; readings agree with
f32 to within a few characters in ten thousand, and take half the time.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cunzhen.capture.rasters import Pixels

_DETECTION = "PP-OCRv6_det_small.onnx"
_RECOGNITION = "PP-OCRv6_rec_small.onnx"
_DETECTION_SIDE = 1280
_ROW_HEIGHT = 48
# Few distinct widths: every new one is compiled anew and kept in memory. Longer runs are read in pieces.
_WIDTHS = (96, 192, 320, 480, 640, 960, 1280)
_CUT_REACH = 40
_INK_PROBABILITY = 0.3
_BOX_PROBABILITY = 0.5
_UNCLIP = 1.6
_SMALLEST = 3
# The headings of narrow columns run up or down the page, or stand letter under letter, which reads as if running down:
# a run much higher than wide is turned, and turned the other way, and read as it stands, until it reads clearly.
_TALL_WAYS = (cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_90_CLOCKWISE)
_HIGH_WAYS = (None, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE)
_HIGH = 1.4
_CLEAR = 0.9
_SETTINGS = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}

Box = tuple[int, int, int, int]


class SmallModel:
    """The two networks, each compiled when first used."""

    def __init__(self) -> None:
        # The converter beside the engine reports its import to its maker's servers. An archive calls nobody; without
        # the converter, which is not used here, OpenVINO also starts faster.
        sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
        import openvino

        self.name = f"PP-OCRv6 small (OpenVINO {version('openvino')})"
        self._core = openvino.Core()
        self._detector: Any = None
        self._recogniser: Any = None
        self._letters: list[str] = []

    def detect(self, image: Pixels) -> list[Box]:
        """Boxes of text runs on a grey page, top to bottom."""
        if self._detector is None:
            self._detector = self._compile(_DETECTION)[0]
        height, width = image.shape[:2]
        scale = min(1.0, _DETECTION_SIDE / max(height, width))
        size = (max(32, round(width * scale / 32) * 32), max(32, round(height * scale / 32) * 32))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        self._detector.infer([_as_input(small)])
        probability = cast(NDArray[np.float32], self._detector.get_output_tensor().data[0, 0])
        return _boxes(probability, width / size[0], height / size[1])

    def recognise(self, crops: Sequence[Pixels]) -> list[tuple[str, float]]:
        """Text and mean confidence of each grey crop, in order."""
        if self._recogniser is None:
            self._recogniser, model = self._compile(_RECOGNITION)
            letters = model.get_rt_info()["framework"]["character"].value.splitlines()
            self._letters = ["", *letters, " "]
        return [self._recognise_one(c) for c in crops]

    def _recognise_one(self, image: Pixels) -> tuple[str, float]:
        height, width = image.shape[:2]
        if min(height, width) < _SMALLEST:
            return ("", 0.0)
        ways = _TALL_WAYS if height > 2 * width else _HIGH_WAYS if height > _HIGH * width else (None,)
        best = ("", 0.0)
        for way in ways:
            text, sure = self._recognise_level(image if way is None else cast(Pixels, cv2.rotate(image, way)))
            if text and sure > best[1]:
                best = (text, sure)
            if best[1] >= _CLEAR:
                break
        return best

    def _recognise_level(self, image: Pixels) -> tuple[str, float]:
        height, width = image.shape[:2]
        row = cast(Pixels, cv2.resize(image, (max(8, round(_ROW_HEIGHT * width / height)), _ROW_HEIGHT)))
        read = [self._recognise_row(piece) for piece in _pieces(row)]
        letters = sum(len(text) for text, _ in read)
        sure = sum(confidence * len(text) for text, confidence in read) / letters if letters else 0.0
        return ("".join(text for text, _ in read), sure)

    def _recognise_row(self, row: Pixels) -> tuple[str, float]:
        width = next(w for w in _WIDTHS if w >= row.shape[1])
        padded = np.full((_ROW_HEIGHT, width), 127.5, np.float32)
        padded[:, : row.shape[1]] = row
        self._recogniser.infer([_as_input(padded)])
        return self._decode(cast(NDArray[np.float32], self._recogniser.get_output_tensor().data[0]))

    def _decode(self, scores: NDArray[np.float32]) -> tuple[str, float]:
        """Connectionist temporal classification, greedy: repeated and blank frames fall away."""
        best = scores.argmax(axis=1)
        kept = best != 0
        kept[1:] &= best[1:] != best[:-1]
        if not kept.any():
            return ("", 0.0)
        sure = scores.max(axis=1)[kept]
        return ("".join(self._letters[i] for i in best[kept]), float(sure.mean()))

    def _compile(self, file: str) -> tuple[Any, Any]:
        model = self._core.read_model(_model_folder() / file)
        return self._core.compile_model(model, "CPU", _SETTINGS).create_infer_request(), model


def _model_folder() -> Path:
    """Where the wheel keeps its models; found without importing the package, which costs half a second."""
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("rapidocr is not installed; it carries the reading models")
    return Path(spec.submodule_search_locations[0]) / "models"


def _pieces(row: Pixels) -> list[Pixels]:
    """A long row cut into pieces of equal length, each cut moved to the emptiest column nearby."""
    count = math.ceil(row.shape[1] / (_WIDTHS[-1] - _CUT_REACH)) if row.shape[1] > _WIDTHS[-1] else 1
    if count == 1:
        return [row]
    ink = row.max(initial=0) - row.min(axis=0).astype(np.int16)  # how dark the darkest pixel of a column is
    cuts = [0]
    for number in range(1, count):
        at = number * row.shape[1] // count
        nearby = ink[at - _CUT_REACH // 2 : at + _CUT_REACH // 2]
        cuts.append(at - _CUT_REACH // 2 + int(np.argmin(nearby)))
    return [row[:, a:b] for a, b in zip(cuts, [*cuts[1:], row.shape[1]], strict=True)]


def _as_input(grey: NDArray[Any]) -> NDArray[np.float32]:
    plane = grey.astype(np.float32) / 127.5 - 1.0
    return np.ascontiguousarray(np.broadcast_to(plane, (1, 3, *plane.shape)))


def _boxes(probability: NDArray[np.float32], x_scale: float, y_scale: float) -> list[Box]:
    inked = (probability > _INK_PROBABILITY).astype(np.uint8)
    inked = cast(NDArray[np.uint8], cv2.dilate(inked, np.ones((2, 2), np.uint8)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inked, connectivity=8)
    found: list[Box] = []
    for number in range(1, count):
        x, y, wide, high, _ = (int(v) for v in stats[number])
        if min(wide, high) < _SMALLEST:
            continue
        patch = probability[y : y + high, x : x + wide]
        if float(patch[labels[y : y + high, x : x + wide] == number].mean()) < _BOX_PROBABILITY:
            continue
        # The network marks the core of a run; its outline lies outside by area over circumference.
        out = wide * high * _UNCLIP / (2 * (wide + high))
        box = ((x - out) * x_scale, (y - out) * y_scale, (x + wide + out) * x_scale, (y + high + out) * y_scale)
        found.append((max(0, round(box[0])), max(0, round(box[1])), round(box[2]), round(box[3])))
    return sorted(found, key=lambda b: (b[1], b[0]))
