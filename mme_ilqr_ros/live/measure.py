"""How much of a core the page costs beside the control that it shows."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from dataclasses import dataclass

import aiohttp

from mme_ilqr_ros.live.server import Server
from mme_ilqr_ros.live.session import Session

SETTLE = 1.0  # [s] before it is measured


@dataclass
class Cost:
    """What a live session cost.

    Attributes:
        seconds: How long it was measured [s].
        control: Processor time of the simulation and the control [s].
        whole: Processor time of the process [s].
        cycles: Control cycles.
    """

    seconds: float = 0.0
    control: float = 0.0
    whole: float = 0.0
    cycles: int = 0

    def __str__(self) -> str:
        """Say it in a few lines."""
        page = self.whole - self.control
        return (
            f"{self.cycles} control cycles in {self.seconds:.1f} s, one page open\n"
            f"simulation and control  {self.control / self.seconds:6.1%} of a core,"
            f" {1e3 * self.control / max(self.cycles, 1):.2f} ms a cycle\n"
            f"the page                {page / self.seconds:6.1%} of a core"
        )


def measure(session: Session, seconds: float) -> Cost:
    """Serve a session to a page in another process, which only listens, for some seconds."""
    return asyncio.run(_measure(session, seconds))


async def _measure(session: Session, seconds: float) -> Cost:
    server, ready = Server(session), asyncio.Event()
    serving = asyncio.create_task(server.serve(lambda _: ready.set()))
    await ready.wait()
    length = seconds + 3.0 * SETTLE
    context = multiprocessing.get_context("spawn")
    page = context.Process(target=_listen, args=(server.url, length), daemon=True)
    page.start()
    while session.run.cycles == 0 and page.is_alive():
        await asyncio.sleep(0.05)
    await asyncio.sleep(SETTLE)
    cost = await _between(session, seconds)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    page.join()
    return cost


async def _between(session: Session, seconds: float) -> Cost:
    run = session.run
    begin = time.perf_counter(), run.processor_time, time.process_time(), run.cycles
    await asyncio.sleep(seconds)
    end = time.perf_counter(), run.processor_time, time.process_time(), run.cycles
    elapsed, control, whole, cycles = (b - a for a, b in zip(begin, end, strict=True))
    return Cost(elapsed, control, whole, int(cycles))


def _listen(url: str, seconds: float) -> None:
    """Be a page that reads everything."""
    asyncio.run(_read(url, seconds))


async def _read(url: str, seconds: float) -> None:
    origin, _, query = url.partition("/?")
    until = time.monotonic() + seconds
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{origin}/socket?{query}", origin=origin) as socket,
    ):
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT or time.monotonic() > until:
                break
            json.loads(message.data)
