"""The notebook of the tutorials, run cell by cell, shows what it has on record."""

import pathlib
import re

import nbclient
import nbformat
import pytest

import drr

NOTEBOOK = pathlib.Path(__file__).parents[2] / "docs" / "tutorials" / "notebook.ipynb"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def shown(cell):
    """What a cell prints or shows, as text."""
    texts = [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
    return "".join(texts)


def test_notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(pathlib.Path(drr.__file__).parents[1]))
    book = nbformat.read(NOTEBOOK, as_version=4)
    recorded = [shown(cell) for cell in book.cells if cell.cell_type == "code"]
    nbclient.NotebookClient(
        book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    found = [shown(cell) for cell in book.cells if cell.cell_type == "code"]
    assert any(recorded)
    for was, now in zip(recorded, found, strict=True):
        assert NUMBER.sub("#", was) == NUMBER.sub("#", now)
        assert [float(one) for one in NUMBER.findall(now)] == pytest.approx(
            [float(one) for one in NUMBER.findall(was)], abs=0.02)
