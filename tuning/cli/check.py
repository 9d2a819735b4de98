"""The command that says what is wrong with a sweep."""

import json

import typer

from tuning.cli.options import Data, Environment, Json, LoopName, Settings, SweepName, Target
from tuning.cli.preparation import name_unused_files, source_of
from tuning.cli.printing import out, say
from tuning.errors import SweepError


def check(
    source: SweepName = None,
    environment: Environment = None,
    data: Data = None,
    target: Target = None,
    loop: LoopName = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with a sweep or good to know, and run nothing."""
    wanted = source_of("check", source, environment, data, target, loop)
    name_unused_files()
    from tuning.sweep import loading

    try:
        checked = loading.checked(wanted, settings or [])
    except SweepError as error:
        if not as_json:
            raise
        print(json.dumps({"source": str(wanted), "problems": [each.as_json() for each in error.problems], "notes": []}))
        raise typer.Exit(error.exit_code) from None
    sweep, notes = checked.sweep, [each.as_json() for each in checked.notes]
    if as_json:
        of_sweep = {"trials": sweep.trials, "budget": sweep.budget}
        print(json.dumps({"source": str(wanted), "problems": [], "notes": notes, **of_sweep}))
        return
    say(checked.notes, out)
    line = f"{wanted}: nothing is wrong; {sweep.trials} trials of {sweep.budget:,} each"
    out.print(line, highlight=False, markup=False, soft_wrap=True)
