"""One configuration trained in full: with more budget, on more seeds, as a study of its own."""

from tuning.experiments.laboratory import Laboratory, episodes
from tuning.experiments.subjects import Subject
from tuning.report.trained import Trained
from tuning.rules.comparison import Comparison
from tuning.study.experiment import Configuration, Experiment


def experiment(subject: Subject) -> Experiment:
    """What the study of a training is for."""
    return Experiment("train", {"subject": subject.shown, "values": subject.values}, episodes(subject.sweep))


def answer(laboratory: Laboratory) -> Trained:
    """Train it. Raises Interrupted."""
    study, told = laboratory.study, laboratory.study.attributes.experiment
    assert told is not None
    wanted = Configuration(told.asked["values"], {}, laboratory.seeds())
    (sample,) = laboratory.train([wanted])
    found = Comparison({0: sample}, study.sweep.direction, study.sweep.seed).estimate(0)
    return Trained(str(told.asked["subject"]), found, study.summary())
