"""A Chromium without a window that opens pages, and says what they show and what their consoles say.

It is asked over its own protocol (https://chromedevtools.github.io/devtools-protocol), which aiohttp, that MLflow
brings along, is enough for.
"""

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

FOUND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"),
    # What frames say is heard only in the process of their page.
    "--disable-features=IsolateSandboxedIframes,IsolateOrigins,site-per-process",
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "about:blank"),
)
WIDTH, HEIGHT = 1600, 1000
PATIENCE_S = 240
"""How long a page may take to show what is waited for, on a machine that has much else to do."""


class Page:
    """The one page of a browser."""

    def __init__(self, runner: asyncio.Runner, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._runner, self._socket, self._asked = runner, socket, 0
        self.errors: list[str] = []
        """What was said on the console as an error, or thrown and not caught, since the page was opened."""
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        for method in ("Page.enable", "Runtime.enable", "Log.enable"):
            self._ask(method)
        self._ask("Emulation.setDeviceMetricsOverride", **size)

    def run_first(self, script: str) -> None:
        """Run a script in each page that is opened from now on, before its own."""
        self._ask("Page.addScriptToEvaluateOnNewDocument", source=script)

    def open(self, address: str) -> None:
        """Go to another address."""
        # An address that differs behind the # alone would not be loaded afresh.
        self._ask("Page.navigate", url="about:blank")
        self.errors.clear()
        self._ask("Page.navigate", url=address)

    def asked(self, expression: str) -> Any:
        """What an expression of JavaScript comes to in the page, as plain data."""
        found = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def awaited(self, expression: str) -> Any:
        """What an expression comes to as soon as that is true."""
        until = time.monotonic() + PATIENCE_S
        while not (found := self.asked(expression)):
            assert time.monotonic() < until, f"{expression} is never true; the page shows:\n{self.text[:3000]}"
            time.sleep(0.5)
        return found

    def awaited_text(self, *texts: str) -> None:
        """Wait until the page shows all of these."""
        self.awaited(f"{json.dumps(texts)}.every((each) => document.body?.innerText.includes(each))")

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return str(self.asked("document.body?.innerText ?? ''"))

    def shot(self, file: Path, **more: Any) -> None:
        """Keep a picture of what is to be seen."""
        file.write_bytes(base64.b64decode(self._ask("Page.captureScreenshot", format="png", **more)["data"]))

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self._runner.run(self._answer(method, params))

    async def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._asked += 1
        await self._socket.send_json({"id": self._asked, "method": method, "params": params})
        while True:
            said = await self._socket.receive_json(timeout=PATIENCE_S)
            if said.get("id") == self._asked:
                assert "error" not in said, said
                return dict(said["result"])
            self._note(said)

    def _note(self, said: dict[str, Any]) -> None:
        kind, told = said.get("method"), said.get("params", {})
        if kind == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(told["exceptionDetails"]))
        elif (kind == "Runtime.consoleAPICalled" and told["type"] == "error") or (
            kind == "Log.entryAdded" and told["entry"]["level"] == "error"
        ):
            self.errors.append(json.dumps(told))


@contextmanager
def page(folder: Path) -> Iterator[Page]:
    """A browser's page for as long as it is needed; folder: for what the browser keeps."""
    assert FOUND is not None
    command: Sequence[str] = [FOUND, f"--user-data-dir={folder}", *OPTIONS]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as browser:
        try:
            assert browser.stderr is not None
            port = next(line for line in browser.stderr if "listening on ws://" in line).split(":")[-1].split("/")[0]
            # Whatever else it says is of no interest, but must not fill the pipe.
            log = subprocess.Popen(["cat"], stdin=browser.stderr, stdout=subprocess.DEVNULL)
            with asyncio.Runner() as runner:
                session = runner.run(_session())
                try:
                    socket = runner.run(_connected(session, int(port)))
                    yield Page(runner, socket)
                finally:
                    runner.run(session.close())
        finally:
            browser.terminate()
            browser.wait(60)
            log.wait(60)


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


async def _connected(session: aiohttp.ClientSession, port: int) -> aiohttp.ClientWebSocketResponse:
    async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
        (target,) = [each for each in await answer.json() if each["type"] == "page"]
    return await session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0)
