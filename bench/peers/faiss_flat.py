"""FAISS's exact search by inner product over a flat index. Install: pip install faiss-cpu numpy

    python faiss_flat.py --items 1000000 --batch 64 --width 100 --top 10 --threads 1 --rounds 5

Its one case is "search". Prints one line of JSON.
"""

import argparse

from timing import absent, answer, rounds

try:
    import faiss
    import numpy
except ImportError as error:
    absent("FAISS", f"{error}; pip install faiss-cpu numpy")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--width", type=int, default=100)
    parser.add_argument("--top", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    faiss.omp_set_num_threads(given.threads)
    random = numpy.random.default_rng(0)
    index = faiss.IndexFlatIP(given.width)
    part = 1 << 18
    for first in range(0, given.items, part):
        count = min(part, given.items - first)
        index.add(2 * random.random((count, given.width), dtype=numpy.float32) - 1)
    queries = [
        2 * random.random((given.batch, given.width), dtype=numpy.float32) - 1 for _ in range(3)]
    turn = 0

    def search():
        nonlocal turn
        turn = (turn + 1) % len(queries)
        index.search(queries[turn], given.top)

    answer(f"FAISS {faiss.__version__}, flat", dict(search=rounds(search, given.rounds)))


main()
