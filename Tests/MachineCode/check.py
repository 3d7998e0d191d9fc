"""What assemblers make of the kernels' GPU form, without a GPU.

    python3 Tests/MachineCode/check.py [--kernels FOLDER] [KERNEL…]

Every program is compiled by clang 15 as a driver would: to PTX, which ptxas turns into machine code
of an H100 (sm_90) and nvdisasm lists, and to that of AMD's gfx906. Of each kernel stand there its
registers, its bytes of private memory (AMD's behind a stroke) and of a work-group's local memory, and
of every loop that reads memory the reads of one pass, which are on their way at once; in brackets
those of 128 bits. What fails: a register that is spilled, a private array that lies in memory, fewer
reads than GATES asks.

Needs Debian's clang-15 and libclc-15, and ptxas and nvdisasm, on the PATH or of PyPI's
nvidia-cuda-nvcc and nvidia-cuda-nvdisasm in the Python that runs this.
"""

import argparse
import collections
import glob
import itertools
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent import futures

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
NVIDIA = (
    "-target", "nvptx64-nvidia-nvcl", "-Xclang", "-target-cpu", "-Xclang", "sm_80",
    "-Xclang", "-target-feature", "-Xclang", "+ptx70",
    "-Xclang", "-mlink-builtin-bitcode", "-Xclang", "/usr/lib/clc/nvptx64--nvidiacl.bc")
AMD = (
    "-target", "amdgcn-mesa-mesa3d", "-mcpu=gfx906", "-nogpulib",
    "-Xclang", "-mlink-builtin-bitcode", "-Xclang", "/usr/lib/clc/gfx906-amdgcn-mesa-mesa3d.bc")

# The programs as Sources/Kernels/OpenCL/OpenCLKernel.swift puts them together.
PROGRAMS = {
    "linear": ["common", "product_gpu", "linear_gpu"],
    "mlp": ["common", "network", "mlp"],
    "mlp_backward": ["common", "network", "mlp_backward"],
    "gating": ["common", "network", "gating"],
    "recurrent": ["common", "recurrent", "recurrent_gpu"],
    "selection": ["common", "product_gpu", "selection", "selection_gpu", "draws", "selection_rows"],
    "random": ["common", "draws", "random"],
} | {
    name: ["common", name]
    for name in (
        "elementwise", "reduction", "embedding", "pooling", "candidate", "loss", "optimizer",
        "replay", "factorization", "session")
}
# Tiles of the products, as ProductTuning.swift has them: rows, columns, depth, an item's.
TILES = [(128, 128, 16, 8, 8), (64, 64, 16, 4, 4), (32, 32, 32, 2, 2), (16, 16, 64, 1, 1)]
SCORING = (64, 64, 16, 4, 4)

# Reads on their way at once in the loop that does a kernel's work, at least.
GATES = {
    "mlp_forward": 16,
    "mlp_backward_inputs": 17,
    "mlp_backward_weights": 8,
    "linear_forward": 8,
    "linear_backward": 16,
    "recurrent_forward": 32,
    "recurrent_backward": 32,
    "scatter_add_rows": 16,
    "softmax_normalizer": 8,
    "factorize_round": 20,
}


def tool(name):
    found = shutil.which(name)
    pattern = os.path.join(sysconfig.get_paths()["purelib"], "nvidia", "*", "bin", name)
    found = found or next(iter(glob.glob(pattern)), None)
    if not found:
        sys.exit(f"{name} is not there: install clang-15 and libclc-15, and "
                 "nvidia-cuda-nvcc and nvidia-cuda-nvdisasm for this Python")
    return found


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def options(program):
    """The options of each build of a program, and what to call it."""
    base = ["-DGROUP=256", "-DBLOCK=1"]
    if program not in ("linear", "selection"):
        return [("", base)]
    names = ("TILE_ROWS", "TILE_COLUMNS", "DEPTH", "ROWS", "COLUMNS")
    tiles = TILES if program == "linear" else [SCORING]
    return [
        ("{}x{}x{}".format(*tile),
         base + [f"-DPRODUCT_{name}={size}" for name, size in zip(names, tile)])
        for tile in tiles
    ]


Kernel = collections.namedtuple("Kernel", "name build registers private spills amd local loops")


def compiled(program, build, flags, kernels, folder):
    text = "".join(
        open(os.path.join(kernels, part + ".cl")).read() for part in PROGRAMS[program])
    stem = os.path.join(folder, program + build)
    with open(stem + ".cl", "w") as file:
        file.write(text)
    for target, ending in ((NVIDIA, ".ptx"), (AMD, ".amd")):
        run(tool("clang-15"), "-x", "cl", "-cl-std=CL1.2", "-w", *target,
            "-Xclang", "-finclude-default-header", *flags, "-O3", "-S", "-o", stem + ending,
            stem + ".cl")
    said = run(tool("ptxas"), "-arch=sm_90", "-v", "-O3", "-o", stem + ".cubin", stem + ".ptx")
    loops = loops_of(run(tool("nvdisasm"), "-c", stem + ".cubin"))
    amd = dict(re.findall(
        r"^(\w+):.*?^; ScratchSize: (\d+)", open(stem + ".amd").read(), re.M | re.S))
    found = re.findall(
        r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, "
        r"(\d+) bytes spill loads.*?Used (\d+) registers(?:.*?(\d+) bytes smem)?",
        said.replace("\n", " ").replace("Compiling entry", "\nCompiling entry"))
    for name, private, stores, loads, registers, local in found:
        yield Kernel(name, build, int(registers), int(private), int(stores) + int(loads),
                     int(amd[name]), int(local or 0), loops.get(name, []))


def loops_of(listing):
    """By kernel and loop, the reads of memory outside its inner loops, and those of 128 bits."""
    kernels, body = {}, None
    for line in listing.splitlines():
        line = line.strip()
        if start := re.match(r"\.text\.(\w+):", line):
            body = kernels.setdefault(start[1], ([], {}))
        elif body and (label := re.match(r"(\.L_x_\d+):", line)):
            body[1][label[1]] = len(body[0])
        elif body and (instruction := re.search(r"/\*[0-9a-f]{4,}\*/\s+(.*?);", line)):
            body[0].append(instruction[1].strip())
    loops = {}
    for name, (code, labels) in kernels.items():
        spans = []
        for index, one in enumerate(code):
            to = re.search(r"BRA.*`\((\.L_x_\d+)\)", one)
            if to and labels.get(to[1], index + 1) <= index:
                spans.append((labels[to[1]], index))
        for first, last in spans:
            inside = [span for span in spans if first <= span[0] and span[1] <= last]
            own = [
                code[at] for at in range(first, last + 1)
                if not any(a <= at <= b for a, b in inside if (a, b) != (first, last))]
            reads = sum("LDG" in one for one in own)
            wide = sum("LDG" in one and ".128" in one for one in own)
            if reads:
                loops.setdefault(name, []).append((reads, wide))
    return loops


def faults_of(kernel):
    what = f"{kernel.name} {kernel.build}".strip()
    if kernel.spills:
        yield f"{what} spills {kernel.spills} bytes of registers"
    if kernel.private:
        yield f"{what} has {kernel.private} bytes of private memory"
    if kernel.amd:
        yield f"{what} has {kernel.amd} bytes of private memory on AMD"
    most = max((reads for reads, _ in kernel.loops), default=0)
    if most < GATES.get(kernel.name, 0):
        yield f"{what} has {most} reads on their way, expected {GATES[kernel.name]}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernels", default=os.path.join(ROOT, "kernels"))
    parser.add_argument("names", nargs="*", metavar="KERNEL", help="only these kernels")
    arguments = parser.parse_args()
    faults, seen = [], set()
    print(f"{'kernel':28} {'tile':>12} registers private  local  reads at once, by loop")
    with tempfile.TemporaryDirectory() as folder, futures.ThreadPoolExecutor() as pool:
        kernels = pool.map(
            lambda build: list(compiled(*build, arguments.kernels, folder)),
            [(program, *one) for program in PROGRAMS for one in options(program)])
        for one in itertools.chain.from_iterable(kernels):
            if arguments.names and one.name not in arguments.names:
                continue
            seen.add(one.name)
            reads = ", ".join(
                f"{count} ({wide})" if wide else f"{count}" for count, wide in one.loops)
            private = f"{one.private}/{one.amd}"
            print(f"{one.name:28} {one.build:>12} {one.registers:9} {private:>7} "
                  f"{one.local:6}  {reads}")
            faults += faults_of(one)
    unknown = set(arguments.names or GATES) - seen
    faults += [f"no program has the kernel {name}" for name in sorted(unknown)]
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"{len(seen)} kernels, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
