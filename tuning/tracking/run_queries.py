"""Questions to MLflow about runs, page by page."""

from collections.abc import Iterator, Mapping

from mlflow.entities import Run
from mlflow.tracking import MlflowClient

PAGE = 1_000


def every_run(client: MlflowClient, experiment_id: str, condition: str = "") -> Iterator[Run]:
    """All runs of an experiment that meet the condition, the newest first; those that were deleted are left out."""
    token: str | None = None
    while True:
        page = client.search_runs([experiment_id], condition, max_results=PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def runs_of_study(client: MlflowClient, experiment_id: str, key: str) -> dict[int | None, list[Run]]:
    """All runs of the study that has this key, by trial; the study's own under None."""
    found: dict[int | None, list[Run]] = {}
    for run in every_run(client, experiment_id, f"tags.lockstep.key = '{key}'"):
        trial = run.data.tags.get("lockstep.trial")
        found.setdefault(None if trial is None else int(trial), []).append(run)
    return found


def trials_run(client: MlflowClient, experiment_id: str, tags: Mapping[str, str]) -> Run | None:
    """A run of the study and the trial that these tags name; without a trial, the study's own."""
    trial, condition = tags.get("lockstep.trial"), f"tags.lockstep.key = '{tags['lockstep.key']}'"
    if trial is not None:
        condition += f" AND tags.lockstep.trial = '{trial}'"
    runs = every_run(client, experiment_id, condition)
    return next((run for run in runs if run.data.tags.get("lockstep.trial") == trial), None)
