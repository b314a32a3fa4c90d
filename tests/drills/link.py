"""A line between the hub and PostgreSQL: slowed down, stopped, cut."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

PIECE = 65_536


class Link:
    """Listens on loopback and passes everything on to PostgreSQL's socket.

    `delay`: seconds that each piece takes, in either direction.
    """

    def __init__(self, socket_folder: Path, port: int = 5432) -> None:
        self.delay = 0.0
        self.port = 0
        self._socket = str(socket_folder / f".s.PGSQL.{port}")
        self._may_pass = asyncio.Event()
        self._may_pass.set()
        self._loop = asyncio.new_event_loop()
        self._flows: set[asyncio.Task[None]] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link")

    def stop(self) -> None:
        """Nothing arrives any more, and nobody is told."""
        self._loop.call_soon_threadsafe(self._may_pass.clear)

    def go_on(self) -> None:
        self._loop.call_soon_threadsafe(self._may_pass.set)

    def cut(self) -> None:
        """Every connection ends at once."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    def __enter__(self) -> Self:
        self._thread.start()
        serving = asyncio.start_server(self._connected, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        self.port = server.sockets[0].getsockname()[1]
        self._server = server
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.go_on()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _connected(self, hub: asyncio.StreamReader, to_hub: asyncio.StreamWriter) -> None:
        if (connection := asyncio.current_task()) is not None:
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)
        try:
            postgres, to_postgres = await asyncio.open_unix_connection(self._socket)
        except OSError:  # it is being restarted
            await _close(to_hub)
            return
        flows = {
            asyncio.create_task(self._pass(hub, to_postgres)),
            asyncio.create_task(self._pass(postgres, to_hub)),
        }
        self._flows |= flows
        try:
            await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for flow in flows:
                flow.cancel()
            await asyncio.gather(*flows, return_exceptions=True)
            self._flows -= flows
            await _close(to_hub)
            await _close(to_postgres)

    async def _pass(self, reading: asyncio.StreamReader, writing: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reading.read(PIECE):
                await asyncio.sleep(self.delay)
                await self._may_pass.wait()
                writing.write(piece)
                await writing.drain()

    async def _cut(self) -> None:
        for flow in list(self._flows):
            flow.cancel()
        await asyncio.sleep(0)

    async def _end(self) -> None:
        """Nothing of it stays behind, or it would be found in the middle of another test."""
        self._server.close()
        while self._connections:
            await self._cut()
            await asyncio.wait(self._connections, timeout=1)


async def _close(writing: asyncio.StreamWriter) -> None:
    writing.close()
    with suppress(OSError):
        await writing.wait_closed()
