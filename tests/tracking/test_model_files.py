"""The files of a model: rows of a table in, predictions by name out, as `tuning predict` gives them, and served."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.models import Model

from trainables import prediction
from trainables.base import checkpoint
from trainables.data import datasets, table_files
from trainables.data.datasets import Source
from trainables.data.scaling import Scaling
from trainables.networks import networks, specs
from trainables.networks.specs import MLP
from tuning.tracking import model_files

FEATURES = ("size", "price", "open", "day", "town", "gap")
ROWS = 60


def table(folder: Path) -> Path:
    """A table of all kinds of columns, with gaps, and numbers that float32 would round."""
    drawn = np.random.default_rng(0)
    days = pd.to_datetime("2024-01-01") + pd.to_timedelta(drawn.integers(0, 300, ROWS), "D")
    rows = pd.DataFrame(
        {
            "size": drawn.integers(10, 99, ROWS),
            "price": drawn.normal(1e6, 3, ROWS),
            "open": drawn.choice(["yes", "no"], ROWS),
            "day": days.strftime("%d.%m.%Y"),
            "town": drawn.choice(["Ulm", "Bonn", "Köln"], ROWS),
            "gap": drawn.normal(size=ROWS),
            "kind": drawn.choice(["a", "b", "c"], ROWS),
        }
    )
    rows["y"] = 1e5 + rows["size"] * 3.0
    rows.loc[::7, "gap"] = np.nan
    rows.loc[::11, "town"] = np.nan
    rows.to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"


def weights(folder: Path, rows: Path, target: str) -> Path:
    """A best.pt of a network, drawn by chance, that predicts this column."""
    data = datasets.load(Source(str(rows), features=FEATURES, targets=(target,), classes=target == "kind"))
    spec = MLP(len(data.features), len(data.classes) or 1, (8,))
    columns = [column.as_plain() for column in data.columns]
    scaling = {} if data.classes else Scaling.fitted(data.train_targets).plain()
    best = {
        "network": specs.as_plain(spec),
        "state_dict": networks.initial(spec, 0),
        "inputs": {"names": list(data.features), **Scaling.fitted(data.train_features).plain(), "columns": columns},
        "outputs": {"names": list(data.targets), "classes": list(data.classes), **scaling},
    }
    checkpoint.save([folder], [{"moment": 1}], [best])
    return folder / checkpoint.BEST


def predicted(best: Path, rows: Path) -> pd.DataFrame:
    """What `tuning predict` makes of the rows of a file."""
    predictor = prediction.load(best)
    return pd.DataFrame(predictor.predict(predictor.numbers(predictor.read(table_files.texts(rows)))))


ALONE = """
import sys
class NoneOfOurs:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tuning", "trainables"):
            raise AssertionError(name + " is imported")
sys.meta_path.insert(0, NoneOfOurs())
import mlflow, pandas, torch
# Where there is a GPU, too, of which there need be none here.
torch.cuda.is_available = lambda: True
model = mlflow.pyfunc.load_model(sys.argv[1])
rows = pandas.read_csv(sys.argv[2])
whole = model.predict(rows)
pandas.testing.assert_frame_equal(model.predict(rows[3:4]), whole[3:4])
whole.to_json(sys.argv[3], orient="records", double_precision=15)
program = mlflow.pytorch.load_model(sys.argv[1])
assert program(torch.zeros(5, int(sys.argv[4]), dtype=torch.float64)).shape[0] == 5
for broken in (rows.assign(size="much"), rows.drop(columns="size")):
    try:
        model.predict(broken)
    except Exception as error:
        assert "size" in str(error), error
    else:
        raise AssertionError("took " + str(broken))
"""


@pytest.mark.slow
@pytest.mark.parametrize("target", ["y", "kind"])
def test_rows_are_read_as_in_training_where_nothing_of_ours_is(tmp_path: Path, target: str) -> None:
    rows = table(tmp_path)
    best = weights(tmp_path / "member", rows, target)
    model_files.write(tmp_path / "model", best, Model())
    features = len(prediction.load(best).network.features)
    asked = [str(tmp_path / "model"), str(rows), str(tmp_path / "answer.json"), str(features)]
    command = [sys.executable, "-P", "-c", ALONE, *asked]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stderr
    found, expected = pd.DataFrame(json.loads((tmp_path / "answer.json").read_text())), predicted(best, rows)
    if target == "kind":
        assert found["kind"].tolist() == expected["kind"].tolist()
        np.testing.assert_allclose(found["probability"], expected["probability"], atol=2e-6)
    else:
        np.testing.assert_allclose(found["y"], expected["y"], rtol=1e-7)
    _assert_nothing_of_ours(tmp_path / "model")


def _assert_nothing_of_ours(folder: Path) -> None:
    wanted = (folder / "requirements.txt").read_text().split()
    assert {line.partition("==")[0] for line in wanted} == {"mlflow", "torch", "numpy", "pandas"}
    assert all("+" not in line for line in wanted)
    assert not list(folder.rglob("*.pkl"))
    assert Path(model_files.__file__).parent.as_posix() not in (folder / "MLmodel").read_text()


@pytest.mark.slow
def test_a_served_model_answers(tmp_path: Path) -> None:
    rows = table(tmp_path)
    best = weights(tmp_path / "member", rows, "kind")
    model_files.write(tmp_path / "model", best, Model())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(tmp_path / "model"), "-p", str(port)]
    command += ["--env-manager", "local", "--host", "127.0.0.1"]
    # MLflow looks for its server among the commands, and whoever serves has nothing of ours where modules are found.
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": commands, "PYTHONPATH": "", "PYTHONSAFEPATH": "1"}
    with (tmp_path / "serving.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            case = pd.read_csv(rows)[:2].to_dict(orient="split", index=False)
            answer = _answered(port, json.dumps({"dataframe_split": case}, default=str).replace("NaN", "null"), server)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    expected = predicted(best, rows)[:2]
    assert [each["kind"] for each in answer["predictions"]] == expected["kind"].tolist()
    np.testing.assert_allclose([each["probability"] for each in answer["predictions"]], expected["probability"], 1e-5)


def _answered(port: int, body: str, server: "subprocess.Popen[bytes]") -> Any:
    """The answer to a request, once the server is there."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", body.encode(), {"Content-Type": "application/json"}
    )
    for _ in range(600):
        assert server.poll() is None, "the server has ended"
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError("the server did not come up")
