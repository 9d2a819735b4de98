"""The command that lists the studies."""

import json

from tuning.cli.options import Json, Root, Storage
from tuning.cli.printing import out
from tuning.study.paths import Home


def list_studies(root: Root = None, storage: Storage = None, as_json: Json = False) -> None:
    """List the studies, the newest last."""
    from tuning.report import study_list
    from tuning.study import catalogue

    home = Home.at(root)
    url = home.storage(storage)
    summaries = [study.summary() for study in catalogue.every(home, url)]
    if as_json:
        print(json.dumps([study_list.as_json(each) for each in summaries]))
    elif summaries:
        out.print(study_list.table(summaries), highlight=False)
    else:
        line = f"There are no studies in {catalogue.place(home, url)}."
        out.print(line, highlight=False, markup=False, soft_wrap=True)
