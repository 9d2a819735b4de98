"""What a command runs on: a sweep, a study, a Ray of its own, and the folder it is in."""

from pathlib import Path
from typing import TYPE_CHECKING

from tuning.cli.printing import err
from tuning.errors import ArgumentError
from tuning.study.paths import Home
from tuning.workers.library_settings import bring_rays_token, keep_ray_private
from tuning.workers.termination import ended_at_once

if TYPE_CHECKING:
    from tuning.study.study import Study
    from tuning.sweep.suggestions.beginning import Beginning


def source_of(
    command: str, source: str | None, environment: str | None, data: str | None, target: str | None, loop: str | None
) -> "str | Beginning":
    """What a sweep is to be read from, or made of; raises ArgumentError where that is not one thing.

    command: that needs one.
    source: a preset's name or a file.
    environment, data, target, loop: what a sweep is suggested for.
    """
    options = {"--environment": environment, "--data": data, "--target": target, "--loop": loop}
    given = [f"{option} {value}" for option, value in options.items() if value is not None]
    if source is None and not given:
        raise ArgumentError(
            f"nothing to {command}: should be a SWEEP (see `tuning presets`), --environment ID or --data FILE"
        )
    if source is None:
        return beginning(environment, data, target, loop)
    if given:
        raise ArgumentError(
            f"{source} and {', '.join(given)}: should be a sweep or what one is suggested for, not both; "
            "`--set KEY.PATH=VALUE` puts settings over a sweep"
        )
    return source


def beginning(environment: str | None, data: str | None, target: str | None, loop: str | None) -> "Beginning":
    """What a sweep is suggested for; raises ArgumentError where that is not one environment or one table."""
    if environment is not None and data is not None:
        raise ArgumentError("--environment and --data: should be one of them")
    if environment is None and data is None:
        raise ArgumentError("nothing to train on: should be --environment ID or --data FILE")
    if environment is not None and target is not None:
        raise ArgumentError("--target: is a column of a table, so it goes with --data")
    from tuning.sweep.suggestions.beginning import Beginning

    return Beginning(environment, data, target, loop)


def opened(name: str | None, root: Path | None, storage: str | None) -> "Study":
    """The study that a command names, or the newest."""
    with ended_at_once():
        from tuning.study import catalogue

    home = Home.at(root)
    return catalogue.opened(home, home.storage(storage), name)


def ready_for_ray(address: str | None) -> None:
    """What Ray reads once, when it is imported: who may give the workers anything to do."""
    if address is None:
        keep_ray_private()
    else:
        bring_rays_token(address)


def name_unused_files() -> None:
    """Say which files of the current folder can't be what a sweep names, as other modules have their names."""
    from trainables.base import own_folders

    for sentence in own_folders.sentences(Path.cwd()):
        err.print(sentence, highlight=False, markup=False, soft_wrap=True)
