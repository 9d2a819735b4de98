"""Ray Tune's side of a search: each leg is a trial of Tune's, asked for here and reported here."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ray.tune.search import Searcher

from trainables.base import own_folders
from trainables.messages import PackReport, PackRequest, Parcel
from tuning.search.leg_source import LegSource
from tuning.workers.leg_overseer import LegOverseer
from tuning.workers.stall import Stall
from tuning.workers.watch import Watch


class LegSearcher(Searcher):
    """A Ray Searcher that hands legs out and their reports back.

    Requests and reports travel in parcels, emptied as soon as they are read: Tune keeps the config and the last result
    of every trial, and writes them to disk every few seconds.
    """

    def __init__(
        self,
        source: LegSource[Any],
        watch: Watch,
        overseer: LegOverseer,
        proof: Path | None,
        metric: str,
        direction: Literal["maximize", "minimize"],
    ) -> None:
        """Nothing is handed out yet.

        source: of the legs.
        watch, overseer: over their workers, and over what becomes of legs.
        proof: a file that workers find if they have the root.
        metric, direction: what Tune wants to know of any Searcher.
        """
        super().__init__(metric=metric, mode="max" if direction == "maximize" else "min")
        self._source, self._watch, self._overseer = source, watch, overseer
        overseer.is_last_try = self.is_last_try
        self._proof = None if proof is None else str(proof)
        self._requests: dict[str, Parcel[PackRequest]] = {}
        self._folders: dict[str, list[str | None]] = {}
        """Of the members of each leg in hand."""

    def suggest(self, trial_id: str) -> Any:
        """The next leg as the config of a Trainable; None while all that is left depends on legs under way."""
        request = self._source.next(trial_id)
        if request is None:
            return Searcher.FINISHED if self._source.idle else None
        folders, pulse = own_folders.of_this_process(), self._watch.pulse_of(trial_id)
        sent = replace(request, folders=folders, pulse=pulse, proof=self._proof)
        self._requests[trial_id] = Parcel(sent)
        self._folders[trial_id] = [member.folder for member in request.members]
        return {"leg": request.name, "request": self._requests[trial_id]}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """A report of every member of a leg."""
        report: Parcel[PackReport] = result["report"]
        said = report.take()
        self._watch.reported(trial_id, said.train_s)
        self._overseer.reported(trial_id, said)
        self._source.reported(trial_id, said)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """A leg has ended; with an error `failed` says which, and without a result it was only stopped."""
        if not error and result is not None:
            report: Parcel[PackReport] = result["report"]
            said = report.take()
            self._watch.reported(trial_id, said.train_s)
            self._overseer.reported(trial_id, said)
            self._source.trained(trial_id, said)
            self._forget(trial_id)

    def tried_again(self, trial_id: str) -> None:
        """The worker of a leg has died, or was ended, and another one goes on."""
        found = self._watch.stalls.pop(trial_id, None)
        self._source.note(f"{found or self._overseer.failure(trial_id)}, its leg is tried again")

    def failed(self, trial_id: str, error: str) -> None:
        """A leg could not be trained, however often it was tried."""
        found = self._watch.stalls.pop(trial_id, None)
        if self._overseer.is_left(trial_id):
            self._source.left(trial_id, error)
            self._source.note(f"{self._overseer.failure(trial_id)} again and again, its leg waits to be gone on with")
        elif found is None:
            self._source.failed(trial_id, error)
        else:
            self._source.note(f"{found}, {self._hung(trial_id, found)}")
        self._forget(trial_id)

    def _hung(self, trial_id: str, found: Stall) -> str:
        """What becomes of a leg that hung as often as it was tried."""
        if self._source.stopped:
            self._source.left(trial_id)
            return "its leg waits to be gone on with"
        if self._source.divided(trial_id, found.member, hung=True):
            return "its leg is divided to find who hangs it"
        folder = self._folders[trial_id][found.member or 0]
        self._source.failed(trial_id, found.why if folder is None else found.kept(Path(folder)))
        return "its trial has failed"

    def is_last_try(self, trial_id: str) -> bool:
        """Whether a leg that hangs now is not tried once more."""
        return self._source.stopped or self._source.has_hung(trial_id)

    def _forget(self, trial_id: str) -> None:
        self._requests.pop(trial_id).empty()
        del self._folders[trial_id]

    def save(self, checkpoint_path: str) -> None:
        """Nothing: all that is needed is in the study."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, likewise."""

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its searcher, which nothing reads back."""
        return {}
