# SPDX-License-Identifier: Apache-2.0
"""Clients that leave in the middle of a request: whatever authd had of it by then, it serves the next client."""
import os
import socket
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "smuggling"))
# pylint: disable=wrong-import-position
from authd_process import Authd
from proxies import GATEWAY, HAProxy, program
from raw_client import exchange

FIRST = "GET /tokens HTTP/1.1\r\nHost: authd.test\r\n"
ORDERLY = f"{FIRST}X-Consumer-ID: {GATEWAY}\r\nX-Consumer-Username: {GATEWAY}\r\nConnection: close\r\n\r\n".encode()
SIZES = (100, 8000, 8192, 9000, 12000, 16000)  # around the buffers of a connection, up to server.header_limit


def half_head(size):
    return (FIRST + "X-A: " + size * "b").encode()


def half_body(size):
    return (FIRST + "X-A: " + (size - 100) * "b" + "\r\nContent-Length: 100\r\n\r\nhalf").encode()


def half_chunk(size):
    return (FIRST + "X-A: " + (size - 100) * "b" + "\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf").encode()


class Abandoned(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.authd = self.enterContext(Authd(self.folder, [GATEWAY], reactors=1))

    def leave(self, place, data, reset):
        with socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET) as client:
            client.connect(place)
            client.sendall(data)
            if reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def check(self, place, address, data, reset):
        for _ in range(3):
            self.leave(place, data, reset)
        try:
            answers = [exchange(address, [ORDERLY]) for _ in range(10)]
        except OSError as error:
            answers = [repr(error).encode()]
        what = f"after {len(data)} bytes, {data[-60:]!r}, and {'RST' if reset else 'FIN'}"
        for answer in answers:
            self.assertIn(b" 200 OK", answer, what)

    def check_all(self, begin):
        for size in SIZES:
            for reset in (False, True):
                self.check(("127.0.0.1", self.authd.port), self.authd.port, begin(size), reset)
        self.assertEqual(self.authd.stop(), 0)

    def test_in_the_middle_of_a_head(self):
        self.check_all(half_head)

    def test_in_the_middle_of_a_body(self):
        self.check_all(half_body)

    def test_in_the_middle_of_a_chunk(self):
        self.check_all(half_chunk)

    @unittest.skipUnless(program("haproxy"), "there is no haproxy: script/bootstrap test")
    def test_behind_a_proxy_that_does_not_wait_for_the_body(self):
        class Direct(HAProxy):
            def configure(self, authd_path, **faults):
                return super().configure(authd_path, **faults).replace(f"unix@{authd_path}", authd_path)

        with Direct(self.folder, f"127.0.0.1:{self.authd.port}") as proxy:
            for size in SIZES[:-1]:
                self.check(proxy.address, proxy.address, half_body(size), False)


if __name__ == "__main__":
    unittest.main()
