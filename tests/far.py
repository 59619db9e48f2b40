"""The practice exchange as if it were far away: TLS 1.3, and every round trip takes a while. A process of its own.

`python -m tests.far FILE` writes the certificates to trust to FILE and prints its loopback port. For each line that it
is sent it prints JSON: how many connections there were since the last one, and the most round trips that one took.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

from palma_wizard.practice import PracticeExchange
from tests.servers import Authority

HOST = "api.hitbtc.com"
TRIP = 0.1
"""Seconds of a round trip."""
_SIZE = 65536


class Road:
    """Half a round trip each way. On loopback a connection is there at once: its first bytes wait for TCP's as well."""

    def __init__(self) -> None:
        self.connections = self.most = 0

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter, far_port: int) -> None:
        self.connections += 1
        far, there = await asyncio.open_connection("127.0.0.1", far_port)
        trips, asked = 1, False

        def asks() -> None:
            nonlocal asked
            asked = True

        def answers() -> None:
            nonlocal trips, asked
            trips, asked = trips + asked, False
            self.most = max(self.most, trips)

        opened = asyncio.get_running_loop().time() + TRIP
        await asyncio.gather(_carry(near, there, asks, opened), _carry(far, back, answers, 0.0))


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, note, opened: float) -> None:  # type: ignore[no-untyped-def]
    clock = asyncio.get_running_loop().time
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        data = b"?"
        while data:
            due, data = await under_way.get()
            await asyncio.sleep(due - clock())
            target.write(data)
        target.close()

    delivering = asyncio.create_task(deliver())
    data = b"?"
    while data:
        try:
            data = await source.read(_SIZE)
        except ConnectionError:
            data = b""
        if data:
            note()
        under_way.put_nowait((max(clock(), opened) + TRIP / 2, data))
    await delivering


async def _open_tls(near: asyncio.StreamReader, back: asyncio.StreamWriter, exchange: str) -> None:
    """Speaks for the exchange, which answers to its own name alone."""
    far, there = await asyncio.open_connection("127.0.0.1", urlsplit(exchange).port)

    async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(_SIZE):
            target.write(re.sub(rb"(?im)^Host: .*\r$", f"Host: {urlsplit(exchange).netloc}\r".encode(), data))
        target.close()

    await asyncio.gather(pass_on(near, there), pass_on(far, back), return_exceptions=True)


def certified(certificates: Path) -> ssl.SSLContext:
    """By an authority that is written there, among those of the system: reading so many takes its time as well."""
    authority = Authority()
    usual = Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt").read_bytes()
    certificates.write_bytes(usual + authority.ca.cert_pem.bytes())
    tls = authority.serving(HOST)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    return tls


async def serve(exchange: str, tls: ssl.SSLContext) -> None:
    end = await asyncio.start_server(lambda near, back: _open_tls(near, back, exchange), "127.0.0.1", 0, ssl=tls)
    road = Road()
    far_port = end.sockets[0].getsockname()[1]
    start = await asyncio.start_server(lambda near, back: road.carry(near, back, far_port), "127.0.0.1", 0, backlog=128)
    print(start.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps({"connections": road.connections, "trips": road.most}), flush=True)
        road.connections = road.most = 0
    os._exit(0)  # whatever is still on the road


if __name__ == "__main__":
    with PracticeExchange() as practice:
        asyncio.run(serve(practice.url, certified(Path(sys.argv[1]))))
