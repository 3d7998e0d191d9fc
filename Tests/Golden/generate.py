"""Golden files: inputs and results of PyTorch in float64, small enough to commit.

    python generate.py            writes one <module>.safetensors for each module of cases
    python generate.py --check    computes the cases again and names each array that differs

Needs the packages torch, numpy and safetensors. An array is called <case>/<name>; the metadata
names the versions and the seed that it was made with. Inputs, learning rates and the like are
float32 numbers kept in float64, so that a float32 device starts from the same ones; everything is
computed in float64. Weights are stored [in, out], y = x W + b, the transpose of torch.nn.Linear's.
"""

import os
import sys

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

import deep
import drr
import irecgan
import layers
import support

FOLDER = os.path.dirname(os.path.abspath(__file__))


def same(a, b):
    return a is not None and b is not None and a.dtype == b.dtype and a.shape == b.shape \
        and a.tobytes() == b.tobytes()


def main(check):
    # One entry, since several are written in any order: the same versions give the same bytes.
    made_with = f"torch {torch.__version__}, numpy {np.__version__}, seed {support.SEED}"
    different = 0
    for module in (layers, drr, deep, irecgan):
        support.arrays.clear()
        for case in module.CASES:
            case()
        path = os.path.join(FOLDER, module.__name__ + ".safetensors")
        if check:
            stored = load_file(path)
            for name in sorted(stored.keys() | support.arrays.keys()):
                if not same(stored.get(name), support.arrays.get(name)):
                    print(f"{module.__name__}.safetensors: {name} differs")
                    different += 1
        else:
            save_file(support.arrays, path, metadata=dict(made_with=made_with))
        print(f"{module.__name__}.safetensors: {len(support.arrays)} arrays")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
