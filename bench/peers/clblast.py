#!/usr/bin/env python3
"""Times CLBlast's sgemm on an OpenCL device, y[m, n] = x[m, k] . w[k, n], all row-major.

Install: apt-get install libclblast1 (any 1.x), a loader (ocl-icd-libopencl1) and the device's
driver (pocl-opencl-icd for a CPU). No Python package is needed.

  bench/peers/clblast.py [--device P:D] [--rounds N] M,K,N [M,K,N ...]

prints one line of JSON:
  {"peer": "CLBlast", "version": ..., "device": ..., "rows": [{"m", "k", "n", "seconds"}, ...]}
with the least time of N rounds, a first one excepted, which compiles. Where the library or the
device is missing it prints one sentence to stderr and exits with 2.
"""

import argparse
import ctypes
import json
import sys
import time
from ctypes import POINTER, byref, c_float, c_int, c_size_t, c_uint, c_void_p

ROW_MAJOR, NOT_TRANSPOSED = 101, 111
CL_DEVICE_NAME, CL_DEVICE_TYPE_ALL, CL_MEM_READ_WRITE = 0x102B, 0xFFFFFFFF, 1


def skip(sentence):
    print(f"CLBlast is skipped: {sentence}", file=sys.stderr)
    sys.exit(2)


def library(names, install):
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    skip(f"{names[0]} does not open; install it with: apt-get install {install}")


def version():
    """The package's, as the library does not tell its own."""
    for line in open("/var/lib/dpkg/status", errors="replace").read().split("\n\n"):
        if line.startswith("Package: libclblast1\n"):
            return line.split("\nVersion: ")[1].split("\n")[0]
    return "unknown"


class Device:
    def __init__(self, platform, index):
        self.cl = cl = library(["libOpenCL.so.1", "libOpenCL.so"], "ocl-icd-libopencl1")
        self.blast = library(["libclblast.so.1", "libclblast.so"], "libclblast1")
        for name in ("clCreateContext", "clCreateCommandQueue", "clCreateBuffer"):
            getattr(cl, name).restype = c_void_p
        count = c_uint()
        cl.clGetPlatformIDs(0, None, byref(count))
        platforms = (c_void_p * max(count.value, 1))()
        cl.clGetPlatformIDs(count, platforms, None)
        if platform >= count.value:
            skip(f"there are {count.value} OpenCL platforms, and none of number {platform}")
        handle = c_void_p(platforms[platform])
        devices = (c_void_p * 64)()
        all_types = ctypes.c_uint64(CL_DEVICE_TYPE_ALL)
        cl.clGetDeviceIDs(handle, all_types, 64, devices, byref(count))
        if index >= count.value:
            skip(f"platform {platform} has {count.value} devices, and none of number {index}")
        device = c_void_p(devices[index])
        name = ctypes.create_string_buffer(1024)
        cl.clGetDeviceInfo(device, CL_DEVICE_NAME, c_size_t(1024), name, None)
        self.name = name.value.decode()
        status = c_int()
        self.context = c_void_p(
            cl.clCreateContext(None, 1, byref(device), None, None, byref(status)))
        self.queue = c_void_p(
            cl.clCreateCommandQueue(self.context, device, ctypes.c_uint64(0), byref(status)))
        if status.value != 0:
            skip(f"{self.name} gives no queue (error {status.value})")

    def buffer(self, count):
        status = c_int()
        memory = c_void_p(
            self.cl.clCreateBuffer(
                self.context, ctypes.c_uint64(CL_MEM_READ_WRITE), c_size_t(4 * count), None,
                byref(status)))
        values = (c_float * count)(*([0.5] * count))
        status = self.cl.clEnqueueWriteBuffer(
            self.queue, memory, 1, c_size_t(0), c_size_t(4 * count), values, 0, None, None)
        if status != 0:
            skip(f"{self.name} has no room for {4 * count} bytes (error {status})")
        return memory

    def seconds(self, m, k, n, rounds):
        """The least of `rounds` rounds, each of at least two milliseconds."""
        x, w, y = self.buffer(m * k), self.buffer(k * n), self.buffer(m * n)
        size, zero = c_size_t, c_size_t(0)

        def run(count):
            start = time.perf_counter()
            for _ in range(count):
                status = self.blast.CLBlastSgemm(
                    ROW_MAJOR, NOT_TRANSPOSED, NOT_TRANSPOSED, size(m), size(n), size(k),
                    c_float(1), x, zero, size(k), w, zero, size(n), c_float(0), y, zero, size(n),
                    byref(self.queue), POINTER(c_void_p)())
                if status != 0:
                    skip(f"CLBlastSgemm returned {status} at {m}, {k}, {n}")
            self.cl.clFinish(self.queue)
            return (time.perf_counter() - start) / count

        run(1)
        count = max(1, int(2e-3 / run(1)))
        least = min(run(count) for _ in range(rounds))
        for memory in (x, w, y):
            self.cl.clReleaseMemObject(memory)
        return least


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="0:0", help="platform:index, as opencl:P:D (0:0)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("shapes", nargs="+", metavar="M,K,N")
    arguments = parser.parse_args()
    platform, index = (int(part) for part in arguments.device.split(":"))
    shapes = [tuple(int(part) for part in shape.split(",")) for shape in arguments.shapes]
    device = Device(platform, index)
    rows = [
        {"m": m, "k": k, "n": n, "seconds": device.seconds(m, k, n, arguments.rounds)}
        for m, k, n in shapes
    ]
    print(json.dumps(
        {"peer": "CLBlast", "version": version(), "device": device.name, "rows": rows}))


if __name__ == "__main__":
    main()
