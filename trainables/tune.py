"""The loops as class Trainables of Ray Tune. Beside it, only ray_trainable_loop.py and borrowed.py know Ray.

    from ray import tune
    from trainables.tune import DQN

    tune.Tuner(DQN, param_space={"environment": "CartPole-v1", "budget": 20_000,
                                 "learning_rate": tune.loguniform(1e-4, 1e-2)})

A flat config has the fields of the loop's Config; it is a pack of one, and reports flat metrics. A config with
`members`, a list of such configs, is a pack, and every result has a report of each member. Fields that all members have
in common may stand beside the list.
"""

import math
import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import ray
import torch
from ray import tune

from trainables.base import own_folders, shared_folder
from trainables.base.checkpoint import CheckpointError
from trainables.base.pulse import Pulse
from trainables.loops.contract import Loop, scored_by
from trainables.loops.registry import LOOPS, loop_of
from trainables.messages import MemberRequest, PackReport, PackRequest, Parcel
from trainables.pack_training import PackTraining

_LARGEST = float(torch.finfo(torch.float32).max)

REPORT_EVERY_S = 2.0
"""How long a pack trains before it reports to the search that has asked for it, as a report takes both of them time."""

PACK_FIELDS = ("members", "full_pack", "until", "leg", "confirm")
"""What a config may say about a pack, beside its members and what they have in common."""


class PackTrainable(tune.Trainable):
    """Trains one pack; a step trains it to its next report.

    Its config has one of three forms:

    - flat, with the fields of the loop's Config: a pack of one, whose results are flat metrics;
    - with `members`, a list of such configs, and the fields that all have in common beside it. Every result has a
    report
      of each member under `members`;
    - with `request`, a parcel with a PackRequest (messages.py), as Lockstep's own search sends it. Every two seconds it
      is answered under `report`, by a parcel with a PackReport.

    The first two forms may also have:

    until: the budget at which to stop; left out, the full budget.
    leg: a name for people.
    full_pack: up to how many members the pack may be filled.
    confirm: on how many fresh episodes the last result scores the best weights.
    folder: of a member, where its checkpoints are kept; it goes on from those that are there.
    """

    loop: ClassVar[type[Loop]]
    save_every_s: ClassVar[float] = 20.0
    """Seconds between two checkpoints of a leg; one more is written at its end."""

    def setup(self, config: dict[str, Any]) -> None:
        """Begins with the first config that this worker is given."""
        _end_when_told()
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begins with another config, in the same process."""
        self.cleanup()
        self.config = new_config
        self._form = next((form for form in ("request", "members") if form in new_config), "flat")
        request = new_config["request"].take() if self._form == "request" else requested(new_config)
        own_folders.look_in(request.folders)
        self._size = len(request.members)
        if request.proof is not None:
            shared_folder.insist(Path(request.proof))
        if request.pulse is not None:
            self._pulse = Pulse(Path(request.pulse.file), request.pulse.stacks_after_s)
        device = torch.device("cuda" if _has_gpu() else "cpu")
        self._pack = PackTraining(self.loop, request, device, self.save_every_s, alone=self._form == "flat")
        return True

    def cleanup(self) -> None:
        """Called by Tune when the worker ends."""
        pack: PackTraining | None = vars(self).pop("_pack", None)
        if pack is not None:
            pack.close()
        self._still()

    def _still(self) -> None:
        """Gives no more signs of life, since nothing is trained."""
        pulse: Pulse | None = vars(self).pop("_pulse", None)
        if pulse is not None:
            pulse.close()

    def step(self) -> dict[str, Any]:
        """Trains to the next report, or to the end of the leg; in answer to a request, for two seconds."""
        said = self._pack.report(REPORT_EVERY_S if self._form == "request" else 0.0)
        if self._pack.done:
            self._still()
        return {**self._result(said), "done": self._pack.done}

    def _result(self, said: PackReport) -> dict[str, Any]:
        latest = self._pack.newest_metrics(said)
        worst = -_LARGEST if self.loop.direction == "maximize" else _LARGEST
        # Tune expects every metric in every result, and its searchers fail on one that is not finite.
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

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Tune's own way to keep a trial: the same files, with a folder for each member."""
        self._pack.save(self._member_folders(checkpoint_dir))

    def load_checkpoint(self, checkpoint: dict[str, Any] | None) -> None:
        """Goes on from a folder that `save_checkpoint` has written; checkpoint: its path, as Tune has it.

        Raises CheckpointError if it holds no pack of this many members.
        """
        if not self._pack.load(self._member_folders(str(checkpoint))):
            raise CheckpointError(f"{checkpoint}: no checkpoint of {self._size} members")

    def _member_folders(self, folder: str) -> list[Path]:
        return [Path(folder) / f"member-{index:03d}" for index in range(self._size)]


def _end_when_told() -> None:
    """From now on SIGTERM ends this process at once, if it is a worker of Ray; checkpoints are whole at any time.

    Ray raises SystemExit wherever the worker happens to be. In a callback of the garbage collector Python prints it,
    and the worker goes on.
    """
    of_ray = ray.is_initialized() and ray.get_runtime_context().get_actor_id() is not None
    if of_ray and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))


def _has_gpu() -> bool:
    """Whether this process has a GPU. A worker of Ray sees the GPUs of all, and may use those that it was given."""
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
    """The request that a flat config, or one with `members`, amounts to.

    Raises KeyError, TypeError or ValidationError if it can't be read.
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
    """What a result says about a pack as a whole."""
    confirmed = {} if said.confirmed is None else {"confirmed": said.confirmed}
    return {"train_s": said.train_s, **confirmed}


TRAINABLES: dict[str, type[PackTrainable]] = {"dqn": DQN, "reinforce": Reinforce, "supervised": Supervised}
"""The Trainables, by the names of their loops."""


def trainable_of(
    name: str, score: str | None = None, direction: Literal["maximize", "minimize"] | None = None
) -> type[PackTrainable]:
    """The Trainable of a loop.

    name: of the loop, one of the platform's or a person's own.
    score: the metric that the best weights are chosen by; None: the loop's own.
    direction: whether high or low scores are better; None: as the loop has it.
    Raises Unimportable as `loop_of` does, and ValueError if the loop can't choose by the score.
    """
    scored = _scored(name, score, direction)
    if name in TRAINABLES and scored is LOOPS[name]:
        return TRAINABLES[name]
    return type(name.rpartition(":")[2], (PackTrainable,), {"loop": LoopByName(name, score, direction)})


@dataclass(frozen=True)
class LoopByName:
    """The loop of a class whose workers have yet to be told in which folders a person's modules are.

    A worker is sent the class before its first request; sent along, the loop would have to be found at once.
    """

    name: str
    score: str | None
    direction: Literal["maximize", "minimize"] | None

    def __get__(self, instance: object, owner: type) -> type[Loop]:
        """The loop itself."""
        return _scored(self.name, self.score, self.direction)


@cache
def _scored(name: str, score: str | None, direction: Literal["maximize", "minimize"] | None) -> type[Loop]:
    loop = loop_of(name)
    return scored_by(loop, score or loop.score, direction or loop.direction)
