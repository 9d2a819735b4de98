"""The training of one pack: from report to report, by whichever loop, and whatever becomes of its members.

A member that fails, because its environment breaks, leaves its pack: its report says why, and the others go on from
their last checkpoints, or begin again, to the same end.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch

from trainables import environments
from trainables.base import checkpoint as checkpoints
from trainables.base.member_failure import MemberFailed
from trainables.base.report import Report
from trainables.base.training_config import Training, structure
from trainables.compilation import program_cache, when_it_pays
from trainables.loops.config import EpisodicConfig
from trainables.loops.contract import Loop
from trainables.messages import PackReport, PackRequest

Item = TypeVar("Item")

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Members that packs are filled up to, if not to the size of their sweep: halving leaves packs of any size, and each
takes seconds to compile."""


@runtime_checkable
class Closing(Protocol):
    """A loop that holds what must be given back."""

    def close(self) -> None:
        """Called when nothing more is asked of it."""


class PackTraining:
    """A pack on its way to the budget that it was requested for.

    Lists here have one place for each member of the request. Those that the loop is given or gives have one for each
    member that has not failed, and then further ones that only fill the pack.
    """

    def __init__(
        self, loop: type[Loop], request: PackRequest, device: torch.device, save_every_s: float, alone: bool = False
    ) -> None:
        """Begin, from the members' last checkpoints if there are any.

        loop: that trains.
        request: what is trained, and how far.
        device: that it is trained on.
        save_every_s: seconds between two checkpoints; one more is written at the end.
        alone: whether the failure of a member is raised, and not only reported.
        Raises ValueError where the members differ in structural fields, ValidationError where a config is no config of
        the loop, and MemberFailed.
        """
        self._loop, self._request, self._device = loop, request, device
        self._save_every_s, self._alone = save_every_s, alone
        self._folders = [Path(member.folder) for member in request.members if member.folder is not None]
        self._configs: list[Training] = [loop.Config(**member.config) for member in request.members]
        if any(structure(config) != structure(self._configs[0]) for config in self._configs):
            raise ValueError("members: they differ in structural fields, which a pack has in common")
        self._until = request.until or self._configs[0].budget
        self._curves: list[list[tuple[int, dict[str, float]]]] = [[] for _ in request.members]
        self._told = [0 for _ in request.members]
        """How many points of each curve have been reported."""
        self._reports = [Report(0, []) for _ in request.members]
        self._present = list(range(len(request.members)))
        """Places of the members that have not failed."""
        self._training: Loop | None = None
        self._moment, self._saved_at = 0, time.monotonic()
        """How much of the budget is spent, and when the last checkpoint was written."""
        self._begin()

    @property
    def done(self) -> bool:
        """Whether the leg has come to its end, or nobody is left to train."""
        return self._moment >= self._until or all(
            report.diverged_at is not None for report in self._of_present(self._reports)
        )

    def report(self, after_s: float = 0.0) -> PackReport:
        """Train to the next report, or to the one that comes after so many seconds, or to the end.

        At the end the best weights are scored on fresh episodes, if the request has any.
        """
        began, waited_s = time.monotonic(), program_cache.waited_s()
        self._train_to_next_report()
        while not self.done and time.monotonic() - began < after_s:
            self._train_to_next_report()
        if self._folders and self._present and (self.done or time.monotonic() - self._saved_at > self._save_every_s):
            self.save(self._folders)
            self._saved_at = time.monotonic()
        episodes = self._request.confirm_episodes
        confirmed = self._confirmed(episodes) if self.done and episodes else None
        # Whoever is the first to need a program is not to look slow for it.
        train_s = time.monotonic() - began - (program_cache.waited_s() - waited_s)
        reports = [
            replace(report, points=curve[told:])
            for report, curve, told in zip(self._reports, self._curves, self._told, strict=True)
        ]
        self._told = [len(curve) for curve in self._curves]
        return PackReport(reports, train_s, confirmed)

    def newest_metrics(self, said: PackReport) -> list[dict[str, float]]:
        """Of each member the metrics of its newest point, after this report.

        Also of one that has stopped improving; nothing of one that diverged or failed before.
        """
        return [self._newest_metrics(place, report) for place, report in enumerate(said.members)]

    def _newest_metrics(self, place: int, report: Report) -> dict[str, float]:
        over = report.diverged_at is not None or report.error is not None
        points = report.points or ([] if over else self._curves[place])
        return points[-1][1] if points else {}

    def save(self, folders: Sequence[Path]) -> None:
        """Write the checkpoints of all members that have not failed, each into the folder of its place."""
        checkpoints.save(self._of_present(folders), self._latest(), self._best())

    def load(self, folders: Sequence[Path]) -> bool:
        """Go on from what `save` has written; whether there was that, of this many members."""
        states = checkpoints.load(self._of_present(folders))
        if states is not None:
            self._go_on(states)
        return states is not None

    def close(self) -> None:
        """Give back what the loop holds."""
        training, self._training = self._training, None
        if isinstance(training, Closing):
            training.close()

    def _begin(self) -> None:
        """The training of the members that are left, from their last checkpoints if there are any."""
        self.close()
        self._moment, self._saved_at = 0, time.monotonic()
        for index in self._present:
            # Whoever is told the next report may have lost the ones before, so it tells all of the curve.
            self._curves[index], self._told[index], self._reports[index] = [], 0, Report(0, [])
        if not self._present:
            return
        try:
            self._training = self._loop(self._filled([self._configs[index] for index in self._present]), self._device)
            states = checkpoints.load(self._of_present(self._folders)) if self._folders else None
            if states is not None:
                self._go_on(states)
        except MemberFailed as failure:
            self._leave(failure)
            self._begin()

    def _leave(self, failure: MemberFailed) -> None:
        """One member fails; the others will begin without it."""
        if self._alone:
            raise failure
        index = self._present.pop(min(failure.member, len(self._present) - 1))
        error = failure.reason
        if self._folders:
            error += f" (all of it: {checkpoints.keep_error(self._folders[index], failure)})"
        self._reports[index] = replace(self._reports[index], error=error)

    def _train_to_next_report(self) -> None:
        """Train all that can be trained; a member that fails leaves, and the others begin again without it."""
        while self._present and self._moment < self._until:
            try:
                self._train(min(self._next_report(), self._until))
                break
            except MemberFailed as failure:
                self._leave(failure)
                self._begin()

    def _train(self, until: int) -> None:
        reports = self._own(self._running().train(until))
        self._moment = until
        for index, report in zip(self._present, reports, strict=True):
            self._reports[index] = replace(report, points=[])
            self._curves[index].extend(report.points)

    def _confirmed(self, episodes: int) -> list[float]:
        """Of each member the score on fresh episodes; NaN of one that has none."""
        scores = [math.nan] * len(self._configs)
        while self._present:
            try:
                for index, score in zip(self._present, self._own(self._running().confirm(episodes)), strict=True):
                    scores[index] = score
                break
            except MemberFailed as failure:
                self._leave(failure)
                self._begin()
        return scores

    def _next_report(self) -> int:
        """The least multiple of budget / reports beyond what is spent, in whole units; the end where all have ended."""
        if all(
            report.diverged_at is not None or report.stopped_at is not None
            for report in self._of_present(self._reports)
        ):
            return self._until
        budget, reports = self._configs[0].budget, self._configs[0].reported()
        return math.ceil(budget * (self._moment * reports // budget + 1) / reports)

    def _latest(self) -> list[checkpoints.State]:
        return [
            {
                "moment": self._moment,
                "config": config.model_dump(mode="json"),
                "report": asdict(replace(report, points=curve)),
                "state": state,
            }
            for config, report, curve, state in zip(
                self._of_present(self._configs),
                self._of_present(self._reports),
                self._of_present(self._curves),
                self._own(self._running().state()),
                strict=True,
            )
        ]

    def _best(self) -> list[checkpoints.State | None]:
        return [
            None
            if report.best is None
            else {
                "config": config.model_dump(mode="json"),
                "score": {"name": self._loop.score, "value": report.best, "steps": report.best_steps},
                **best,
            }
            for config, report, best in zip(
                self._of_present(self._configs),
                self._of_present(self._reports),
                self._own(self._running().best()),
                strict=True,
            )
        ]

    def _go_on(self, states: list[checkpoints.State]) -> None:
        self._moment = states[0]["moment"]
        for index, state in zip(self._present, states, strict=True):
            self._reports[index] = Report(**state["report"])
            self._curves[index] = list(self._reports[index].points)
        self._running().load(self._filled([state["state"] for state in states]))

    def _filled(self, members: list[Any]) -> list[Any]:
        """Members up to a size that packs often have, by the last one again: each size is compiled for itself."""
        return members + members[-1:] * (self._size(len(members)) - len(members))

    def _size(self, count: int) -> int:
        full = self._request.full_pack
        if count == full or (count < full and self._fills(full - count)):
            return full
        return next((size for size in SIZES if size >= count), count)

    def _fills(self, missing: int) -> bool:
        """Whether members that only fill the pack cost less than to compile for its size; none that step one by one."""
        config = self._configs[0]
        if not isinstance(config, EpisodicConfig) or (calls := config.calls()) is None:
            return False
        made_of = (config.environment, config.environment_args, config.wrappers, config.backend)
        return environments.is_vectorised(*made_of) and when_it_pays.fills(config.compile, calls, missing, self._device)

    def _own(self, members: list[Any]) -> list[Any]:
        """Those that are not there to fill the pack."""
        return members[: len(self._present)]

    def _running(self) -> Loop:
        """Raises RuntimeError where the training was closed."""
        if self._training is None:
            raise RuntimeError("the training of this pack was closed")
        return self._training

    def _of_present(self, members: Sequence[Item]) -> list[Item]:
        return [members[index] for index in self._present]
