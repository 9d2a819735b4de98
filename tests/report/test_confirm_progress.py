"""What a person sees while a study is confirmed, by a clock that is turned by hand."""

import io

from rich.console import Console

from tuning.report.confirm_progress import ConfirmProgress


def test_a_confirmation_is_shown_by_its_steps() -> None:
    seconds, said = 0.0, io.StringIO()
    console = Console(file=said, width=200)
    progress = ConfirmProgress("tiny-1", 4, 1_000, console, now=lambda: seconds)
    members = [(3, 7), (0, 7)]
    for moment in range(6):
        seconds = 20.0 + 2 * moment
        progress.reported(dict.fromkeys(members, 100 * (moment + 1)), 2.0)
    assert said.getvalue() == "tiny-1: confirming, 0 of 4 trainings scored; time left: -\n", "a line every ten seconds"
    text = io.StringIO()
    Console(file=text, width=200).print(progress)
    assert "100 member-steps/s, 0:28 left" in text.getvalue()
    progress.scored(members)
    text = io.StringIO()
    Console(file=text, width=200).print(progress)
    assert "confirming, 2 of 4 trainings scored" in text.getvalue()
    assert "0:20 left" in text.getvalue()


def test_it_says_how_far_mlflow_is_behind_while_it_is() -> None:
    console = Console(file=(text := io.StringIO()), width=200)
    console.print(ConfirmProgress("tiny-1", 4, 1_000, console, lambda: "MLflow is 9 points behind: it hangs up"))
    assert text.getvalue().endswith("\nMLflow is 9 points behind: it hangs up\n")
