"""What the peers' scripts share: rounds of calls long enough to be timed, and the line they print."""

import json
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


def answer(peer, figures, note=None):
    print(json.dumps(dict(peer=peer, figures=figures, note=note)))
