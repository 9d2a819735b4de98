"""The contract that every loop keeps.

A new loop gets all of it by one line: its case in loop_cases.py, as docs/examples/rosenbrock.py has one.
"""

import io
import math
from collections.abc import Iterator
from typing import Any

import gymnasium
import pytest
import torch
from loop_cases import CASES, Case
from loop_runs import CPU, TOLERANCE, assert_alike, begin, trained, weights

from trainables.base import random_streams
from trainables.base.training_config import is_tunable, structure
from trainables.environments.number_match import NumberMatch
from trainables.loops.contract import is_bound, scored_by, scores_of, trivial_answers
from trainables.loops.instruments import KINDS
from trainables.loops.registry import LOOPS, loop_of

EPISODIC = [name for name in CASES if "environment" in loop_of(name).Config.model_fields]


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(name: str) -> Case:
    return CASES[name]


def test_every_loop_of_the_platform_is_tried_here() -> None:
    assert CASES.keys() >= LOOPS.keys()


def test_the_members_of_a_case_are_of_one_structure_and_differ(name: str, case: Case) -> None:
    configs = [loop_of(name).Config(**(case.common | member)) for member in case.members]
    assert structure(configs[0]) == structure(configs[1]) == structure(configs[2])
    assert all(is_tunable(type(configs[0]), field) or field == "optimizer" for each in case.members for field in each)
    assert len({config.seed for config in configs}) == 3


def test_a_loop_says_what_it_counts_and_what_is_better(name: str) -> None:
    loop = loop_of(name)
    assert loop.direction in ("maximize", "minimize")
    assert loop.unit
    assert loop.score in loop.metrics
    assert len(set(loop.metrics)) == len(loop.metrics)


def test_a_loop_is_held_against_who_has_learnt_nothing(name: str, case: Case) -> None:
    loop = loop_of(name)
    answers = trivial_answers(loop, loop.Config(**case.common))
    if loop_of(name) in LOOPS.values():
        assert answers
    assert answers == trivial_answers(loop, loop.Config(**case.common))
    assert len({each.name for each in answers}) == len(answers)
    for each in answers:
        beyond = each.beaten_from - each.value
        assert math.isfinite(beyond)
        assert beyond >= 0 if loop.direction == "maximize" else beyond <= 0


def test_a_member_of_a_pack_equals_the_same_member_alone(name: str, case: Case) -> None:
    packed = trained(name)
    for index, member in enumerate(case.members):
        alone = begin(name, [member])
        assert_alike(alone.train(case.middle), packed.to_middle[index : index + 1])
        assert_alike(alone.train(case.common["budget"]), packed.to_end[index : index + 1])
        torch.testing.assert_close(weights(name, alone.state())[0], weights(name, packed.at_end)[index], **TOLERANCE)


def test_an_easy_task_is_learnt_from_every_seed(name: str, case: Case) -> None:
    reports = begin(name, [{"seed": seed} for seed in range(3)], **case.easy).train(case.easy["budget"])
    assert all(case.learnt(report.points[-1][1]) for report in reports)


def test_the_same_seed_gives_the_same_result(name: str, case: Case) -> None:
    first, second = trained(name), begin(name, case.members)
    assert second.train(case.middle) == first.to_middle
    assert second.train(case.common["budget"]) == first.to_end
    torch.testing.assert_close(second.state(), first.at_end, rtol=0, atol=0)


def test_results_neither_use_nor_disturb_the_global_random_stream_of_torch(name: str, case: Case) -> None:
    torch.manual_seed(1)
    reports = begin(name, case.members).train(case.middle)
    drawn = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), drawn)
    torch.manual_seed(2)
    assert begin(name, case.members).train(case.middle) == reports


def test_other_seeds_give_other_weights_and_results(name: str, case: Case) -> None:
    loop = begin(name, [{"seed": 1}, {"seed": 2}])
    first, second = weights(name, loop.state())
    assert all(not torch.equal(first[key], second[key]) for key in first)
    reports = loop.train(case.middle)
    assert reports[0].points != reports[1].points


def test_training_goes_the_same_way_however_often_it_is_looked_at(name: str, case: Case) -> None:
    once, straight, often = trained(name), begin(name, case.members), begin(name, case.members)
    straight.train(case.common["budget"])
    often.load(once.at_middle)
    for until in (case.middle + 1, case.common["budget"]):
        often.train(until)
    for loop in (straight, often):
        torch.testing.assert_close(weights(name, loop.state()), weights(name, once.at_end), rtol=0, atol=0)


def test_resumed_equals_uninterrupted_bit_for_bit(name: str, case: Case) -> None:
    uninterrupted, file = trained(name), io.BytesIO()
    torch.save(uninterrupted.at_middle, file)
    file.seek(0)
    resumed = begin(name, case.members)
    resumed.load(torch.load(file, weights_only=True))
    assert resumed.train(case.common["budget"]) == uninterrupted.to_end
    torch.testing.assert_close(resumed.state(), uninterrupted.at_end, rtol=0, atol=0)
    torch.testing.assert_close(
        [each["state_dict"] for each in resumed.best()],
        [each["state_dict"] for each in uninterrupted.best],
        rtol=0,
        atol=0,
    )


def test_a_state_is_a_copy(name: str, case: Case) -> None:
    """That of the middle was taken before its loop was trained on; the other one's was not trained any further."""
    untouched = begin(name, case.members)
    untouched.train(case.middle)
    torch.testing.assert_close(trained(name).at_middle, untouched.state(), rtol=0, atol=0)


def test_members_packed_afresh_go_on_as_they_would_have(name: str, case: Case) -> None:
    whole, fewer = trained(name), begin(name, [case.members[2], case.members[0]])
    fewer.load([whole.at_middle[2], whole.at_middle[0]])
    assert_alike(fewer.train(case.common["budget"]), [whole.to_end[2], whole.to_end[0]])
    expected = weights(name, [whole.at_end[2], whole.at_end[0]])
    torch.testing.assert_close(weights(name, fewer.state()), expected, **TOLERANCE)


def test_a_member_that_diverges_is_reported_and_the_others_never_notice(name: str, case: Case) -> None:
    doomed = {**case.members[1], "learning_rate": 1e38, "warmup": 0.0}
    sound, mixed = trained(name), begin(name, [case.members[0], doomed, case.members[2]])
    for until, expected in ((case.middle, sound.to_middle), (case.common["budget"], sound.to_end)):
        reports = mixed.train(until)
        assert_alike([reports[0], reports[2]], [expected[0], expected[2]])

    diverged = reports[1]
    assert diverged.diverged_at is not None
    assert diverged.steps == diverged.diverged_at < case.common["budget"]
    assert diverged.reason in {"the loss is not finite", "the gradient is not finite", "the weights are not finite"}
    assert all(torch.isfinite(tensor).all() for tensor in weights(name, mixed.state())[1].values())


def test_a_diverged_member_stays_as_it_is_and_its_pack_can_be_resumed(name: str, case: Case) -> None:
    members = [case.members[0], {**case.members[1], "learning_rate": 1e38, "warmup": 0.0}]
    loop = begin(name, members)
    loop.train(case.middle)
    frozen = weights(name, loop.state())[1]
    _, verdict = loop.train(case.later)
    states = loop.state()
    torch.testing.assert_close(case.weights(states[1]), frozen, rtol=0, atol=0)

    resumed = begin(name, members)
    resumed.load(states)
    expected, reports = loop.train(case.common["budget"]), resumed.train(case.common["budget"])
    assert reports[0] == expected[0]
    assert (reports[1].diverged_at, reports[1].reason) == (verdict.diverged_at, verdict.reason)


def test_a_pack_of_diverged_members_still_reports(name: str, case: Case) -> None:
    (report,) = begin(name, [{"learning_rate": 1e38}]).train(case.common["budget"])
    assert report.diverged_at is not None
    assert report.steps == report.diverged_at


def test_the_budget_is_spent(name: str, case: Case) -> None:
    for until, reports in trained(name).halts:
        for report in reports:
            assert report.points[-1][0] == until
            assert report.steps == until or (case.overshoots and report.steps > until)


def test_points_have_the_metrics_that_the_loop_names(name: str, case: Case) -> None:
    for _, reports in trained(name).halts:
        for report in reports:
            # Whether inputs are whole numbers depends on the environment.
            named = set(loop_of(name).metrics) - case.others - {KINDS}
            assert set().union(*(metrics for _, metrics in report.points)) - {KINDS} == named
            assert all(type(value) is float for _, metrics in report.points for value in metrics.values())
            assert all(type(steps) is int for steps, _ in report.points)


def test_the_best_is_the_best_of_all_points(name: str) -> None:
    loop, better = loop_of(name), max if loop_of(name).direction == "maximize" else min
    seen: list[list[tuple[int, float]]] = [[], [], []]
    for _, reports in trained(name).halts:
        for points, report in zip(seen, reports, strict=True):
            points += [(steps, metrics[loop.score]) for steps, metrics in report.points]
            best = better(score for _, score in points)
            first = next(steps for steps, score in points if score == best)
            assert report.best == pytest.approx(best, rel=1e-6)
            assert report.best_steps == first


@pytest.mark.parametrize("name", [name for name in CASES if not is_bound(loop_of(name))])
def test_the_best_is_of_whatever_metric_and_direction_a_loop_is_told(name: str, case: Case) -> None:
    own = loop_of(name)
    direction, better = ("minimize", min) if own.direction == "maximize" else ("maximize", max)
    for score in sorted(set(scores_of(own)) - case.others):
        loop = scored_by(own, score, direction)(
            [own.Config(**(case.common | member), compile="never") for member in case.members[:2]], CPU
        )
        seen: list[list[float]] = [[], []]
        for until in (case.middle, case.common["budget"]):
            for values, report in zip(seen, loop.train(until), strict=True):
                values += [metrics[score] for _, metrics in report.points]
                assert report.best == pytest.approx(better(values), rel=1e-6)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        assert all(type(key) is str for key in value)
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def test_states_and_bests_are_tensors_and_plain_values(name: str) -> None:
    kept = trained(name)
    for each in (*kept.at_middle, *kept.at_end, *kept.best):
        assert {type(leaf) for leaf in leaves(each)} <= {torch.Tensor, int, float, str, bool, type(None)}
        for tensor in (leaf for leaf in leaves(each) if isinstance(leaf, torch.Tensor)):
            assert not tensor.requires_grad
            # A part of the pack's memory would be saved with all of it.
            assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


def test_the_best_network_as_a_plain_module_has_the_score_reported(name: str, case: Case) -> None:
    config = loop_of(name).Config(**case.common)
    for report, best in zip(trained(name).to_end, trained(name).best, strict=True):
        assert case.deployed(config, best) == pytest.approx(report.best, rel=1e-4)


@pytest.mark.parametrize("name", EPISODIC)
def test_the_reward_scale_does_not_move_the_score_of_a_fixed_policy(name: str, case: Case) -> None:
    members = [{"learning_rate": 1e-30, "reward_scale": scale} for scale in (0.01, 1.0, 100.0)]
    reports = begin(name, members).train(case.common["budget"])
    scores = {report.points[-1][1]["evaluation/return_mean"] for report in reports}
    losses = {report.points[-1][1]["train/loss"] for report in reports}
    assert len(scores) == 1
    assert len(losses) == 3


@pytest.mark.parametrize("name", EPISODIC)
def test_members_are_scored_on_episodes_that_they_are_not_trained_on(name: str) -> None:
    seeds: list[int | None] = []

    class Diary(NumberMatch):
        def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
            seeds.append(seed)
            return super().reset(seed=seed, options=options)

    gymnasium.register("tests/Diary-v0", entry_point=Diary)
    try:
        begin(name, [{"seed": 1}, {"seed": 2}], environment="tests/Diary-v0", environment_args={}).train(40)
    finally:
        del gymnasium.registry["tests/Diary-v0"]
    scored = set(random_streams.evaluation_seeds(0, CASES[name].common["evaluation_episodes"]).tolist())
    first, count = random_streams.TRAINING
    trained = set(seeds) - scored
    assert scored < set(seeds)
    assert len(trained) >= 80
    assert all(seed is not None and first <= seed < first + count for seed in trained)


@pytest.mark.gpu
def test_on_a_gpu_as_on_the_cpu(name: str, case: Case) -> None:
    configs = [loop_of(name).Config(**(case.common | member), compile="never") for member in case.members]
    here, there = loop_of(name)(configs, CPU), loop_of(name)(configs, torch.device("cuda"))
    here.train(case.middle)
    there.train(case.middle)
    torch.testing.assert_close(
        weights(name, here.state()), weights(name, there.state()), check_device=False, **TOLERANCE
    )
