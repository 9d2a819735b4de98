"""The command that shows a study."""

from tuning.cli.experiments import show_answer
from tuning.cli.options import Json, Root, Storage, StudyName
from tuning.cli.preparation import opened
from tuning.cli.printing import show_summary


def show(name: StudyName = None, root: Root = None, storage: Storage = None, as_json: Json = False) -> None:
    """Show a study: its best trials and what differs in them."""
    study = opened(name, root, storage)
    if not as_json and study.attributes.found is not None:
        from tuning.experiments import running

        answer = running.again(study)
        if answer is not None:
            show_answer(answer, as_json=False)
            return
    show_summary(study.summary(), as_json)
