"""Which further curves would tell more of a training than those that are there."""

from tuning.diagnosis.training import CLIPPED, ENTROPY, LOSS, NORM, RATE, RETURN, VALIDATION, Training

_TELLS = {
    VALIDATION: (LOSS, "would tell a network that learns by heart from one that learns too little"),
    NORM: (LOSS, "would tell whether gradients explode or vanish"),
    CLIPPED: (NORM, "would tell whether clipping does nothing, or everything"),
    RATE: (LOSS, "would tell steps that are too large from a schedule that never lets them fall"),
    ENTROPY: (RETURN, "would tell a policy that settled too early from one that never settles"),
}
"""Of a curve that is missing: beside which other it helps, and what it would tell."""


def wanted(training: Training) -> list[str]:
    """A sentence for each curve that is missing and would help."""
    sentences = []
    for name, (beside, tells) in _TELLS.items():
        of_policies = name == ENTROPY and training.loop == "dqn"
        of_data = name == VALIDATION and training.curve(RETURN) is not None
        if training.curve(beside) is not None and training.curve(name) is None and not (of_policies or of_data):
            sentences.append(f"{name} {tells}.")
    return sentences
