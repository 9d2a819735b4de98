"""The page of a study in a real browser: everything is drawn, and nothing is said on its console."""

import re
import shutil
import subprocess
from pathlib import Path

import made_study
import pytest

from tuning.report.study_page import study_page

BROWSER = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), None)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chrome or Chromium on this machine")
@pytest.mark.parametrize("sandbox", ["", 'sandbox="allow-scripts"'])
def test_every_plot_is_drawn(tmp_path: Path, sandbox: str) -> None:
    """Also in the frame in which MLflow shows it, which has scripts and nothing else."""
    page = study_page(made_study.material(made_study.confirmed(made_study.study())))
    text = page.as_html()
    if sandbox:
        told = "<script>addEventListener('load', () => setInterval(() => document.documentElement.dataset.drawn && "
        told += "parent.postMessage(document.querySelectorAll('.main-svg').length, '*'), 100))</script>"
        inner = (text + told).replace("&", "&amp;").replace('"', "&quot;")
        text = f"""<script>addEventListener("message", (each) => (document.title = `drawn ${{each.data}}`))</script>
            <iframe {sandbox} width="1200" height="800" srcdoc="{inner}"></iframe>"""
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    said = browsed(tmp_path)
    assert not re.findall(r"CONSOLE.*(?:rror|Refused)", said.stderr), said.stderr
    if sandbox:
        drawn = re.search(r"<title>drawn (\d+)</title>", said.stdout)
        assert drawn is not None, said.stderr
        assert int(drawn[1]) >= len(page.plots)
    else:
        assert f'data-drawn="{len(page.plots)}"' in said.stdout
        for plot in page.plots:
            assert re.search(rf'<div id="{plot.name}"[^>]*js-plotly-plot', said.stdout), plot.name


def browsed(folder: Path) -> subprocess.CompletedProcess[str]:
    """What a browser makes of page.html in this folder, and what it says."""
    options = ["--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    options += ["--disable-component-update", "--disable-sync", f"--user-data-dir={folder / 'browser'}"]
    # A frame in a process of its own would not be waited for.
    options += [
        "--disable-features=IsolateSandboxedIframes",
        "--enable-unsafe-swiftshader",
        "--enable-logging=stderr",
        "--virtual-time-budget=60000",
        "--dump-dom",
    ]
    command = [str(BROWSER), *options, f"file://{folder / 'page.html'}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
