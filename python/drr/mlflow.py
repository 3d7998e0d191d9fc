"""What a run of the program reported, into a tracking server of MLflow."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ._program import run as run_program

# What MLflow takes in one request.
METRICS, PARAMETERS = 1000, 100
REPORTS = ("config.json", "report.json", "evaluation.json", "online.json")


def log(run: str | os.PathLike[str], **active: Any) -> str:
    """Logs a trained run into MLflow: settings as parameters, numbers as ``kind/number`` with their
    step and time, which are those of ``drr export mlflow``, and the folder's reports as artifacts.

    The run goes into the active run of MLflow, or else into one that ``mlflow.start_run`` begins with
    these arguments, such as ``run_name="first"``, and that is ended. Returns its id.
    """
    import mlflow
    from mlflow.entities import Metric, Param

    with tempfile.TemporaryDirectory() as folder:
        run_program(["export", "mlflow", os.fspath(run), "--out", folder])
        written = [path.parent for path in Path(folder).glob("*/*/meta.yaml")]
        if len(written) != 1:
            raise ValueError(f"{run} holds {len(written)} runs; name one of them")
        parameters = [
            Param(path.name, path.read_text()) for path in (written[0] / "params").iterdir()]
        numbers = written[0] / "metrics"
        metrics = [
            Metric(str(path.relative_to(numbers)), float(value), int(time), int(step))
            for path in numbers.rglob("*") if path.is_file()
            for time, value, step in map(str.split, path.read_text().splitlines())]

    begun = None if mlflow.active_run() else mlflow.start_run(**active)
    try:
        run_id = mlflow.active_run().info.run_id
        client = mlflow.MlflowClient()
        for at in range(0, len(parameters), PARAMETERS):
            client.log_batch(run_id, params=parameters[at:at + PARAMETERS])
        for at in range(0, len(metrics), METRICS):
            client.log_batch(run_id, metrics=metrics[at:at + METRICS])
        for report in (Path(run) / name for name in REPORTS):
            if report.exists():
                mlflow.log_artifact(str(report))
    finally:
        if begun:
            mlflow.end_run()
    return run_id
