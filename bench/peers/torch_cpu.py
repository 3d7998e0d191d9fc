"""PyTorch on the processor. Install: pip install torch

    python torch_cpu.py --case "sgemm 64x300x128" --case "tanh 1048576" --threads 1 --rounds 5

Cases: "sgemm MxKxN", "tanh N", "adam N" (one step of torch.optim.Adam, fused), and
"softmax-cross-entropy BxN" (the loss alone). Prints one line of JSON.
"""

import argparse
import itertools

from timing import absent, answer, rounds

try:
    import torch
except ImportError as error:
    absent("PyTorch", f"{error}; pip install torch")


def case(name):
    """A call that does what the name says, on the next of three sets of inputs."""
    calls = itertools.cycle([one(name) for _ in range(3)])
    return lambda: next(calls)()


def one(name):
    kind, sizes = name.split(" ")
    sizes = [int(size) for size in sizes.split("x")]
    if kind == "sgemm":
        m, k, n = sizes
        a, b, c = torch.rand(m, k), torch.rand(k, n), torch.empty(m, n)
        return lambda: torch.mm(a, b, out=c)
    if kind == "tanh":
        x = torch.rand(sizes[0])
        y = torch.empty_like(x)
        return lambda: torch.tanh(x, out=y)
    if kind == "adam":
        weights = torch.nn.Parameter(torch.rand(sizes[0]))
        weights.grad = torch.rand(sizes[0])
        return torch.optim.Adam([weights], lr=1e-3, fused=True).step
    if kind == "softmax-cross-entropy":
        b, n = sizes
        logits, target = torch.rand(b, n), torch.randint(n, (b,))
        return lambda: torch.nn.functional.cross_entropy(logits, target)
    raise SystemExit(f"--case is {name}; expected sgemm, tanh, adam or softmax-cross-entropy")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.set_grad_enabled(False)
    answer(
        f"PyTorch {torch.__version__.split('+')[0]}",
        {name: rounds(case(name), given.rounds) for name in given.case},
        torch.backends.cpu.get_cpu_capability())


main()
