# SPDX-License-Identifier: Apache-2.0
"""Requests that are sent when their time has come, whatever became of those before: what many clients that know
nothing of each other offer. wrk cannot: each of its connections waits for its answer first.

One thread and an event loop: some hundred requests a second, of which any number may be under way.
"""
import asyncio
import dataclasses
import json
import time

from .stage import Failure


@dataclasses.dataclass
class Answer:
    at: float  # when it came, in s since the load began
    ms: float
    status: int
    code: str  # of a problem; empty: none


def parse(head, body):
    """Status and problem code."""
    status = int(head[9:12])
    return status, ("" if status == 200 else json.loads(body).get("code", ""))


def length_of(head):
    lines = head.lower().split("\r\n")
    return next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))


class Connections:
    """Kept connections: as many as there are requests under way."""

    def __init__(self, port):
        self.port, self.idle = port, []

    async def ask(self, request):
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        body = await reader.readexactly(length_of(head))
        self.idle.append((reader, writer))
        return parse(head, body)

    def close(self):
        for _, writer in self.idle:
            writer.close()


class OpenLoop:
    def __init__(self, port, requests):
        """`requests`: an iterator of whole requests."""
        self.connections, self.requests, self.answers = Connections(port), requests, []

    async def ask(self):
        sent = time.monotonic()
        status, code = await self.connections.ask(next(self.requests))
        now = time.monotonic()
        self.answers.append(Answer(now - self.begin, (now - sent) * 1000, status, code))

    async def pace(self, offered, seconds):
        """In even steps: so that at the capacity itself nobody has to wait, and what is refused is a mistake."""
        tasks = []
        for number in range(round(offered * seconds)):
            await asyncio.sleep(max(0, self.begin + number / offered - time.monotonic()))
            tasks.append(asyncio.create_task(self.ask()))
        await asyncio.gather(*tasks)

    async def close_loop(self, clients, seconds):
        async def client():
            while time.monotonic() < self.begin + seconds:
                await self.ask()
        await asyncio.gather(*(client() for _ in range(clients)))

    def run(self, load):
        """`load`: a coroutine of this loop's. Returns all answers; one that does not come ends the measurement."""
        async def bounded():
            self.begin = time.monotonic()
            try:
                await asyncio.wait_for(load, 120)
            except (asyncio.TimeoutError, OSError, EOFError) as failure:
                raise Failure(f"a request was not answered: {failure!r}") from failure
            finally:
                self.connections.close()
        asyncio.run(bounded())
        return self.answers
