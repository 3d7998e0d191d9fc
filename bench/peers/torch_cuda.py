"""PyTorch on a CUDA device: cuBLAS in plain fp32. Install: pip install torch

    python torch_cuda.py --case "sgemm 1024x1024x1024" --rounds 5

Cases: "sgemm MxKxN", "copy N" (N floats, device to device). Prints one line of JSON.
"""

import argparse

from timing import absent, answer, rounds

try:
    import torch
except ImportError as error:
    absent("PyTorch on CUDA", f"{error}; pip install torch")
if not torch.cuda.is_available():
    absent("PyTorch on CUDA", "PyTorch sees no CUDA device")


def case(name):
    """A call that does what the name says."""
    kind, sizes = name.split(" ")
    sizes = [int(size) for size in sizes.split("x")]
    if kind == "sgemm":
        m, k, n = sizes
        a, b = torch.rand(m, k, device="cuda"), torch.rand(k, n, device="cuda")
        c = torch.empty(m, n, device="cuda")
        return lambda: torch.mm(a, b, out=c)
    if kind == "copy":
        x = torch.rand(sizes[0], device="cuda")
        y = torch.empty_like(x)
        return lambda: y.copy_(x)
    raise SystemExit(f"--case is {name}; expected sgemm or copy")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_grad_enabled(False)
    answer(
        f"PyTorch {torch.__version__.split('+')[0]}, CUDA {torch.version.cuda}",
        {name: rounds(case(name), given.rounds, finish=torch.cuda.synchronize)
         for name in given.case},
        torch.cuda.get_device_name())


main()
