"""LIBMF (Chin et al. 2015) on ratings given as text, one line of JSON on standard output.

Install it optimised: without these flags it uses no vectors and is about three times slower.

  CFLAGS="-O3 -march=native -DUSEAVX" pip install --no-binary libmf libmf numpy

LIBMF_OBJ may name another build of the library. Use: libmf.py TRAIN TEST, each of lines
`user item value` with numbers from 0.
"""

import argparse
import ctypes
import glob
import importlib.machinery
import json
import os
import sys
import tempfile
import time


class Parameters(ctypes.Structure):
    _fields_ = [
        ("loss", ctypes.c_int), ("k", ctypes.c_int), ("threads", ctypes.c_int),
        ("bins", ctypes.c_int), ("iterations", ctypes.c_int), ("p_l1", ctypes.c_float),
        ("p_l2", ctypes.c_float), ("q_l1", ctypes.c_float), ("q_l2", ctypes.c_float),
        ("rate", ctypes.c_float), ("nonnegative", ctypes.c_bool), ("quiet", ctypes.c_bool),
        ("copy", ctypes.c_bool)]


def library():
    path = os.environ.get("LIBMF_OBJ")
    if not path:
        # Not this file, which lies first on the path.
        package = importlib.machinery.PathFinder.find_spec("libmf", sys.path[1:])
        if package is None:
            return None
        found = glob.glob(os.path.join(os.path.dirname(package.origin), "..", "libmf*.so"))
        if not found:
            return None
        path = found[0]
    return path, ctypes.CDLL(path)


def pointer(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def train(library, ratings, options, k, threads, iterations, test=None):
    """Seconds of the training; the error on `test` after each epoch where it is given."""
    parameters = Parameters(
        0, k, threads, options.bins, iterations, 0, options.regularization, 0,
        options.regularization, options.rate, False, test is None, True)
    with tempfile.TemporaryFile() as output:
        sys.stdout.flush()
        standard = os.dup(1)
        os.dup2(output.fileno(), 1)
        start, cpu = time.perf_counter(), time.process_time()
        if test is None:
            library.fit_interface(len(ratings), pointer(ratings), ctypes.byref(parameters))
        else:
            library.train_valid_interface(
                len(ratings), len(test), pointer(ratings), pointer(test),
                ctypes.byref(parameters))
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        os.dup2(standard, 1)
        os.close(standard)
        output.seek(0)
        lines = output.read().decode().splitlines()
    errors = [float(line.split()[2]) for line in lines if line.split()[:1] != ["iter"]]
    return (cpu if threads == 1 else seconds), errors


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("train")
    arguments.add_argument("test")
    arguments.add_argument("--k", type=int, nargs="+", default=[32, 100])
    arguments.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--epochs", type=int, default=20)
    arguments.add_argument("--regularization", type=float, default=0.05, help="λ of p and q")
    arguments.add_argument("--rate", type=float, default=0.1, help="η")
    arguments.add_argument("--bins", type=int, default=20)
    arguments.add_argument("--rounds", type=int, default=3, help="timed; the fastest counts")
    options = arguments.parse_args()
    found = library()
    try:
        import numpy
    except ImportError:
        found = None
    if found is None:
        print("LIBMF is not here: pip install libmf numpy; see " + __file__, file=sys.stderr)
        return
    path, code = found
    ratings, test = (
        numpy.loadtxt(name, dtype=numpy.float32, ndmin=2) for name in (options.train, options.test))
    rows = []
    for k in options.k:
        for threads in options.threads:
            # Setting up is the same whatever the number of epochs: the difference has none of it.
            long, short = (
                min(train(code, ratings, options, k, threads, epochs)[0]
                    for _ in range(options.rounds))
                for epochs in (1 + options.epochs, 1))
            seconds = (long - short) / options.epochs
            errors = train(code, ratings, options, k, threads, options.epochs, test)[1]
            rows.append({
                "k": k, "threads": threads, "secondsPerEpoch": seconds, "testRMSE": errors})
    print(json.dumps({
        "peer": "LIBMF", "library": os.path.basename(path), "ratings": len(ratings),
        "regularization": options.regularization, "rate": options.rate,
        "secondsAre": "processor time with one thread, wall time with more", "rows": rows}))


main()
