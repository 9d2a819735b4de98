"""The loops as class Trainables of Ray Tune; with foreign.py the only files of the package that know Ray.

    from ray import tune
    from trainables.tune import DQN

    tune.Tuner(DQN, param_space={"environment": "CartPole-v1", "budget": 20_000,
                                 "learning_rate": tune.loguniform(1e-4, 1e-2)})

A flat config, the fields of the loop's Config, is a pack of one and reports flat metrics. With `members`, a list of
such configs (fields that all have in common may stand beside the list), it is a pack, and every result holds one report
a member. A member that fails, because its environment breaks, leaves its pack: its report says why, and the others go
on from their last checkpoints, or begin again, to the same end.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

import ray
import torch
from ray import tune

from trainables import environments
from trainables.base import checkpoint as checkpoints
from trainables.base.member_failure import MemberFailed
from trainables.base.report import Report
from trainables.compilation import program_cache, when_it_pays
from trainables.loops.contract import EpisodicConfig, Loop, Training, scored_by, structure
from trainables.loops.registry import LOOPS, loop_of
from trainables.messages import MemberRequest, PackReport, PackRequest, Parcel

Item = TypeVar("Item")

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Members that packs are filled up to, if not to the size of their sweep: halving leaves packs of any size, and each
takes seconds to compile."""

_LARGEST = float(torch.finfo(torch.float32).max)

REPORT_EVERY_S = 2.0
"""How long a pack that a search has asked for is trained before it reports; what it reports takes both of them time."""

PACK_FIELDS = ("members", "full_pack", "until", "leg", "confirm")
"""What a config may say of a pack beside its members and what they have in common."""


@runtime_checkable
class Closing(Protocol):
    """A loop that holds what must be given back."""

    def close(self) -> None:
        """Called when nothing more is asked of it."""


class PackTrainable(tune.Trainable):
    """Trains one pack, a step from one report to the next.

    Its config is one of three:

    - flat, the fields of the loop's Config: a pack of one, whose results are flat metrics;
    - `members`, a list of such configs; fields that all have in common may stand beside it. Every result has a report
      for each under `members`;
    - `request`, a parcel with a PackRequest (trainables/messages.py), as Lockstep's own search sends it. It is answered
      with a parcel with a PackReport under `report`, every two seconds however many reports that covers.

    The first two may have `until`, the budget at which to stop (else the full one), `leg`, a name for people,
    `full_pack`, the members that the pack may be filled up to, and `confirm`, on how many fresh episodes the last
    result scores the best weights. A member may have `folder`, where its checkpoints are kept, and gone on from if
    there are any.
    """

    loop: ClassVar[type[Loop]]
    save_every_s: ClassVar[float] = 20.0
    """Between two checkpoints of a leg; one more is written at its end."""

    def setup(self, config: dict[str, Any]) -> None:
        """Begin with the first config that this worker is given."""
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin with another config, all of the worker's start-up kept."""
        self.config = new_config
        self._form = next((form for form in ("request", "members") if form in new_config), "flat")
        self._request = new_config["request"].take() if self._form == "request" else requested(new_config)
        members = self._request.members
        self._folders = [Path(member.folder) for member in members if member.folder is not None]
        self._configs: list[Training] = [self.loop.Config(**member.config) for member in members]
        if any(structure(config) != structure(self._configs[0]) for config in self._configs):
            raise ValueError("members: they differ in structural fields, which a pack has in common")
        self._until = self._request.until or self._configs[0].budget
        self._device = torch.device("cuda" if _has_gpu() else "cpu")
        self._curves: list[list[tuple[int, dict[str, float]]]] = [[] for _ in members]
        self._told = [0 for _ in members]
        """How many points of each curve have been reported."""
        self._reports = [Report(0, []) for _ in members]
        self._present = list(range(len(members)))
        """Places of the members that have not failed."""
        self._begin()
        return True

    def _begin(self) -> None:
        """The training of the members that are left, from their last checkpoints if there are any."""
        self.cleanup()
        self._moment, self._saved_at = 0, time.monotonic()
        for index in self._present:
            # Whoever is told the next report may have lost the ones before, so it tells all of the curve.
            self._curves[index], self._told[index], self._reports[index] = [], 0, Report(0, [])
        if not self._present:
            return
        try:
            self._training = self.loop(self._filled([self._configs[index] for index in self._present]), self._device)
            states = checkpoints.load(self._of_present(self._folders)) if self._folders else None
            if states is not None:
                self._go_on(states)
        except MemberFailed as failure:
            self._leave(failure)
            self._begin()

    def cleanup(self) -> None:
        """Tune calls this when the worker ends."""
        training = vars(self).pop("_training", None)
        if isinstance(training, Closing):
            training.close()

    def _leave(self, failure: MemberFailed) -> None:
        """One member fails, the others will begin without it. Alone in a flat config, it fails its trial."""
        if self._form == "flat":
            raise failure
        index = self._present.pop(min(failure.member, len(self._present) - 1))
        error = failure.reason
        if self._folders:
            error += f" (all of it: {checkpoints.keep_error(self._folders[index], failure)})"
        self._reports[index] = replace(self._reports[index], error=error)

    def step(self) -> dict[str, Any]:
        """Train to the next report, or to the end of the leg; in answer to a request for a while."""
        began, waited_s = time.monotonic(), program_cache.waited_s()
        self._train_to_next_report()
        while self._form == "request" and not self._done() and time.monotonic() - began < REPORT_EVERY_S:
            self._train_to_next_report()
        left, done = self._of_present(self._reports), self._done()
        if left and self._folders and (done or time.monotonic() - self._saved_at > self.save_every_s):
            checkpoints.save(self._of_present(self._folders), self._latest(), self._best())
            self._saved_at = time.monotonic()
        episodes = self._request.confirm_episodes
        confirmed = self._confirmed(episodes) if done and episodes else None
        # Whoever is the first to need a program is not to look slow for it.
        train_s = time.monotonic() - began - (program_cache.waited_s() - waited_s)
        reports = [
            replace(report, points=curve[told:])
            for report, curve, told in zip(self._reports, self._curves, self._told, strict=True)
        ]
        self._told = [len(curve) for curve in self._curves]
        return {**self._result(PackReport(reports, train_s, confirmed)), "done": done}

    def _done(self) -> bool:
        """Whether the leg has come to its end, or nobody is left to train."""
        return self._moment >= self._until or all(
            report.diverged_at is not None for report in self._of_present(self._reports)
        )

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
        reports = self._own(self._training.train(until))
        self._moment = until
        for index, report in zip(self._present, reports, strict=True):
            self._reports[index] = replace(report, points=[])
            self._curves[index].extend(report.points)

    def _confirmed(self, episodes: int) -> list[float]:
        """Of each member the score on fresh episodes; NaN of one that has none."""
        scores = [math.nan] * len(self._configs)
        while self._present:
            try:
                for index, score in zip(self._present, self._own(self._training.confirm(episodes)), strict=True):
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

    def _result(self, said: PackReport) -> dict[str, Any]:
        latest = [self._last_metrics(place, report) for place, report in enumerate(said.members)]
        worst = -_LARGEST if self.loop.direction == "maximize" else _LARGEST
        # Tune wants every metric in every result, and a searcher can't bear one that is not finite.
        scores = [each.get(self.loop.score, worst) for each in latest]
        scores = [score if math.isfinite(score) else worst for score in scores]
        if self._form == "flat":
            (report,), (metrics,), (score,) = said.members, latest, scores
            diverged = {"diverged": report.diverged_at is not None, "diverged_at": report.diverged_at}
            own = {**metrics, "best": report.best, "steps": report.steps, **diverged}
            return {**own, self.loop.score: score, **_of_pack(said)}
        best = max(scores) if self.loop.direction == "maximize" else min(scores)
        if self._form == "request":
            return {"report": Parcel(said), self.loop.score: best}
        return {"members": [asdict(report) for report in said.members], self.loop.score: best, **_of_pack(said)}

    def _last_metrics(self, place: int, report: Report) -> dict[str, float]:
        """Of the newest point, also where a member has stopped improving; {} of one that diverged or failed before."""
        over = report.diverged_at is not None or report.error is not None
        points = report.points or ([] if over else self._curves[place])
        return points[-1][1] if points else {}

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
                self._own(self._training.state()),
                strict=True,
            )
        ]

    def _best(self) -> list[checkpoints.State | None]:
        return [
            None
            if report.best is None
            else {
                "config": config.model_dump(mode="json"),
                "score": {"name": self.loop.score, "value": report.best, "steps": report.best_steps},
                **best,
            }
            for config, report, best in zip(
                self._of_present(self._configs),
                self._of_present(self._reports),
                self._own(self._training.best()),
                strict=True,
            )
        ]

    def _go_on(self, states: list[checkpoints.State]) -> None:
        self._moment = states[0]["moment"]
        for index, state in zip(self._present, states, strict=True):
            self._reports[index] = Report(**state["report"])
            self._curves[index] = list(self._reports[index].points)
        self._training.load(self._filled([state["state"] for state in states]))

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

    def _of_present(self, members: Sequence[Item]) -> list[Item]:
        return [members[index] for index in self._present]

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Tune's own way of keeping a trial: the same files, a folder a member."""
        checkpoints.save(self._of_present(self._member_folders(checkpoint_dir)), self._latest(), self._best())

    def load_checkpoint(self, checkpoint: dict[str, Any] | None) -> None:
        """Go on from a folder that `save_checkpoint` has written; Tune hands its path.

        Raises CheckpointError where it holds no pack of this many members.
        """
        states = checkpoints.load(self._of_present(self._member_folders(str(checkpoint))))
        if states is None:
            raise checkpoints.CheckpointError(f"{checkpoint}: no checkpoint of {len(self._configs)} members")
        self._go_on(states)

    def _member_folders(self, folder: str) -> list[Path]:
        return [Path(folder) / f"member-{index:03d}" for index in range(len(self._configs))]


def _has_gpu() -> bool:
    """Whether this process has a GPU; a worker of Ray sees those of all, and has what it was given."""
    return torch.cuda.is_available() and (not ray.is_initialized() or bool(ray.get_gpu_ids()))


class DQN(PackTrainable):
    """DQN; its fields: trainables.loops.dqn.DQNConfig."""

    loop = LOOPS["dqn"]


class Reinforce(PackTrainable):
    """REINFORCE; its fields: trainables.loops.reinforce.ReinforceConfig."""

    loop = LOOPS["reinforce"]


class Supervised(PackTrainable):
    """Supervised training; its fields: trainables.loops.supervised.SupervisedConfig."""

    loop = LOOPS["supervised"]


def requested(config: Mapping[str, Any]) -> PackRequest:
    """What a config asks for that is flat, or has `members`.

    Raises KeyError, TypeError or ValidationError where it can't be read.
    """
    common = {key: value for key, value in config.items() if key not in PACK_FIELDS}
    members = [{**common, **member} for member in config.get("members", [{}])]
    until = config.get("until")
    return PackRequest(
        [
            MemberRequest({key: value for key, value in member.items() if key != "folder"}, member.get("folder"))
            for member in members
        ],
        until=None if until is None else int(until),
        name=str(config.get("leg") or ""),
        full_pack=int(config.get("full_pack") or 0),
        confirm_episodes=int(config.get("confirm") or 0),
    )


def _of_pack(said: PackReport) -> dict[str, Any]:
    """What a result says of a pack as a whole."""
    confirmed = {} if said.confirmed is None else {"confirmed": said.confirmed}
    return {"train_s": said.train_s, **confirmed}


TRAINABLES: dict[str, type[PackTrainable]] = {"dqn": DQN, "reinforce": Reinforce, "supervised": Supervised}
"""The Trainables by the name of their loop."""


def trainable_of(
    name: str, score: str | None = None, direction: Literal["maximize", "minimize"] | None = None
) -> type[PackTrainable]:
    """The Trainable of a loop by the loop's name; made for a person's own, and for another score than the loop's.

    score, direction: the metric that the best weights are chosen by, and whether large or small ones are better; None:
    as the loop has it. Raises Unimportable as `loop_of` does, ValueError where the loop can't choose so.
    """
    loop = loop_of(name)
    scored = scored_by(loop, score or loop.score, direction or loop.direction)
    if name in TRAINABLES and scored is loop:
        return TRAINABLES[name]
    return type(name.rpartition(":")[2], (PackTrainable,), {"loop": scored})
