"""The training of one pack, from report to report, by any loop and whatever becomes of its members.

A member that fails, such as one whose environment breaks, leaves its pack: its report says why. The others go on from
their last checkpoints, or begin again, and reach the same end.
"""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch

from trainables import pack_size
from trainables.base import checkpoint, provenance, pulse
from trainables.base.member_failure import MemberFailed
from trainables.base.report import Report
from trainables.base.training_config import Training, structure
from trainables.base.trivial_answer import TrivialAnswer
from trainables.compilation import program_cache
from trainables.loops.contract import Loop, trivial_answers
from trainables.messages import PackReport, PackRequest

Item = TypeVar("Item")

logger = logging.getLogger(__name__)


@runtime_checkable
class Closing(Protocol):
    """A loop that holds something that must be given back."""

    def close(self) -> None:
        """Called when the loop is no longer needed."""


class PackTraining:
    """A pack on its way to the budget that was requested.

    Lists here have a place for each member of the request. The lists that the loop takes and returns have a place for
    each member that has not failed, and then further ones that only fill up the pack.
    """

    def __init__(
        self, loop: type[Loop], request: PackRequest, device: torch.device, save_every_s: float, alone: bool = False
    ) -> None:
        """Begins, from the members' last checkpoints if there are any.

        loop: the loop that trains.
        request: what to train, and how far.
        device: where to train.
        save_every_s: seconds between two checkpoints; one more is written at the end.
        alone: whether a member's failure is raised; else it is only reported.
        Raises ValueError if the members differ in structural fields, ValidationError if a config is not one of the
        loop's, and MemberFailed.
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
        self._made_with: list[list[dict[str, Any]]] = [[] for _ in request.members]
        """Of each member, what the parts of its training were made with."""
        self._present = list(range(len(request.members)))
        """Places of the members that have not failed."""
        self._asks_trivial = request.trivial
        self._training: Loop | None = None
        self._moment, self._saved_at = 0, time.monotonic()
        """How much of the budget is spent, and when the last checkpoint was written."""
        self._began_at: int | None = None
        """From where it goes on since the last report, if it has begun since."""
        self._begin()

    @property
    def done(self) -> bool:
        """Whether the leg has reached its end, or no member is left to train."""
        return self._moment >= self._until or all(
            report.diverged_at is not None for report in self._of_present(self._reports)
        )

    def report(self, after_s: float = 0.0) -> PackReport:
        """Trains to the next report; if that comes sooner than after `after_s` seconds, to the first one after them.

        At the end, scores the best weights on fresh episodes, if the request asks for any.
        """
        trivial = self._trivial_answers()
        began, waited_s = time.monotonic(), program_cache.waited_s()
        self._train_to_next_report()
        while not self.done and time.monotonic() - began < after_s:
            self._train_to_next_report()
        if self._folders and self._present and (self.done or time.monotonic() - self._saved_at > self._save_every_s):
            self.save(self._folders)
            self._saved_at = time.monotonic()
        episodes = self._request.confirm_episodes
        confirmed = self._confirmed(episodes) if self.done and episodes else None
        # A pack should not look slow because it was the first to need a program.
        train_s = time.monotonic() - began - (program_cache.waited_s() - waited_s)
        reports = [
            replace(report, points=curve[told:])
            for report, curve, told in zip(self._reports, self._curves, self._told, strict=True)
        ]
        self._told = [len(curve) for curve in self._curves]
        began_at, self._began_at = self._began_at, None
        return PackReport(reports, train_s, confirmed, trivial, began_at)

    def _trivial_answers(self) -> list[TrivialAnswer] | None:
        """What trivial answers score, once; none if it can't be told, and None where nobody asks."""
        if not self._asks_trivial:
            return None
        self._asks_trivial = False
        try:
            return trivial_answers(self._loop, self._configs[0])
        except Exception:
            # No reason to fail: what ails the environment or the data, the members themselves will say.
            logger.exception("it can't be told what trivial answers score")
            return []

    def newest_metrics(self, said: PackReport) -> list[dict[str, float]]:
        """Of each member, the metrics of its newest point after this report.

        One that has stopped improving keeps its last ones; one that diverged or failed before has none.
        """
        return [self._newest_metrics(place, report) for place, report in enumerate(said.members)]

    def _newest_metrics(self, place: int, report: Report) -> dict[str, float]:
        over = report.diverged_at is not None or report.error is not None
        points = report.points or ([] if over else self._curves[place])
        return points[-1][1] if points else {}

    def save(self, folders: Sequence[Path]) -> None:
        """Writes the checkpoints of all members that have not failed, each into the folder at its place."""
        pulse.beat("the writing of checkpoints")
        checkpoint.save(self._of_present(folders), self._latest(), self._best())
        pulse.beat()

    def load(self, folders: Sequence[Path]) -> bool:
        """Goes on from what `save` has written. Returns whether there was such a pack, of this many members."""
        states = checkpoint.load(self._of_present(folders))
        if states is not None:
            self._go_on(states)
        return states is not None

    def close(self) -> None:
        """Gives back what the loop holds."""
        training, self._training = self._training, None
        if isinstance(training, Closing):
            training.close()

    def _begin(self) -> None:
        """Begins to train the members that are left, from their last checkpoints if there are any."""
        self.close()
        self._moment, self._saved_at = 0, time.monotonic()
        for index in self._present:
            # Whoever gets the next report may have lost those before it, so it has the whole curve.
            self._curves[index], self._told[index], self._reports[index] = [], 0, Report(0, [])
            self._made_with[index] = [self._makes()]
        if not self._present:
            return
        pulse.trains(self._present)
        pulse.beat("the making of its training")
        try:
            self._training = self._loop(self._filled([self._configs[index] for index in self._present]), self._device)
            states = checkpoint.load(self._of_present(self._folders)) if self._folders else None
            if states is not None:
                self._go_on(states)
            self._began_at = self._moment
        except MemberFailed as failure:
            self._leave(failure)
            self._begin()

    def _leave(self, failure: MemberFailed) -> None:
        """Takes out the member that has failed; the others will begin without it."""
        if self._alone:
            raise failure
        index = self._present.pop(min(failure.member, len(self._present) - 1))
        error = failure.reason
        if self._folders:
            error += f" (all of it: {checkpoint.keep_error(self._folders[index], failure)})"
        self._reports[index] = replace(self._reports[index], error=error)

    def _train_to_next_report(self) -> None:
        """Trains all members that are left; one that fails leaves, and the others begin again without it."""
        while self._present and self._moment < self._until:
            try:
                self._train(min(self._next_report(), self._until))
                break
            except MemberFailed as failure:
                self._leave(failure)
                self._begin()

    def _train(self, until: int) -> None:
        pulse.beat()
        reports = self._own(self._running().train(until))
        self._moment = until
        for index, report in zip(self._present, reports, strict=True):
            self._reports[index] = replace(report, points=[])
            self._curves[index].extend(report.points)

    def _confirmed(self, episodes: int) -> list[float]:
        """Of each member, the score on fresh episodes; NaN without any."""
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
        """The next multiple of budget / reports, in whole units; the end of the leg if all members have ended."""
        if all(
            report.diverged_at is not None or report.stopped_at is not None
            for report in self._of_present(self._reports)
        ):
            return self._until
        budget, reports = self._configs[0].budget, self._configs[0].reported()
        return math.ceil(budget * (self._moment * reports // budget + 1) / reports)

    def _latest(self) -> list[checkpoint.State]:
        return [
            {
                "moment": self._moment,
                "config": config.model_dump(mode="json"),
                "report": asdict(replace(report, points=curve)),
                "made_with": made_with,
                "state": state,
            }
            for config, report, curve, made_with, state in zip(
                self._of_present(self._configs),
                self._of_present(self._reports),
                self._of_present(self._curves),
                self._of_present(self._made_with),
                self._own(self._running().state()),
                strict=True,
            )
        ]

    def _best(self) -> list[checkpoint.State | None]:
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

    def _go_on(self, states: list[checkpoint.State]) -> None:
        self._moment = states[0]["moment"]
        for index, state in zip(self._present, states, strict=True):
            self._reports[index] = Report(**state["report"])
            self._curves[index] = list(self._reports[index].points)
            # Checkpoints of earlier versions do not say.
            before, now = state.get("made_with", []), self._makes()
            same = bool(before) and {**before[-1], "since": now["since"]} == now
            self._made_with[index] = before if same else [*before, now]
        self._running().load(self._filled([state["state"] for state in states]))

    def _makes(self) -> dict[str, Any]:
        """What is trained from now on is made with."""
        return provenance.made_with(str(self._device), self._filled_size(), self._moment)

    def _filled_size(self) -> int:
        return pack_size.filled(len(self._present), self._request, self._configs[0], self._device)

    def _filled(self, members: list[Any]) -> list[Any]:
        """Fills up the members by repeating the last."""
        return members + members[-1:] * (self._filled_size() - len(members))

    def _own(self, members: list[Any]) -> list[Any]:
        """Leaves out those that only fill up the pack."""
        return members[: len(self._present)]

    def _running(self) -> Loop:
        """The loop. Raises RuntimeError if the training was closed."""
        if self._training is None:
            raise RuntimeError("the training of this pack was closed")
        return self._training

    def _of_present(self, members: Sequence[Item]) -> list[Item]:
        return [members[index] for index in self._present]
