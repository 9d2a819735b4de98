"""Networks of trials as models of their runs: found, or made once, with the metrics of the run linked to them."""

import hashlib
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus, Metric
from mlflow.models import Model
from mlflow.tracking import MlflowClient

from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from tuning.tracking.retries import FILE_TRIES, Writes

log = logging.getLogger(__name__)

WEIGHTS = "lockstep.weights"
"""The tag of a model that tells of which best.pt it is made."""

LINKED = ("value", "second", "score", "confirmed/mean", "confirmed/low", "confirmed/high", "confirmed/beats_default")
"""Metrics of a trial that say how good its network is."""


class LoggedModels:
    """The models of one experiment."""

    def __init__(self, client: MlflowClient, writes: Writes, experiment_id: str) -> None:
        self._client, self._writes, self._experiment = client, writes, experiment_id
        self.unmade: dict[str, str] = {}
        """Why networks could not be made models, by the ids of their runs."""

    def kept(self, run_id: str, weights: Path, name: str, tags: Mapping[str, str]) -> LoggedModel | None:
        """The model of a run, which is made where it is not there.

        run_id, weights: of the trial, and its best.pt.
        name: of the model.
        tags: of a new one.
        None where MLflow did not take it, where the weights hold no network of ours, and where no model can be made of
        it, as `unmade` then says.
        """
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        there = self._writes.insist(partial(self._of_run, run_id))
        if there is None:
            return None
        found = next((m for m in there if m.tags.get(WEIGHTS) == digest and m.status == LoggedModelStatus.READY), None)
        model = found or self._made(run_id, weights, name, {**tags, WEIGHTS: digest})
        if model is None:
            return None
        self._link(run_id, model)
        for former in there:
            # Of other weights, or cut off before all of it was there.
            if WEIGHTS in former.tags and former.model_id != model.model_id:
                self._writes.insist(partial(self._client.delete_logged_model, former.model_id))
        return model

    def _of_run(self, run_id: str) -> list[LoggedModel]:
        return list(self._client.search_logged_models([self._experiment], f"source_run_id = '{run_id}'"))

    def _made(self, run_id: str, weights: Path, name: str, tags: Mapping[str, str]) -> LoggedModel | None:
        with TemporaryDirectory() as aside:
            files, known = Path(aside) / "model", Model(run_id=run_id)
            if not self._written(run_id, files, weights, known):
                return None
            create = partial(self._client.create_logged_model, self._experiment, name, run_id, dict(tags))
            made = self._writes.insist(create)
            if made is None:
                return None
            known.model_id = known.model_uuid = made.model_id
            known.artifact_path = made.artifact_location
            known.save(str(files / "MLmodel"))
            if self._writes.insist(partial(self._uploaded, made.model_id, str(files)), FILE_TRIES) is None:
                return None
        output = LoggedModelOutput(made.model_id, step=0)
        self._writes.insist(partial(self._client.log_outputs, run_id, [output]))
        # Last of all: what is not ready is made anew.
        return self._writes.insist(partial(self._client.finalize_logged_model, made.model_id, LoggedModelStatus.READY))

    def _uploaded(self, model_id: str, folder: str) -> bool:
        self._client.log_model_artifacts(model_id, folder)
        return True

    def _written(self, run_id: str, folder: Path, weights: Path, model: Model) -> bool:
        if not _has_network(weights):
            return False
        from tuning.tracking import model_files  # imports what makes programs, which takes seconds

        try:
            model_files.write(folder, weights, model)
        except Exception as error:
            # A person's own network may do anything.
            log.exception("no model could be made of %s", weights)
            self.unmade[run_id] = str(error).partition("\n")[0] or type(error).__name__
            return False
        return True

    def _link(self, run_id: str, model: LoggedModel) -> None:
        """Tell the model the metrics of its run that it has not been told."""
        run = self._writes.insist(partial(self._client.get_run, run_id))
        told = {metric.key: metric.value for metric in model.metrics or []}
        values = {} if run is None else run.data.metrics
        lacking = [name for name in LINKED if name in values and told.get(name) != values[name]]
        linked: list[Metric] = []
        for name in lacking:
            history = self._writes.insist(partial(self._client.get_metric_history, run_id, name)) or []
            # Told as they are, with the same time, the run itself has no point more.
            linked += [Metric(m.key, m.value, m.timestamp, m.step, model.model_id, run_id=run_id) for m in history[-1:]]
        if linked:
            self._writes.insist(partial(self._client.log_batch, run_id, linked))


def _has_network(weights: Path) -> bool:
    """Whether a best.pt can be read here and holds a network: loops of a person's own may keep something else."""
    try:
        best = checkpoint.read(weights, mapped=True)
    except CheckpointError as error:
        log.info("no model is made of %s: %s", weights, error)
        return False
    return best is not None and "network" in best
