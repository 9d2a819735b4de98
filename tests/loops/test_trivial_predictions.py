"""What is scored by who has not looked at the features, by hand and as scikit-learn's dummies have it."""

from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score

from trainables.base.trivial_answer import TrivialAnswer
from trainables.data.datasets import Dataset
from trainables.data.scaling import Scaling
from trainables.loops import trivial_predictions, validation


def data(train: Any, unseen: Any, classes: tuple[str, ...] = ()) -> Dataset:
    """A data set of these targets; nobody looks at its features."""
    targets = [np.array(each, dtype=np.float64).reshape(len(each), -1) for each in (train, unseen)]
    features = [np.zeros((len(each), 1)) for each in targets]
    return Dataset(("x",), ("y",), classes, (), (), features[0], targets[0], features[1], targets[1])


def answers(given: Dataset, kind: str, score: str, standardised: bool = True) -> dict[str, TrivialAnswer]:
    scaling = Scaling.none(given.train_targets.shape[1])
    if standardised and not given.classes:
        scaling = Scaling.fitted(given.train_targets)
    return {each.name: each for each in trivial_predictions.answers(given, kind, score, scaling)}


NUMBERS = data([0, 0, 0, 4, 6], [1, 3, 5, 3])
"""With the mean 2, the median 0 and a deviation of 2.53; what is validated on has the mean 3 and the variance 2."""


@pytest.mark.parametrize("standardised", [True, False])
@pytest.mark.parametrize(
    ("score", "mean", "median"),
    [
        ("validation/loss", (1 + 1 + 9 + 1) / 4, (1 + 9 + 25 + 9) / 4),
        ("validation/mae", (1 + 1 + 3 + 1) / 4, 12 / 4),
        ("validation/r2", 1 - 3 / 2, 1 - 11 / 2),
    ],
)
def test_numbers_by_hand(score: str, mean: float, median: float, standardised: bool) -> None:
    found = answers(NUMBERS, "mse", score, standardised)
    assert {name: each.value for name, each in found.items()} == {
        "predicting the mean": pytest.approx(mean),
        "predicting the median": pytest.approx(median),
    }


def test_huber_with_the_delta_that_networks_have() -> None:
    unit = np.sqrt((3 * 4 + 4 + 16) / 5)
    errors = np.array([1, -1, -3, -1])
    expected = np.where(np.abs(errors) < unit, errors**2 / 2, unit * (np.abs(errors) - unit / 2)).mean()
    assert answers(NUMBERS, "huber", "validation/loss")["predicting the mean"].value == pytest.approx(expected)
    raw = np.where(np.abs(errors) < 1, errors**2 / 2, np.abs(errors) - 0.5).mean()
    assert answers(NUMBERS, "huber", "validation/loss", False)["predicting the mean"].value == pytest.approx(raw)


CLASSES = data([0, 0, 0, 1], [0, 0, 1, 1, 1], ("no", "yes"))


@pytest.mark.parametrize(
    ("score", "name", "value"),
    [
        ("validation/loss", "predicting the classes' shares", -(2 * np.log(0.75) + 3 * np.log(0.25)) / 5),
        ("validation/accuracy", "predicting the most frequent class", 2 / 5),
        ("validation/balanced_accuracy", "predicting the most frequent class", 1 / 2),
        ("validation/f1", "predicting the most frequent class", 2 * 2 / (2 + 5) / 2),
        ("validation/f1", "guessing by the classes' shares", (0.6 / 1.15 + 0.3 / 0.85) / 2),
    ],
)
def test_classes_by_hand(score: str, name: str, value: float) -> None:
    assert answers(CLASSES, "cross_entropy", score)[name].value == pytest.approx(value)


def test_guessing_as_scikit_learn_guesses() -> None:
    random = np.random.default_rng(0)
    train, unseen = (random.choice(3, count, p=[0.7, 0.2, 0.1]) for count in (5_000, 5_000))
    found = answers(data(train, unseen, ("a", "b", "c")), "cross_entropy", "validation/f1")
    guesses = DummyClassifier(strategy="stratified", random_state=0).fit(train, train).predict(unseen)
    expected = f1_score(unseen, guesses, average="macro")
    assert found["guessing by the classes' shares"].value == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("kind", "score", "beyond"),
    [
        ("mse", "validation/loss", lambda value: value * np.exp(-9 / 400)),
        ("mse", "validation/mae", lambda value: value * np.exp(-9 / 400)),
        ("mse", "validation/r2", lambda value: 1 - (1 - value) * np.exp(-9 / 400)),
        ("cross_entropy", "validation/loss", lambda value: value - 4.5 / 400),
        ("cross_entropy", "validation/accuracy", lambda value: value + 9 / 400),
    ],
)
def test_what_is_more_than_chance(kind: str, score: str, beyond: Any) -> None:
    random = np.random.default_rng(0)
    given = data(random.integers(2, size=400), random.integers(2, size=400), ("a", "b") * (kind == "cross_entropy"))
    for each in answers(given, kind, score).values():
        assert each.beaten_from == pytest.approx(beyond(each.value))


def test_hardly_anybody_who_guesses_seems_better_by_more_than_chance() -> None:
    random = np.random.default_rng(0)
    unseen = random.normal(size=200)
    mean = answers(data(random.normal(size=800), unseen), "mse", "validation/loss")["predicting the mean"]
    guesses = random.normal(size=(10_000, 200))
    # Each as large as is best for it, which no training could know.
    sizes = (guesses * unseen).sum(1) / (guesses**2).sum(1)
    losses = ((unseen - sizes[:, None] * guesses) ** 2).mean(1)
    assert (losses < mean.value).mean() > 0.9
    assert 0 < (losses < mean.beaten_from).mean() < 0.01


def test_a_score_of_somebody_elses_has_no_answer() -> None:
    assert answers(NUMBERS, "mse", "validation/quantile") == {}
    assert answers(NUMBERS, "mse", validation.ACCURACY) == {}
