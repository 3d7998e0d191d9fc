"""The program that this checkout has built, unless DRR_PROGRAM names another."""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("DRR_PROGRAM", str(ROOT / ".build" / "release" / "drr"))


@pytest.fixture(scope="session")
def ratings():
    """Columns of 50 users' ratings of 120 items, with ids that are no numbers."""
    import numpy as np

    random = np.random.default_rng(5)
    taste, kind = random.normal(size=(50, 3)), random.normal(size=(120, 3))
    users = np.repeat(np.arange(50), 40)
    items = np.concatenate([random.permutation(120)[:40] for _ in range(50)])
    score = 3 + (taste[users] * kind[items]).sum(axis=1) + random.normal(0, 0.3, len(users))
    return {
        "user": [f"u{user}" for user in users],
        "item": [f"item {item}" for item in items],
        "rating": np.clip(np.rint(score), 1, 5).tolist(),
        "time": (1_600_000_000 + np.arange(len(users))).tolist(),
    }


@pytest.fixture(scope="session")
def model(ratings, tmp_path_factory):
    import drr

    return drr.fit(
        ratings, "pmf", time="time", run=str(tmp_path_factory.mktemp("fit") / "run"),
        dimension=4, pmf_epochs=30, seed=3)


@pytest.fixture(scope="session")
def taobao(tmp_path_factory):
    """Networks of VirtualTaobao of random weights, of sessions of three pages."""
    import json
    import struct

    import numpy as np

    random = np.random.default_rng(1)
    shapes = {"generator": [128, 128, 88], "action": [116, 128, 256, 21],
              "leave": [88, 128, 256, 101]}
    arrays = {}
    for name, widths in shapes.items():
        for place, (inputs, outputs) in enumerate(zip(widths, widths[1:], strict=False)):
            weight = random.normal(0, 0.1, (outputs, inputs))
            arrays[f"{name}.{2 * place}.weight"] = weight.astype("<f4")
            arrays[f"{name}.{2 * place}.bias"] = np.zeros(outputs, "<f4")
    arrays["leave.4.bias"][3] = 50
    header, data = {}, b""
    for name, array in arrays.items():
        start = len(data)
        data += array.tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path = tmp_path_factory.mktemp("taobao") / "weights.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return str(path)
