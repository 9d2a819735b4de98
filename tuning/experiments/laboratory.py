"""Where experiments train: configurations in, scores on fresh episodes out; each is a trial of one study.

What was trained once is not trained again. So an experiment that was cut off is asked again from its beginning, is
answered at once what is known, and stands where it stood.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache

from rich.console import Console

from tuning import runner
from tuning.errors import Interrupted, Waiting
from tuning.rules.comparison import Sample
from tuning.runner import Crew, Hire
from tuning.study import catalogue
from tuning.study.experiment import Configuration, Experiment
from tuning.study.paths import Home
from tuning.study.seeds import fresh_seeds
from tuning.study.study import Study
from tuning.sweep import kept_sweep
from tuning.sweep.model import Sweep
from tuning.sweep.sections import Confirm
from tuning.workers.team import open_team

LONGEST_NAME = 64


class Laboratory:
    """The study of one experiment, held, and workers to train it."""

    def __init__(self, study: Study, team: Callable[[], Crew], console: Console | None) -> None:
        """team: has workers come, who are needed only where something is left to train."""
        self.study, self._team, self._console = study, team, console

    def seeds(self, which: int = 0) -> list[int]:
        """Those that configurations are trained with, the same for each of them; by `which` other ones."""
        count = self.study.sweep.seeds
        return fresh_seeds(self.study.sweep.seed, (which + 1) * count, "experiment")[which * count :]

    def train(self, wanted: Sequence[Configuration], why: str = "") -> list[Sample]:
        """The scores of each of these, trained where that was not done before.

        why: in a few words, what people are told while they wait.
        Raises Interrupted.
        """
        known = self.study.attributes.configurations
        new = [each for each in wanted if self._place(each, known) is None]
        if new:
            self._add([*known, *new])
        if len(self.study.records.ends()) < len(known) + len(new):
            self._say(why, len(new))
            summary = runner.follow(self.study, self._team(), self._console)
            name = self.study.name
            if summary.waits_for is not None:
                raise Waiting(f"{name} waits: {summary.waits_for}; `tuning resume {name}` goes on after that")
            if summary.state == "interrupted":
                raise Interrupted(f"{name} was interrupted; what is trained is kept, `tuning resume {name}` goes on")
        return [self.sample(self.number(each)) for each in wanted]

    def number(self, configuration: Configuration) -> int:
        """The trial that a configuration is, of those that were trained. Raises ValueError of another."""
        place = self._place(configuration, self.study.attributes.configurations)
        if place is None:
            raise ValueError("the configuration was not trained")
        return place

    def sample(self, number: int) -> Sample:
        """What the trainings of a trial have scored."""
        return [member.score for member in self.study.records.members(number)]

    def _place(self, wanted: Configuration, known: Sequence[Configuration]) -> int | None:
        places = (place for place, each in enumerate(known) if _is_same(each, wanted))
        return next(places, None)

    def _add(self, configurations: Sequence[Configuration]) -> None:
        study = self.study
        with study.records.at_once():
            study.attributes.set_configurations(configurations)
            study.change(study.sweep.model_copy(update={"trials": len(configurations)}))

    def _say(self, why: str, count: int) -> None:
        if self._console is not None and why:
            several = f"{count} configuration{'s' * (count != 1)} of {self.study.sweep.seeds} seeds"
            self._console.print(
                f"{self.study.name}: {why}{f', {several}' if count else ''}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )


def _is_same(one: Configuration, other: Configuration) -> bool:
    return one.values == other.values and one.seeds == other.seeds


def prepared(
    home: Home, url: str, sweep: Sweep, experiment: Experiment, budget: int | None, seeds: int
) -> Callable[[], Study]:
    """What makes the study of an experiment when it is called; what can be wrong with it is found out now.

    home, url: where studies are.
    sweep: of what the experiment is about.
    experiment: what it is; the study is called after its kind.
    budget: of each training; None: the sweep's.
    seeds: trainings of each configuration.
    Raises SweepError where the budget is none for the sweep, ServerError where MLflow can't be told, and as
    `catalogue.prepared` does.
    """
    called = experiment.kind
    stem = sweep.name.removesuffix(f"-{called}")[: LONGEST_NAME - len(called) - 1]
    whole = sweep.model_copy(
        update={
            "name": f"{stem}-{called}",
            "budget": budget or sweep.budget,
            "seeds": seeds,
            "trials": 1,
            "sampler": "random",
            "first": [],
            **dict.fromkeys(("halving", "confirm", "second", "time_limit", "max_steps", "target", "start_from")),
        }
    )
    # Another budget may be too small for what is to happen within it.
    kept_sweep.to_go_on(whole.model_dump(mode="json"))
    runner.refuse_unusable(whole, home, new=True)
    return catalogue.prepared(home, url, whole, experiment=experiment)


def episodes(sweep: Sweep) -> int:
    """Fresh ones that trainings are scored on: as many as its confirmation asks for."""
    return (sweep.confirm or Confirm()).episodes


@contextmanager
def at_work(
    study: Study | Callable[[], Study],
    sweep: Sweep,
    address: str | None = None,
    console: Console | None = None,
    hire: Hire | None = None,
) -> Iterator[Laboratory]:
    """A laboratory for a study that is there, or is made once there are workers.

    sweep: says which workers. address, console, hire: as for `runner.run`.
    Raises as `runner.run` does.
    """
    runner.refuse_too_large(sweep, address, hire)
    try:
        with ExitStack() as stack:
            team = cache(lambda: stack.enter_context((hire or open_team)(sweep.workers, address)))
            if isinstance(study, Study):
                stack.enter_context(study.held())
                yield Laboratory(study, team, console)
                return
            team()
            made = study()
            stack.enter_context(made.held())
            yield Laboratory(made, team, console)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; what is trained is kept, and `tuning resume` goes on") from None
