"""Runs in MLflow."""

import json
import os

import mlflow
import pytest

from drr import _program
from drr.mlflow import log


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(f"file:{tmp_path}/store")
    return tmp_path


def test_settings_and_numbers(model, store):
    """Parameters are the settings in config.json, numbers those of ``drr export csv``."""
    run = os.path.dirname(model.folder)
    identity = log(run, run_name="first")
    assert mlflow.active_run() is None
    client = mlflow.MlflowClient()
    found = client.get_run(identity)
    assert found.info.run_name == "first" and found.info.status == "FINISHED"

    with open(os.path.join(run, "config.json")) as file:
        settings = json.load(file)["settings"]
    assert float(found.data.params["pmf.dimension"]) == settings["pmf"]["dimension"] == 4
    assert found.data.params["evaluation.split"] == settings["evaluation"]["split"]
    assert {name.split(".")[0] for name in found.data.params} <= set(settings)

    _program.run(["export", "csv", run, "--out", str(store / "lines.jsonl")])
    lines = [json.loads(line) for line in (store / "lines.jsonl").read_text().splitlines()]
    wanted: dict[str, list] = {}
    for line in lines:
        wanted.setdefault(f"{line['kind']}/{line['name']}", []).append(
            (line["step"], line["value"]))
    assert "pmf/error" in wanted and len(wanted["pmf/error"]) > 2
    for name, values in wanted.items():
        history = client.get_metric_history(identity, name)
        assert sorted((metric.step, metric.value) for metric in history) == sorted(values)
    assert "config.json" in [artifact.path for artifact in client.list_artifacts(identity)]


def test_goes_into_the_active_run(model, store):
    run = os.path.dirname(model.folder)
    with mlflow.start_run() as active:
        mlflow.log_param("who", "me")
        assert log(run) == active.info.run_id
        assert mlflow.active_run() is not None
    assert mlflow.MlflowClient().get_run(active.info.run_id).data.params["who"] == "me"


def test_what_is_no_run(store):
    with pytest.raises(_program.Error, match="nowhere"):
        log("nowhere")
    assert mlflow.active_run() is None
