"""Points that wait to be told: taken once, counted until they are told, and what has no room is known to be missing."""

from tuning.tracking.waiting import Reported, Waiting


def reported(*steps: int) -> Reported:
    return Reported(0, [(step, {"loss": 1.0, "norm": 2.0}) for step in steps], 0)


def test_what_waits_is_taken_once_and_counts_as_behind_until_it_is_told() -> None:
    waiting = Waiting()
    waiting.note(0, reported(1))
    waiting.note(0, reported(2, 3))
    waiting.note(1, reported(1))
    assert waiting.behind == 8
    taken = waiting.take(0)
    assert ([each.points[0][0] for each in taken.reported], taken.whole, taken.count) == ([1, 2], True, 6)
    assert (waiting.behind, waiting.take(0).count) == (8, 0)
    waiting.told(taken.count)
    assert waiting.behind == 2


def test_of_what_has_no_room_nothing_is_held_and_nobody_takes_the_rest_for_all_of_it() -> None:
    waiting = Waiting(most=10)
    for step in range(1, 8):
        waiting.note(0, reported(step))
    assert waiting.take_whole(0) is None
    assert waiting.behind == 14
    taken = waiting.take(0)
    assert (taken.reported, taken.whole, taken.count) == ([], False, 14)
    waiting.told(taken.count)
    waiting.note(0, reported(8))
    again = waiting.take_whole(0)
    assert again is not None
    assert (len(again.reported), again.whole, waiting.behind) == (1, True, 2)


def test_there_is_room_again_for_others_once_what_had_none_is_left_out() -> None:
    waiting = Waiting(most=10)
    for step in range(1, 7):
        waiting.note(0, reported(step))
    for step in range(1, 6):
        waiting.note(1, reported(step))
    assert waiting.take(1).whole
    assert not waiting.take(0).whole
