"""Two sweeps at once in a root that was not there before: each lays out databases, and neither loses anything."""

from contextlib import ExitStack
from pathlib import Path

import commands
import drivers
import pytest
import sweeps


@pytest.mark.slow
def test_two_sweeps_begun_at_once_in_a_fresh_root_both_come_to_their_end(tmp_path: Path) -> None:
    source, names = sweeps.written(tmp_path, trials=2, pack_size=2, workers=1), ("one", "other")
    with ExitStack() as stack:
        runs = [stack.enter_context(drivers.started(tmp_path, "run", source, "--name", name)) for name in names]
        for run in runs:
            _, err = run.process.communicate(timeout=400)
            assert run.process.returncode == 0, err
            assert "MLflow" not in err, err
    for name in names:
        audit = commands.tuning("audit", name, "--root", str(tmp_path / "runs"), cwd=tmp_path)
        assert audit.returncode == 0, audit.stdout + audit.stderr
