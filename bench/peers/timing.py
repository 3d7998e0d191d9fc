"""What the peers' scripts share: rounds of calls long enough to be timed, and the line they print."""

import json
import os
import sys
import time


def absent(peer, how):
    """Ends the script where its program is not installed; `how` says how to install it."""
    print(json.dumps(dict(peer=peer, absent=how)))
    sys.exit(0)


def rounds(call, count, seconds=0.02, finish=lambda: None):
    """Seconds a call, a value a round: by the clock, and of all threads of the process."""

    def timed(calls):
        start, busy = time.perf_counter(), time.process_time()
        for _ in range(calls):
            call()
        finish()
        wall, cpu = time.perf_counter() - start, time.process_time() - busy
        return wall / calls, cpu / calls

    timed(1)
    each, calls = timed(1)[0], 1
    while each * calls < seconds / 4:
        calls *= 2
        each = timed(calls)[0]
    calls = max(1, round(seconds / max(each, 1e-9)))
    found = [timed(calls) for _ in range(count)]
    return dict(wall=[wall for wall, _ in found], cpu=[cpu for _, cpu in found])


def processor(env):
    """Seconds of a processor that this process and that of a world of drr have taken."""
    connection = getattr(env, "_connection", None)
    other = 0.0
    if connection is not None:
        with open(f"/proc/{connection._process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        other = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + other


def answer(peer, figures, note=None):
    print(json.dumps(dict(peer=peer, figures=figures, note=note)))
