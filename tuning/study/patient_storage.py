"""Optuna's storage in a database, which is waited for where it is away."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from optuna.storages import RDBStorage

from tuning.study.patience import Patience

Method = TypeVar("Method", bound=Callable[..., Any])


def _patient(method: Method) -> Method:
    """The method, tried again while the storage is away; for one that may be done twice."""

    @wraps(method)
    def insisting(storage: "PatientStorage", *given: Any, **named: Any) -> Any:
        return storage.patience.insist(lambda: method(storage, *given, **named))

    return cast(Method, insisting)


class PatientStorage(RDBStorage):
    """The methods that a study uses, each of which may be done twice; `Tables` writes all else.

    Seen in Optuna 5.0.0: `_get_trials` is what its cache asks for trials.
    """

    def __init__(self, url: str, engine_kwargs: dict[str, Any], **named: Any) -> None:
        """Arguments as RDBStorage has them."""
        self.patience = Patience()
        super().__init__(url, engine_kwargs, **named)

    get_all_studies = _patient(RDBStorage.get_all_studies)
    get_study_id_from_name = _patient(RDBStorage.get_study_id_from_name)
    get_study_name_from_id = _patient(RDBStorage.get_study_name_from_id)
    get_study_directions = _patient(RDBStorage.get_study_directions)
    get_study_user_attrs = _patient(RDBStorage.get_study_user_attrs)
    get_study_system_attrs = _patient(RDBStorage.get_study_system_attrs)
    set_study_user_attr = _patient(RDBStorage.set_study_user_attr)
    get_trial = _patient(RDBStorage.get_trial)
    _get_trials = _patient(RDBStorage._get_trials)
