"""What carries messages: to this machine and its own page only, and whatever comes, it goes on."""

import asyncio
import json

import pytest

aiohttp = pytest.importorskip("aiohttp")

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.live.server import Server


class Counter:
    """A source that counts."""

    period = 0.01

    def __init__(self):
        self.count, self.taken = 0, []

    def opening(self):
        return [{"kind": "world", "name": "counter"}]

    def advance(self):
        self.count += 1
        return [{"kind": "frame", "count": self.count}]

    def take(self, command):
        if command.get("do") == "refuse":
            raise InputError("not today")
        if command.get("do") == "fail":
            raise ZeroDivisionError("division by zero")
        self.taken.append(command)
        return [{"kind": "text", "form": "yaml", "text": "done"}]


def with_server(talk):
    """Serve a counter, and talk with it: `talk(client, address, token, source)`."""

    async def run():
        source, ready = Counter(), asyncio.Event()
        server = Server(source)
        serving = asyncio.create_task(server.serve(lambda _: ready.set()))
        await ready.wait()
        address, _, token = server.url.partition("/?token=")
        try:
            async with aiohttp.ClientSession() as client:
                await asyncio.wait_for(talk(client, address, token, source), 10.0)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(run())


async def heard(socket, kind):
    """Return the next message of a kind."""
    while (message := json.loads(await socket.receive_str()))["kind"] != kind:
        pass
    return message


def test_the_page_and_its_files_are_served():
    async def talk(client, address, token, source):
        for path, kind in (("/", "text/html"), ("/view.js", "text/javascript")):
            async with client.get(f"{address}{path}?token={token}") as answer:
                assert (answer.status, answer.content_type) == (200, kind)
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
                assert "http://" not in (await answer.text()).replace("http://www.w3.org", "")
        async with client.get(f"{address}/../server.py") as answer:
            assert answer.status == 404

    with_server(talk)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/?token=wrong", {}),
        ("/?token=%FF", {}),
        ("/socket", {"Origin": "here"}),
        ("/socket?token=TOKEN", {}),
        ("/socket?token=TOKEN", {"Origin": "null"}),
        ("/socket?token=TOKEN", {"Origin": "http://example.org"}),
        ("/?token=TOKEN", {"Host": "example.org"}),
    ],
)
def test_nobody_else_gets_in(path, headers):
    async def talk(client, address, token, source):
        given = {k: address if v == "here" else v for k, v in headers.items()}
        async with client.get(f"{address}{path.replace('TOKEN', token)}", headers=given) as answer:
            assert answer.status == 403
            assert (await answer.text()).count("\n") == 1

    with_server(talk)


def test_whatever_a_page_sends_the_session_goes_on():
    async def talk(client, address, token, source):
        where = f"{address}/socket?token={token}"
        async with client.ws_connect(where, origin=address) as socket:
            assert (await heard(socket, "world"))["name"] == "counter"
            for sent, line in (
                ("{", "a command is not JSON"),
                ("[" * 1000, "a command is nested too deeply"),
                ("{}" * 15_000, "characters at most"),
                ('{"do": "refuse"}', "not today"),
                ('{"do": "fail"}', "failed: ZeroDivisionError"),
            ):
                await socket.send_str(sent)
                assert line in (await heard(socket, "said"))["line"]
            await socket.send_bytes(b"\0")
            assert "must be text" in (await heard(socket, "said"))["line"]
            await socket.send_str('{"do": "goal"}')
            assert (await heard(socket, "text"))["text"] == "done"
            count = (await heard(socket, "frame"))["count"]
            assert (await heard(socket, "frame"))["count"] > count
        assert source.taken == [{"do": "goal"}]

    with_server(talk)


def test_without_a_page_nothing_is_computed():
    async def talk(client, address, token, source):
        await asyncio.sleep(0.1)
        assert source.count == 0

    with_server(talk)


def test_a_port_that_is_taken_is_one_line():
    async def talk(client, address, token, source):
        port = int(address.rsplit(":", 1)[1])
        with pytest.raises(InputError, match=f"^--port {port}: "):
            await Server(Counter(), port).serve()

    with_server(talk)
