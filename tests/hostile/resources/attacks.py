# SPDX-License-Identifier: Apache-2.0
"""A crowd of hostile clients: attacks.py ATTACK PORT CONNECTIONS [ADDRESSES]

Says "ready" when all connections are what the attack wants, or authd has closed as many as that, goes on until its
stdin ends, and then prints an object of what it did. Connections that authd closes are opened again.
"""
import collections
import errno
import itertools
import json
import os
import resource
import select
import socket
import ssl
import sys
import threading
import time

from key_updates import Client, OpenSSL

CONSUMER = b"Host: authd.test\r\nX-Consumer-ID: attacker\r\nX-Consumer-Username: attacker\r\n"
WHOLE = b"GET /tokens HTTP/1.1\r\n" + CONSUMER + b"\r\n"
OPENING = 256  # connections that are being opened at a time
SOURCES = 200  # addresses that they come from: a single one has too few ports
TICK_S = 0.5
BATCH = 2000  # KeyUpdates that are sent at once


def client_hello():
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        context.wrap_bio(theirs, ours).do_handshake()
    except ssl.SSLWantReadError:
        return ours.read()
    raise AssertionError("a handshake without a server")


class Attack:
    """Does nothing: holds connections that are open."""

    reads = True  # what authd sends

    def begin(self):
        """What a connection sends first."""
        return b""

    def drip(self):
        """What it sends in each tick."""
        return b""

    def answered(self, data):
        """What it sends when it has read `data`."""
        return b""


class Slowloris(Attack):
    def begin(self):
        return b"GET /tokens HTTP/1.1\r\n" + CONSUMER

    def drip(self):
        return b"X-A: b\r\n"


class HalfHeads(Attack):
    """Heads without their end."""

    def begin(self):
        return b"GET /tokens HTTP/1.1\r\n" + CONSUMER + b"X-A: " + 7000 * b"b"


class SlowBodies(Attack):
    """Bodies for a route that takes one, all but the end at once and then a byte at a time."""

    def begin(self):
        return b"POST /debug/metrics/test HTTP/1.1\r\n" + CONSUMER + b"Content-Length: 4096\r\n\r\n" + 3000 * b" "

    def drip(self):
        return b" "


class SlowReaders(Attack):
    """Ask for the API document again and again and read none."""

    reads = False

    def begin(self):
        return 500 * (b"GET / HTTP/1.1\r\n" + CONSUMER + b"\r\n")


class Idle(Attack):
    def begin(self):
        return WHOLE


class Pipelining(Attack):
    """500 requests at once, and another for each answer."""

    def begin(self):
        return 500 * WHOLE

    def answered(self, data):
        return data.count(b"HTTP/1.1 200") * WHOLE


class Hellos(Attack):
    """A whole ClientHello, to which authd answers with its certificate, and no more."""

    def __init__(self):
        self.hello = client_hello()

    def begin(self):
        return self.hello


class HalfHellos(Hellos):
    def begin(self):
        return self.hello[:len(self.hello) // 2]


class Crowd:
    def __init__(self, attack, port, size, sources):
        self.attack, self.port, self.size = attack, port, size
        self.poll = select.epoll()
        self.sockets = {}  # by descriptor
        self.pending = {}  # by descriptor: bytes that are not sent yet
        self.opening = set()
        self.sources = itertools.cycle(f"127.0.1.{n}" for n in range(1, sources + 1))
        self.counts = collections.Counter()
        self.most = 0
        self.is_ready = False

    def open_one(self):
        client = socket.socket()
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        if not self.attack.reads:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.bind((next(self.sources), 0))
        if client.connect_ex(("127.0.0.1", self.port)) not in (0, errno.EINPROGRESS):
            self.counts["not opened"] += 1
            client.close()
            return
        self.sockets[client.fileno()] = client
        self.opening.add(client.fileno())
        self.poll.register(client.fileno(), select.EPOLLOUT)

    def close_one(self, number):
        self.opening.discard(number)
        self.pending.pop(number, None)
        self.sockets.pop(number).close()
        self.counts["closed by authd"] += 1

    def send(self, number, data):
        data = self.pending.pop(number, b"") + data
        try:
            sent = self.sockets[number].send(data) if data else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close_one(number)
            return
        self.counts["bytes sent"] += sent
        if sent < len(data):
            self.pending[number] = data[sent:]
        events = (select.EPOLLIN if self.attack.reads else 0) | (select.EPOLLOUT if sent < len(data) else 0)
        self.poll.modify(number, events)

    def read(self, number):
        try:
            data = self.sockets[number].recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close_one(number)
            return
        self.counts["answers"] += data.count(b"HTTP/1.1 ")
        self.counts["bytes read"] += len(data)
        more = self.attack.answered(data)
        if more:
            self.send(number, more)

    def handle(self, number, events):
        if number not in self.sockets:
            return
        if events & (select.EPOLLERR | select.EPOLLHUP):
            self.close_one(number)
        elif number in self.opening:
            self.opening.discard(number)
            self.counts["opened"] += 1
            self.send(number, self.attack.begin())
        elif events & select.EPOLLOUT:
            self.send(number, b"")
        elif events & select.EPOLLIN:
            self.read(number)

    def run(self, ended):
        next_tick = time.monotonic() + TICK_S
        while not ended():
            while len(self.sockets) < self.size and len(self.opening) < OPENING:
                self.open_one()
            for number, events in self.poll.poll(0.05):
                self.handle(number, events)
            held = len(self.sockets) - len(self.opening)
            self.most = max(self.most, held)
            if not self.is_ready and (held == self.size or self.counts["opened"] > 2 * self.size):
                self.is_ready = True
                print("ready", flush=True)
            if time.monotonic() >= next_tick:
                next_tick += TICK_S
                drip = self.attack.drip()
                for number in [n for n in self.sockets if drip and n not in self.opening]:
                    self.send(number, drip)
        return {"connections": self.most, **self.counts}


def handshakes(port, threads, ended):
    """Whole handshakes, one after the other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    done = collections.Counter()

    def repeat():
        while not ended():
            try:
                with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain):
                    done["handshakes"] += 1
            except OSError:
                done["failed"] += 1
    running = [threading.Thread(target=repeat) for _ in range(threads)]
    for thread in running:
        thread.start()
    print("ready", flush=True)
    for thread in running:
        thread.join()
    return {"connections": threads, **done}


def key_updates(port, clients, ended):
    """Thousands of KeyUpdates at a time, and no request."""
    openssl = OpenSSL()
    done = collections.Counter()
    first = threading.Barrier(clients + 1)

    def repeat():
        client = Client(openssl, port)
        data = client.key_updates(BATCH)
        first.wait()
        while not ended():
            try:
                client.socket.sendall(data)
                done["key updates"] += BATCH
                data = client.key_updates(BATCH)
            except OSError:
                done["closed by authd"] += 1
                client.close()
                client = Client(openssl, port)
                data = client.key_updates(BATCH)
    for _ in range(clients):
        threading.Thread(target=repeat, daemon=True).start()
    first.wait()
    print("ready", flush=True)
    while not ended():
        time.sleep(0.05)  # beside threads that do the work
    return {"connections": clients, **done}


CROWDS = {"slowloris": Slowloris, "half-heads": HalfHeads, "slow-bodies": SlowBodies, "slow-readers": SlowReaders,
          "idle": Idle, "pipelining": Pipelining, "tls-half-hellos": HalfHellos, "tls-hellos": Hellos}
OTHERS = {"tls-handshakes": handshakes, "tls-key-updates": key_updates}


def main(name, port, count, sources=SOURCES):
    resource.setrlimit(resource.RLIMIT_NOFILE, 2 * resource.getrlimit(resource.RLIMIT_NOFILE)[1:])
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    if name in CROWDS:
        did = Crowd(CROWDS[name](), int(port), int(count), int(sources)).run(over.is_set)
    else:
        did = OTHERS[name](int(port), int(count), over.is_set)
    print(json.dumps(did), flush=True)
    os._exit(0)  # all connections at once, without a farewell


if __name__ == "__main__":
    main(*sys.argv[1:])
