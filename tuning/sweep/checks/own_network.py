"""Networks of a person's own, tried."""

from collections.abc import Iterable, Iterator

from trainables.base.images import Image
from trainables.networks import own_networks
from trainables.networks.specs import Own
from tuning.errors import Problem
from tuning.sweep.dimensions import Choices
from tuning.sweep.field_values import FieldValues


def problems(values: FieldValues, shapes: Iterable[tuple[int, int, Image | None]]) -> Iterator[Problem]:
    """What is wrong with a sweep's own networks; shapes: inputs, outputs, and the image if there is one."""
    given = {f"{part}.network": getattr(values, part).get("network") for part in ("fixed", "default")}
    searched = values.search.get("network")
    if isinstance(searched, Choices):
        given |= {f"search.network.choices[{index}]": name for index, name in enumerate(searched.choices)}
    own = {path: name for path, name in given.items() if isinstance(name, str) and ":" in name}
    for inputs, outputs, image in shapes if own else ():
        for path, name in own.items():
            message = own_networks.problem(Own(name, inputs, outputs, image))
            if message:
                yield Problem(path, message)
