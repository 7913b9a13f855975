# SPDX-License-Identifier: Apache-2.0
"""An OpenTelemetry collector that reads what it is sent and answers as it is told: collector.py PORT BEHAVIOUR.

It decodes nothing: that what is sent can be decoded is for tests, and this shares the processors with the measured.
"""
import asyncio
import sys

ANSWERS = {
    "ok": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "503": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "429": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    "garbage": b"\x16\x03\x01garbage\r\n\r\n",
    "hangs": None,
}


def length_of(head):
    lines = head.decode("latin-1").lower().split("\r\n")
    return next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)


async def serve(reader, writer, answer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(length_of(head))
            if answer is None:
                await asyncio.sleep(3600)
            writer.write(answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def run(port, behaviour):
    server = await asyncio.start_server(lambda r, w: serve(r, w, ANSWERS[behaviour]), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), sys.argv[2]))
