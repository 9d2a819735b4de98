"""Ray Tune's side of a search: each leg is a trial of Tune's, asked for here and reported here."""

from dataclasses import replace
from typing import Any, Literal

from ray.tune.search import Searcher

from trainables.base import own_folders
from trainables.messages import PackReport, PackRequest, Parcel
from tuning.search.leg_source import LegSource


class LegSearcher(Searcher):
    """A Ray Searcher that hands legs out and their reports back.

    Requests and reports travel in parcels, emptied as soon as they are read: Tune keeps the config and the last result
    of every trial, and writes them to disk every few seconds.
    """

    def __init__(self, source: LegSource[Any], metric: str, direction: Literal["maximize", "minimize"]) -> None:
        super().__init__(metric=metric, mode="max" if direction == "maximize" else "min")
        self._source = source
        self._requests: dict[str, Parcel[PackRequest]] = {}

    def suggest(self, trial_id: str) -> Any:
        """The next leg as the config of a Trainable; None while all that is left depends on legs under way."""
        request = self._source.next(trial_id)
        if request is None:
            return Searcher.FINISHED if self._source.idle else None
        self._requests[trial_id] = Parcel(replace(request, folders=own_folders.of_this_process()))
        return {"leg": request.name, "request": self._requests[trial_id]}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """A report of every member of a leg."""
        report: Parcel[PackReport] = result["report"]
        self._source.reported(trial_id, report.take())

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """A leg has ended; with an error `failed` says which, and without a result it was only stopped."""
        if not error and result is not None:
            report: Parcel[PackReport] = result["report"]
            self._source.trained(trial_id, report.take())
            self._requests.pop(trial_id).empty()

    def failed(self, trial_id: str, error: str) -> None:
        """A leg could not be trained, however often it was tried."""
        self._source.failed(trial_id, error)
        self._requests.pop(trial_id).empty()

    def save(self, checkpoint_path: str) -> None:
        """Nothing: all that is needed is in the study."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, likewise."""

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its searcher, which nothing reads back."""
        return {}
