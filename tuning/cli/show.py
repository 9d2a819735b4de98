"""The command that shows a study."""

from tuning.cli.options import Json, Root, Storage, StudyName
from tuning.cli.preparation import opened
from tuning.cli.printing import show_summary


def show(name: StudyName = None, root: Root = None, storage: Storage = None, as_json: Json = False) -> None:
    """Show a study: its best trials and what differs in them."""
    show_summary(opened(name, root, storage).summary(), as_json)
