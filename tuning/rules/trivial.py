"""Whether a trial beats who has learnt nothing. Pure: values in, values out."""

from tuning.rules.objective import Direction, better, reaches


def beats(value: float, worst_end: float, trivial: float, beaten_from: float, direction: Direction) -> bool:
    """Whether a trial is better than a trivial answer, and that by more than chance.

    value: of the trial.
    worst_end: the worse end of its interval, where it was confirmed; else the value.
    trivial: the value of the trivial answer.
    beaten_from: the value from which on another is better than that by more than chance.
    """
    return (
        better(value, trivial, direction)
        and reaches(value, beaten_from, direction)
        and better(worst_end, trivial, direction)
    )
