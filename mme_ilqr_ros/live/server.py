"""Serves the page and carries messages between it and a source; on this machine only.

The page of another origin must not drive the robot: the address has a token that only the person
who started the server knows, and the socket is refused where it, the host or the origin is another.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files

from aiohttp import WSMsgType, web

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.live.commands import LONGEST, parse
from mme_ilqr_ros.live.source import Message, Source

LOOPBACK = "127.0.0.1"
HOSTS = (LOOPBACK, "localhost")
PAGE = files("mme_ilqr_ros.live") / "page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
MOST_WAITING = 60  # messages to a page that does not keep up, before frames are left out
MOST_PAGES = 8
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """One source and the pages that show it.

    Args:
        source: What is shown; it is called from one thread of the server's.
        port: To listen on; 0 for any that is free.
        token: Who knows it may look and drive; None for a new one.
    """

    def __init__(self, source: Source, port: int = 0, token: str | None = None) -> None:
        self._source, self._port = source, port
        self._token = token or secrets.token_urlsafe(16)
        self._pages: dict[web.WebSocketResponse, asyncio.Queue[str]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live")
        self._log = logging.getLogger(__name__)

    @property
    def url(self) -> str:
        """Address of the page, once it is served."""
        return f"http://{LOOPBACK}:{self._port}/?token={self._token}"

    async def serve(self, ready: Callable[[str], None] | None = None) -> None:
        """Serve until it is cancelled.

        Args:
            ready: Called with the address when pages can be opened.

        Raises:
            InputError: The port is taken.
        """
        app = web.Application(middlewares=[self._guarded])
        app.add_routes([web.get("/socket", self._socket), web.get("/{name:.*}", _file)])
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            site = web.TCPSite(runner, LOOPBACK, self._port)
            try:
                await site.start()
            except OSError as error:
                raise InputError(f"--port {self._port}: {error.strerror or error}") from error
            self._port = runner.addresses[0][1]
            if ready is not None:
                ready(self.url)
            await self._keep_going()
        finally:
            for page in list(self._pages):
                await page.close()
            await runner.cleanup()
            self._thread.shutdown(wait=True)

    async def _keep_going(self) -> None:
        """Let the source go on, a period at a time, while there is a page that shows it."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if self._pages:
                self._show(await self._ask(self._source.advance))
            due = max(due + self._source.period, loop.time())  # what is late is not made up for
            await asyncio.sleep(due - loop.time())

    async def _ask(self, question: Callable[[], Sequence[Message]]) -> Sequence[Message]:
        """Return what the source answers; a failure is said to all and ends nothing."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, question)
        except InputError:
            raise
        except Exception as error:
            self._log.exception("the live view goes on after an error")
            return [_said(f"failed: {type(error).__name__}: {error}"[:300])]

    def _show(self, messages: Iterable[Message]) -> None:
        texts = [_text(message) for message in messages]
        for waiting in self._pages.values():
            for text in texts:
                if waiting.qsize() < MOST_WAITING:
                    waiting.put_nowait(text)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what does not come from the page itself, at its own address."""
        here = {f"{host}:{self._port}" for host in HOSTS}
        if request.headers.get("Host") not in here:
            raise web.HTTPForbidden(text="this address is not the live view's\n")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in here}:
            raise web.HTTPForbidden(text="another page may not use the live view\n")
        needs_token = request.path in ("/", "/socket")
        given = request.query.get("token", "").encode("utf-8", "replace")
        if needs_token and not hmac.compare_digest(given, self._token.encode()):
            raise web.HTTPForbidden(text="open the address that the command printed: ?token=...\n")
        if request.path == "/socket" and origin is None:
            raise web.HTTPForbidden(text="the socket is for the page of the live view\n")
        return await handler(request)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        """Talk to one page until it is closed."""
        if len(self._pages) >= MOST_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MOST_PAGES} pages are open already\n")
        page = web.WebSocketResponse(max_msg_size=4 * LONGEST, heartbeat=20.0)
        await page.prepare(request)
        waiting: asyncio.Queue[str] = asyncio.Queue()
        for message in await self._ask(self._source.opening):
            waiting.put_nowait(_text(message))
        self._pages[page] = waiting
        sender = asyncio.create_task(_send(page, waiting))
        try:
            async for received in page:
                if received.type is WSMsgType.TEXT:
                    await self._obey(received.data, waiting)
                else:
                    waiting.put_nowait(_text(_said("a command must be text")))
        finally:
            del self._pages[page]
            sender.cancel()
        return page

    async def _obey(self, text: str, waiting: asyncio.Queue[str]) -> None:
        """Do what a page asks for; what is wrong with it is said to that page in one line."""
        try:
            command = parse(text)
            self._show(await self._ask(partial(self._source.take, command)))
        except InputError as error:
            waiting.put_nowait(_text(_said(str(error)[:300])))


async def _send(page: web.WebSocketResponse, waiting: asyncio.Queue[str]) -> None:
    with contextlib.suppress(ConnectionError):  # the page was closed
        while True:
            await page.send_str(await waiting.get())


async def _file(request: web.Request) -> web.StreamResponse:
    """Return one of the page's own files."""
    name = request.match_info["name"] or "index.html"
    known = {entry.name: entry for entry in PAGE.iterdir() if entry.is_file()}
    if name not in known:
        raise web.HTTPNotFound(text="there is no such file\n", headers=HEADERS)
    kind = TYPES.get(name[name.rindex(".") :], "text/plain")
    return web.Response(text=known[name].read_text("utf-8"), content_type=kind, headers=HEADERS)


def _said(line: str) -> Message:
    return {"kind": "said", "line": line}


def _text(message: Message) -> str:
    return json.dumps(message, separators=(",", ":"), allow_nan=False)
