# SPDX-License-Identifier: Apache-2.0
"""Stands between a proxy and authd, one connection for one, and keeps what either side sent."""
import socket
import threading


class Connection:
    def __init__(self, proxy, authd):
        self.sent = b""  # by the proxy
        self.received = b""  # from authd
        self.proxy, self.authd = proxy, authd
        self.pumps = [threading.Thread(target=self.pump, args=arguments, daemon=True)
                      for arguments in ((proxy, authd, "sent"), (authd, proxy, "received"))]

    def start(self):
        for pump in self.pumps:
            pump.start()

    def pump(self, source, target, kept):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                setattr(self, kept, getattr(self, kept) + data)
                target.sendall(data)
        except OSError:
            pass  # the other side is gone
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def join(self):
        for pump in self.pumps:
            pump.join(30)
            if pump.is_alive():
                raise AssertionError("a connection to authd did not end")
        self.proxy.close()
        self.authd.close()


class Relay:
    """Listens at a path."""

    def __init__(self, path, authd_port):
        self.authd = ("127.0.0.1", authd_port)
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(64)
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                proxy, _ = self.listener.accept()
            except OSError:
                return
            authd = socket.create_connection(self.authd)
            authd.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(Connection(proxy, authd))
            self.connections[-1].start()

    def close(self):
        """When the proxy has ended."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.listener.close()
        for connection in self.connections:
            connection.join()
