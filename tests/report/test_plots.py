"""Plots of a study hold the numbers that they should, and say them in words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import made_study
import pytest
import sweeps

from tuning.report.axes import NONE, axes
from tuning.report.material import Material
from tuning.report.plots import (
    best_so_far,
    gradients,
    importance,
    intervals,
    learning_curves,
    parallel,
    rungs,
    slices,
)
from tuning.report.plots.plot import DEFAULT, LEADER, Plot
from tuning.study.summary import StudySummary


def drawn(plot: Plot | None) -> Plot:
    assert plot is not None
    return plot


def traces(plot: Plot, name: str) -> list[Any]:
    return [each for each in plot.figure.data if each.name == name]


def with_values(*values: float | None, **changes: Any) -> StudySummary:
    """Trials that ended in this order, each after two seconds; those without a value were pruned at 1."""
    trials = [made_study.trial(n, v, {100: 1.0} if v is None else {200: v}) for n, v in enumerate(values)]
    summary = replace(made_study.study(), trials=trials)
    return replace(summary, sweep=sweeps.tiny(**changes)) if changes else summary


@pytest.mark.parametrize(
    ("direction", "best"),
    [("maximize", ([1, 3, 5], [1.0, 3.0, 3.0])), ("minimize", ([1, 4, 5], [1.0, 0.5, 0.5]))],
)
def test_the_best_so_far_never_gets_worse_and_pruned_trials_do_not_count(
    direction: str, best: tuple[list[int], list[float]]
) -> None:
    summary = with_values(1.0, None, 3.0, 0.5, 2.0, direction=direction)
    plot = drawn(best_so_far.plot(made_study.material(summary)))
    (line,) = traces(plot, "best so far")
    assert (list(line.x), list(line.y)) == best
    by_seconds = drawn(best_so_far.plot(made_study.material(summary), by_seconds=True))
    (line,) = traces(by_seconds, "best so far")
    assert list(line.x) == [2.0 * place for place in best[0]]


def test_trials_count_in_the_order_in_which_they_ended() -> None:
    summary = with_values(1.0, 3.0, 2.0)
    late = replace(summary.trials[1], ended=made_study.BEGUN + timedelta(hours=1))
    summary = replace(summary, trials=[summary.trials[0], late, summary.trials[2]])
    (line,) = traces(drawn(best_so_far.plot(made_study.material(summary))), "best so far")
    assert list(line.y) == [1.0, 2.0, 3.0]


def test_nothing_is_drawn_of_a_study_without_values() -> None:
    found = made_study.material(replace(made_study.study(), trials=[], importances={}))
    every = (best_so_far.plot, learning_curves.plot, parallel.plot, importance.plot, intervals.plot, rungs.plot)
    assert [make(found) for make in (*every, slices.slices, slices.contour, gradients.plot)] == [None] * 9


def test_ranks_put_the_complete_first_and_then_who_came_furthest() -> None:
    trials = [
        made_study.trial(0, None, {100: 9.0}),
        made_study.trial(1, 1.0, {100: 0.0, 400: 1.0}),
        made_study.trial(2, None, {100: 0.0, 200: 0.5}),
        made_study.trial(3, 2.0, {100: 0.0, 400: 2.0}),
        made_study.trial(4, None, {}),
        made_study.trial(5, None, {100: 8.0}),
    ]
    found = Material(replace(made_study.study(), trials=trials), {})
    assert found.ranks == {3: 1, 1: 2, 2: 3, 0: 4, 5: 5}


def test_curves_of_the_leader_and_the_default_are_brought_out_with_the_spread_of_their_seeds() -> None:
    summary = made_study.study()
    plot = drawn(learning_curves.plot(made_study.material(summary, seeds=3)))
    best = summary.best
    assert best is not None
    (leader,), (default,) = traces(plot, f"leader, trial {best.number}"), traces(plot, "default, trial 0")
    assert (leader.line.color, default.line.color) == (LEADER, DEFAULT)
    assert list(leader.y) == pytest.approx([-0.9, best.value + 0.1])
    bands = [each for each in plot.figure.data if each.fill == "toself"]
    assert [list(band.y) for band in bands][-1] == pytest.approx([-0.8, best.value + 0.2, best.value, -1.0])
    assert "spread of their seeds" in plot.sentence
    assert len(plot.rows) == 29, "the trial that diverged at once has no curve"


def test_in_parallel_coordinates_every_trial_keeps_its_line_whatever_settings_it_has() -> None:
    plot = drawn(parallel.plot(made_study.material(made_study.study())))
    (trace,) = plot.figure.data
    by_label = {each.label: each for each in trace.dimensions}
    assert list(by_label) == ["learning rate", "schedule", "schedule.cosine.floor", "return mean"]
    assert {len(each.values) for each in trace.dimensions} == {29}
    floor = by_label["schedule.cosine.floor"]
    assert floor.ticktext[0] == NONE
    assert floor.tickvals[0] < 0, "none lies below the range"
    assert list(floor.values).count(floor.tickvals[0]) == 15, "one for each trial with a fixed schedule"
    assert max(trace.line.color) == 28, "the best is the brightest"
    assert [row[2] for row in plot.rows].count("cosine") + [row[2] for row in plot.rows].count("fixed") == 20


def test_axes_know_logarithms_options_and_what_does_not_count() -> None:
    found = {axis.name: axis for axis in axes(sweeps.tiny(), [each.params for each in made_study.study().trials])}
    rate, schedule = found["learning_rate"], found["schedule"]
    assert (rate.place({"learning_rate": 0.01}), rate.value(-2.0)) == (pytest.approx(-2.0), pytest.approx(0.01))
    assert rate.ticks() == ([-3.0, -2.0, -1.0], ["0.001", "0.01", "0.1"])
    assert schedule.ticks() == ([0.0, 1.0], ["fixed", "cosine"])
    assert found["schedule.cosine.floor"].place({"schedule": "fixed"}) is None
    assert "baseline" not in found, "all trials have the same"


def test_an_axis_is_wide_enough_for_a_default_outside_the_range() -> None:
    (axis,) = axes(sweeps.tiny(), [{"learning_rate": 0.5}, {"learning_rate": 0.01}])
    assert axis.low == pytest.approx(-3)
    assert axis.value(axis.high) == pytest.approx(0.5)


def test_the_confirmation_is_shown_with_its_drop() -> None:
    summary = made_study.confirmed(made_study.study())
    plot = drawn(intervals.plot(made_study.material(summary)))
    best, default = plot.rows
    assert summary.best is not None
    assert best[0] == f"trial {summary.best.number}"
    assert default == ["trial 0, default", "-0.5", "-0.6", "-0.7 to -0.5", "0.1"]
    (means,) = traces(plot, "interquartile mean, 95 % interval")
    assert list(means.error_x.array) == pytest.approx([0.1, 0.05])
    assert "Champion" in plot.sentence


def test_rungs_say_how_many_were_compared_and_how_many_went_on() -> None:
    plot = drawn(rungs.plot(made_study.material(made_study.study())))
    assert plot.rows == [["100", "29", "10"], ["200", "10", "10"]]


def test_gradients_are_held_against_max_norm() -> None:
    summary = made_study.study()
    trials = [replace(each, params={**each.params, "max_norm": 0.5}) for each in summary.trials]
    plot = drawn(gradients.plot(made_study.material(replace(summary, trials=trials))))
    assert plot.rows[-1] == ["default, trial 0", "0.5", "25%"]
    assert [each.y for each in plot.figure.layout.annotations] == pytest.approx([-0.30103] * len(plot.rows))


def test_what_mattered_least_is_left_out() -> None:
    summary = replace(made_study.study(), importances={"learning_rate": 0.998, "baseline": 0.002})
    assert drawn(importance.plot(made_study.material(summary))).rows == [["learning_rate", "99.8%"]]


def test_slices_show_the_trials_at_the_budget_that_most_came_to() -> None:
    plot = drawn(slices.slices(made_study.material(made_study.study())))
    points = [each for each in plot.figure.data if each.mode == "markers"]
    assert [len(each.x) for each in points] == [29, 29, 14]
    assert "at 100 environment steps" in plot.sentence


def test_the_contour_believes_in_the_rate_that_is_best() -> None:
    plot = drawn(slices.contour(made_study.material(made_study.study(40))))
    surface = plot.figure.data[0]
    across = surface.z.max(axis=0).argmax()
    assert surface.x[across] == pytest.approx(-2, abs=0.25)
