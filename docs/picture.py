"""Draws the picture of the README: `python docs/picture.py STUDY` after a sweep, in the folder that holds `runs/`."""

import os
import re
import sys
from pathlib import Path

from rich.console import Console

from tuning.report import study_report
from tuning.study import catalogue
from tuning.study.paths import Home

WIDTH = 88

home = Home.at(None)
summary = catalogue.opened(home, home.storage_url, sys.argv[1] if len(sys.argv) > 1 else None).summary()
with open(os.devnull, "w") as nowhere:
    console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
    console.print(study_report.study_report(summary, WIDTH), highlight=False)
# Without the fonts that it would fetch from elsewhere.
picture = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="make sweep"), flags=re.DOTALL)
# Whose folder it was is nobody's business.
picture = picture.replace(f"{Path.cwd()}/", "")
Path(__file__).with_name("sweep.svg").write_text(picture)
