"""Arrays of safetensors files, as numpy has them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {
    "F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}


class Arrays(Mapping[str, NDArray[Any]]):
    """The arrays of a file by their names. Nothing is read before it is asked for."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
        self.metadata: dict[str, str] = header.pop("__metadata__", {})
        self._path, self._header, self._start = path, header, 8 + length

    def __getitem__(self, name: str) -> NDArray[Any]:
        entry = self._header[name]
        first, end = entry["data_offsets"]
        kind = np.dtype(_TYPES[entry["dtype"]])
        found = np.fromfile(
            self._path, kind, count=(end - first) // kind.itemsize, offset=self._start + first)
        return found.reshape(entry["shape"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._header)

    def __len__(self) -> int:
        return len(self._header)
