"""The guide for Python in a notebook: every cell runs, tables are shown, and progress is drawn and taken away again."""

import os
from pathlib import Path
from typing import Any

import commands
import nbformat
import pytest
from nbclient import NotebookClient
from python_guide import snippets

BEGIN_RAY = "import ray\n\nray.init(num_cpus=2)\n"


def outputs(cell: Any, kind: str) -> list[str]:
    """What a cell has shown in this form."""
    return [each["data"][kind] for each in cell.outputs if kind in each.get("data", {})]


@pytest.mark.slow
def test_the_guide_runs_in_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith(commands.PRIVATE)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    codes = snippets(tmp_path)
    (running,) = [place for place, code in enumerate(codes) if "study = run(" in code]
    codes[running] = codes[running].replace("trials=8", "trials=8, progress=True")
    assert any(BEGIN_RAY in code for code in codes)
    codes = [code.replace(BEGIN_RAY, "") for code in codes]
    # One study with Ray of its own is enough here; tests/test_python_api.py has two in a row.
    codes[running + 1 : running + 1] = ["study", BEGIN_RAY]
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=400, resources={"metadata": {"path": str(tmp_path)}}).execute()
    run, shown = cells[running], cells[running + 1]
    assert outputs(run, "text/html") == ["", ""], "of the search and of the confirmation, taken away at their ends"
    assert [each.text for each in run.outputs if each.output_type == "stream"] == []
    (table,) = outputs(shown, "text/html")
    assert table.startswith("<p>cartpole-dqn-1: finished, 8 trials; first on fresh seeds: trial ")
    assert "learning" in table
    assert outputs(cells[-1], "text/html") == []
    (said,) = [each.text for each in cells[-1].outputs]
    assert {line.partition(":")[0] for line in said.splitlines()} == {"trials", "fixed.gama"}
