# SPDX-License-Identifier: Apache-2.0
"""Sends bytes as they are and reads to the end of what comes back."""
import socket

DEADLINE_S = 30


def exchange(address, pieces, says_end=True):
    """All that came back. `address` is a port of this machine or the path of a Unix socket. `says_end`: whether the
    server learns that nothing follows the pieces; else it has to end the connection itself."""
    family, place = (socket.AF_UNIX, address) if isinstance(address, str) else (socket.AF_INET, ("127.0.0.1", address))
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(DEADLINE_S)
        client.connect(place)
        if family == socket.AF_INET:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                client.sendall(piece)
            if says_end:
                client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was refused before it was sent
        received = b""
        try:
            while True:
                piece = client.recv(65536)
                if not piece:
                    return received
                received += piece
        except ConnectionError:
            return received
