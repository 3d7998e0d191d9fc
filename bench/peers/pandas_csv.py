"""pandas.read_csv on a file of ratings. Install: pip install pandas

    python pandas_csv.py ratings.csv

Its one case is "read": a reading a process, for the peak of memory is that of the process. Prints
one line of JSON.
"""

import argparse
import time

from timing import absent, answer

try:
    import pandas
except ImportError as error:
    absent("pandas.read_csv", f"{error}; pip install pandas")


def peak():
    """Bytes of the most memory that this process has held."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    wall, cpu = [], []
    for _ in range(given.rounds):
        start, busy = time.perf_counter(), time.process_time()
        table = pandas.read_csv(given.csv)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    answer(
        f"pandas {pandas.__version__}", dict(read=dict(wall=wall, cpu=cpu)),
        f"pandas read {len(table)} rows with a peak of {peak() / 1e6:.0f} MB")


main()
