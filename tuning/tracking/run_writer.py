"""Writes to the runs of MLflow: each is tried until MLflow takes it, or counted as not taken (retries.py)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.tracking import MlflowClient

from tuning.tracking.retries import FILE_TRIES, Writes
from tuning.tracking.run_contents import ARTIFACTS, STATUSES, UNTOLD
from tuning.tracking.run_queries import trials_run

BATCH = 800
"""The most metrics told at once: MLflow takes 1,000 metrics, parameters and tags together."""


class RunWriter:
    """Makes runs, tells them what they are to hold, and ends them."""

    def __init__(self, client: MlflowClient, writes: Writes) -> None:
        self._client, self._writes = client, writes
        self.made_again = False
        """Whether a run was made after a first try that MLflow may have heard all the same."""
        self._takes_files = True

    def make(self, experiment_id: str, name: str, tags: Mapping[str, str]) -> str | None:
        """A run that has just begun; its id, or None where MLflow did not take it."""
        begun, tried = {**tags, "lockstep.state": "running"}, False

        def make() -> Run:
            nonlocal tried
            if tried:
                # Only the answer may have been lost: a second run would be one too many.
                self.made_again = True
                found = trials_run(self._client, experiment_id, tags)
                if found is not None:
                    return found
            tried = True
            return self._client.create_run(experiment_id, tags=begun, run_name=name)

        run = self._writes.insist(make)
        return None if run is None else str(run.info.run_id)

    def go_on(self, run_id: str) -> None:
        """Say of a run that it runs again."""
        self._writes.insist(partial(self._client.update_run, run_id, status="RUNNING"))
        self.tag(run_id, "lockstep.state", "running")

    def tell(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Have a run hold all of this, in as few writes as MLflow allows.

        Each may be tried again: a metric of the same step, value and time is the same one to MLflow.
        """
        rest = self._tell_full(run_id, metrics)
        run_tags = [RunTag(key, tag) for key, tag in (tags or {}).items()]
        if rest or params or run_tags:
            self._writes.insist(partial(self._client.log_batch, run_id, rest, params, run_tags))

    def end(
        self,
        run_id: str,
        state: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Mapping[str, str] | None = None,
        lacks: bool = False,
    ) -> None:
        """Tell a run what is left, and end it.

        state: a word of STATUSES.
        lacks: whether it was not told all before; then, and where it does not take all of this, it says so itself.
        """
        before = self._writes.untold
        rest = self._tell_full(run_id, metrics)
        mark = {UNTOLD: "true"} if lacks or self._writes.untold > before else {}
        self.tell(run_id, rest, params, {"lockstep.state": state, **(tags or {}), **mark})
        self._writes.insist(partial(self._client.set_terminated, run_id, STATUSES[state]))

    def tag(self, run_id: str, key: str, tag: str) -> None:
        """Set one tag of a run."""
        self._writes.insist(partial(self._client.set_tag, run_id, key, tag))

    def rename(self, run_id: str, name: str) -> None:
        """Give a run another name."""
        self._writes.insist(partial(self._client.update_run, run_id, name=name))

    def drop_tag(self, run_id: str, key: str) -> None:
        """Take a tag from a run that has it."""
        self._writes.insist(partial(self._client.delete_tag, run_id, key))

    def tag_experiment(self, experiment_id: str, key: str, tag: str) -> None:
        """Set one tag of an experiment."""
        self._writes.insist(partial(self._client.set_experiment_tag, experiment_id, key, tag))

    def keep_text(self, run_id: str, text: str, name: str) -> None:
        """Keep a text as a file of a run."""
        self._keep(lambda: self._client.log_text(run_id, text, name))

    def keep_weights(self, run_id: str, weights: Path) -> None:
        """Keep best weights with their run."""
        self._keep(lambda: self._client.log_artifact(run_id, str(weights), ARTIFACTS))

    def _tell_full(self, run_id: str, metrics: Sequence[Metric]) -> Sequence[Metric]:
        """Tell as many as fill whole writes; returns the rest."""
        *full, rest = [metrics[first : first + BATCH] for first in range(0, len(metrics), BATCH)] or [[]]
        for batch in full:
            self._writes.insist(partial(self._client.log_batch, run_id, batch))
        return rest

    def _keep(self, write: Callable[[], None]) -> None:
        def kept() -> bool:
            write()
            return True

        # Once it took none, it is asked no longer than it takes to say so.
        self._takes_files = bool(self._writes.insist(kept, FILE_TRIES if self._takes_files else 1))

    def read(self, run_id: str) -> Run | None:
        """A run as it is now; None where MLflow does not answer."""
        return self._writes.insist(partial(self._client.get_run, run_id))

    def delete(self, run_id: str) -> None:
        """Delete a run that is one too many."""
        self._writes.insist(partial(self._client.delete_run, run_id))

    def steps(self, run: Run, name: str) -> set[int] | None:
        """The steps at which a run has a metric; None where MLflow does not answer."""
        if name not in run.data.metrics:
            return set()
        history = self._writes.insist(partial(self._client.get_metric_history, run.info.run_id, name))
        return None if history is None else {metric.step for metric in history}
