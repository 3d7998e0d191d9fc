"""CPU seconds of one DDPG step, a PyTorch program beside this one, at one thread.

    python bench/peers/drr_reference.py REFERENCE --data ml-100k.zip [--drr .build/release/bench]

REFERENCE is the folder of a PyTorch implementation of DRR with drr/agent.py (Agent, Config, train),
drr/data.py (load, Split; it reads u.data from the folder DRR_DATA) and drr/pmf.py (PMF). The Python
that runs this script needs torch and numpy (pip install torch numpy). --data is MovieLens-100K's zip
archive or its u.data. --peer measures the PyTorch program alone and prints one line for
`bench updates --reference`.

Both do the same: DRR-ave, embeddings of 100 numbers, 64 transitions an update, prioritized replay.
"step" is one environment step and one update, acting included; "update" is the update alone.
`bench updates --json` gives the figures "DDPG update, …" and "training step, …".
Fresh processes take turns, A B A B, once with OPENBLAS_CORETYPE set and once without, because a
machine may preset it and OpenBLAS then runs another processor's kernels.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile

from timing import absent, answer

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
CHUNK = 50


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", help="folder of the PyTorch program")
    parser.add_argument("--data", required=True, help="ml-100k.zip or u.data")
    parser.add_argument("--drr", default=".build/release/bench", help="this project's benchmark")
    parser.add_argument("--reference-only", action="store_true", help="do not run --drr")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peer", action="store_true", help="the PyTorch program alone, one line")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=300, help="timed by the reference a round")
    parser.add_argument("--coretype", help="OPENBLAS_CORETYPE when set; default by the processor")
    parser.add_argument("--json", action="store_true", help="all figures as JSON, no table")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rounds < 1 or given.updates < CHUNK:
        parser.error(f"--rounds must be at least 1 and --updates at least {CHUNK}")
    return given


def worker(given):
    """In a process of its own: the reference's figures as JSON."""
    sys.path.insert(0, os.path.abspath(given.reference))
    import time

    import numpy
    import torch

    torch.set_num_threads(given.threads)
    torch.set_num_interop_threads(1)
    from drr.agent import Agent, Config, train
    from drr.data import Split, load
    from drr.pmf import PMF

    log = load("ml-100k")
    split = Split(log, "users", 0)
    pmf = PMF(log.n_users, log.n_items, given.dimension)
    for parameter in pmf.params():
        parameter.requires_grad_(False)
    fill = 2000
    agent = Agent(
        Config(
            state="ave", k=given.dimension, batch=given.batch, hidden=given.hidden,
            learn_start=fill),
        pmf)
    train(agent, log, split, pmf, fill)
    train(agent, log, split, pmf, CHUNK)

    def seconds(body):
        """By chunks, so that a start-up cost or a collection does not count for all."""
        found = dict(wall=[], cpu=[])
        for _ in range(given.updates // CHUNK):
            start, busy = time.perf_counter(), time.process_time()
            body()
            found["cpu"].append((time.process_time() - busy) / CHUNK)
            found["wall"].append((time.perf_counter() - start) / CHUNK)
        return found

    def updates():
        for _ in range(CHUNK):
            agent.update()

    before = agent.updates
    step = seconds(lambda: train(agent, log, split, pmf, CHUNK))
    assert agent.updates - before == given.updates // CHUNK * CHUNK
    modules = (agent.srm, agent.actor, agent.critic)
    print(json.dumps(dict(
        step=step, update=seconds(updates), torch=torch.__version__, numpy=numpy.__version__,
        parameters=sum(p.numel() for m in modules for p in m.parameters()),
        threads=torch.get_num_threads(), capability=torch.backends.cpu.get_cpu_capability())))


def run(command, environment):
    """The JSON that a command prints, its last line if there are others."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{(done.stderr or done.stdout)[-2000:]}")
    for text in (done.stdout, (done.stdout.strip().splitlines() or [""])[-1]):
        try:
            return json.loads(text)
        except ValueError:
            pass
    sys.exit(f"{' '.join(command)} printed no JSON:\n{done.stdout[-2000:]}")


def drr(given, environment):
    command = [
        given.drr, "updates", "--json", "--no-pmf", "--no-irecgan", "--no-peers", "--threads", "1",
        "--hidden", str(given.hidden), "--batch", str(given.batch), "--dimension", str(given.dimension)]
    found = {}
    for figure in run(command, environment).get("figures", []):
        for what, name in (("update", "DDPG update"), ("step", "training step")):
            if figure.get("name", "").startswith(name):
                found[what] = figure["cpuSeconds"]["median"]
    if set(found) != {"update", "step"}:
        sys.exit(f"{given.drr}: its figures lack the update or the step")
    return found


def unpack(data, folder):
    target = os.path.join(folder, "u.data")
    if zipfile.is_zipfile(data):
        with zipfile.ZipFile(data) as archive:
            names = [n for n in archive.namelist() if n.endswith("/u.data") or n == "u.data"]
            if not names:
                sys.exit(f"{data}: the archive holds no u.data")
            with archive.open(names[0]) as source, open(target, "wb") as copy:
                shutil.copyfileobj(source, copy)
    else:
        shutil.copyfile(data, target)


def processor():
    """Model name, and the OpenBLAS kernel family that fits its instructions."""
    try:
        with open("/proc/cpuinfo") as file:
            lines = [line.partition(":")[::2] for line in file]
        fields = {key.strip(): value.strip() for key, value in lines}
    except OSError:
        fields = {}
    flags = fields.get("flags", "").split()
    family = "SKYLAKEX" if "avx512f" in flags else "HASWELL" if "avx2" in flags else "NEHALEM"
    if platform.machine() in ("aarch64", "arm64"):
        family = "ARMV8"
    return fields.get("model name", platform.machine()), family


def reference(given, environment):
    """The reference's figures from a process of its own: CPU seconds, medians."""
    found = worker_answer(given, environment)
    return found | {
        what: statistics.median(found[what]["cpu"]) for what in ("step", "update")}


def worker_answer(given, environment):
    return run(
        [sys.executable, os.path.abspath(__file__), given.reference, "--data", given.data,
         "--hidden", str(given.hidden), "--batch", str(given.batch), "--dimension",
         str(given.dimension), "--threads", str(given.threads), "--updates", str(given.updates),
         "--worker"], environment)


def peer(given, folder):
    """One line for `bench updates`."""
    found = worker_answer(given, dict(os.environ, DRR_DATA=folder))
    answer(
        f"the PyTorch DRR reference, PyTorch {found['torch'].split('+')[0]}",
        {what: found[what] for what in ("update", "step")})


def measure(given, folder):
    coretype = given.coretype or os.environ.get("OPENBLAS_CORETYPE") or processor()[1]
    figures, versions = {}, {}
    for _ in range(given.rounds):
        for setting in (coretype, None):
            environment = dict(os.environ, DRR_DATA=folder, **{name: "1" for name in THREADS})
            environment.pop("OPENBLAS_CORETYPE", None)
            if setting:
                environment["OPENBLAS_CORETYPE"] = setting
            found = reference(given, environment)
            versions = {k: v for k, v in found.items() if k not in ("step", "update")}
            programs = {"pytorch": found}
            if not given.reference_only:
                programs["drr"] = drr(given, environment)
            for program, values in programs.items():
                for what in ("step", "update"):
                    if values[what] is not None:
                        key = (setting or "unset", what, program)
                        figures.setdefault(key, []).append(values[what])
    return figures, versions


def summary(values):
    return dict(median=statistics.median(values), low=min(values), high=max(values), all=values)


def main():
    given = arguments()
    if given.worker:
        return worker(given)
    if given.peer:
        try:
            import numpy, torch  # noqa: F401, E401
        except ImportError as error:
            absent("the PyTorch DRR reference", f"{error}; pip install torch numpy")
        if not os.path.isfile(os.path.join(given.reference, "drr", "agent.py")):
            absent("the PyTorch DRR reference", f"{given.reference} has no drr/agent.py")
        with tempfile.TemporaryDirectory() as folder:
            unpack(given.data, folder)
            return peer(given, folder)
    if not given.reference_only and not os.access(given.drr, os.X_OK):
        sys.exit(f"{given.drr}: no such program; build it with: swift build -c release")
    for path in (os.path.join(given.reference, "drr", "agent.py"), given.data):
        if not os.path.isfile(path):
            sys.exit(f"{path}: no such file")
    load_before = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        unpack(given.data, folder)
        figures, versions = measure(given, folder)
    report = dict(
        processor=processor()[0], cores=os.cpu_count(), python=platform.python_version(),
        hidden=given.hidden, batch=given.batch, k=given.dimension, rounds=given.rounds,
        loadBefore=load_before, loadAfter=os.getloadavg(), reference=versions, figures=[])
    for setting, what in dict.fromkeys((key[0], key[1]) for key in figures):
        row = dict(coretype=setting, what=what)
        for program in ("pytorch", "drr"):
            if (setting, what, program) in figures:
                row[program] = summary(figures[setting, what, program])
        if "pytorch" in row and "drr" in row:
            row["ratio"] = row["pytorch"]["median"] / row["drr"]["median"]
        report["figures"].append(row)
    if given.json:
        return print(json.dumps(report, indent=1))

    print(f"{report['processor']}, {report['cores']} cores, one thread; load average "
          f"{load_before[0]:.2f} before, {report['loadAfter'][0]:.2f} after")
    print(f"PyTorch {versions['torch']} ({versions['capability']}), NumPy {versions['numpy']}, "
          f"Python {report['python']}; {versions['parameters']} parameters")
    print(f"DRR-ave, hidden {given.hidden}, batch {given.batch}, k {given.dimension}; CPU ms, median (lowest to "
          f"highest) of {given.rounds} rounds\n")
    print(f"{'OPENBLAS_CORETYPE':18} {'':7} {'PyTorch':>24} {'drr':>24} {'ratio':>6}")
    for row in report["figures"]:
        cells = [
            "{median:.3f} ({low:.3f} to {high:.3f})".format(
                **{k: 1000 * row[program][k] for k in ("median", "low", "high")})
            if program in row else "-" for program in ("pytorch", "drr")]
        ratio = f"{row['ratio']:.2f}" if "ratio" in row else "-"
        print(f"{row['coretype']:18} {row['what']:7} {cells[0]:>24} {cells[1]:>24} {ratio:>6}")


main()
