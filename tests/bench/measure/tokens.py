# SPDX-License-Identifier: Apache-2.0
"""Asking over plain sockets, and checking what came: status, signature, a jti that was never seen before."""
import base64
import hashlib
import hmac
import json
import random
import socket

from .stage import Failure


def consumer_id(number):
    return f"5eed0000-0000-4000-8000-{number:012x}"


def key(number):
    """As long as the keys that Kong makes up: a tier's memory depends on it."""
    return f"key-{number:028d}"


def secret(number):
    return f"secret-{number:032d}"


def newcomer_id(number):
    """Of a consumer without a credential."""
    return f"5eed0000-0000-4000-9000-{number:012x}"


def request_of(path, consumer, username, bearer=None, accept=None):
    lines = [f"GET {path} HTTP/1.1", "Host: bench", f"X-Consumer-ID: {consumer}", f"X-Consumer-Username: {username}"]
    if bearer:
        lines.append(f"Authorization: Bearer {bearer}")
    if accept:
        lines.append(f"Accept: {accept}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def request(path, number, bearer=None, accept=None):
    return request_of(path, consumer_id(number), f"consumer-{number}", bearer, accept)


def newcomer_request(path, number):
    return request_of(path, newcomer_id(number), f"newcomer-{number}")


class Client:
    """One kept connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.reader.close()
        self.socket.close()

    def send(self, path, number, bearer=None, accept=None):
        self.socket.sendall(request(path, number, bearer, accept))

    def receive(self):
        """Status, head without its last empty line, and body, as text."""
        head = []
        while (line := self.reader.readline()) not in (b"\r\n", b""):
            head.append(line.decode().rstrip("\r\n"))
        if not head:
            raise Failure("a connection was closed instead of answered")
        length = next(int(h.split(":")[1]) for h in head if h.lower().startswith("content-length:"))
        return int(head[0].split()[1]), "\r\n".join(head), self.reader.read(length).decode()

    def ask(self, path, number, bearer=None, accept=None):
        self.send(path, number, bearer, accept)
        return self.receive()


def checked_token(status, body, number):
    """The token and its jti, once its signature has been verified."""
    if status != 200:
        raise Failure(f"consumer {number} got {status} instead of a token: {body[:300]}")
    token = json.loads(body)["access_token"]
    head, payload, signature = token.split(".")
    mac = hmac.new(secret(number).encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
    if base64.urlsafe_b64encode(mac).rstrip(b"=").decode() != signature:
        raise Failure(f"a wrong signature for consumer {number}")
    return token, json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"]


class Inspector:
    """Samples the answers of a server between its loads."""

    def __init__(self):
        self.seen = set()

    def tokens(self, server, consumers, count=100):
        """{number: token} of some consumers of range(consumers)."""
        found = {}
        with Client(server.port) as client:
            for number in random.sample(range(consumers), min(count, consumers)):
                status, _, body = client.ask("/tokens", number)
                found[number], jti = checked_token(status, body, number)
                self.note(jti)
        return found

    def note(self, jti):
        if jti in self.seen:
            raise Failure(f"jti {jti} came twice")
        self.seen.add(jti)

    def validations(self, server, tokens):
        with Client(server.port) as client:
            for number, token in tokens.items():
                status, _, body = client.ask("/tokens/validate", number, token)
                if status != 200 or json.loads(body).get("valid") is not True:
                    raise Failure(f"a token of consumer {number} was not valid: {status} {body[:300]}")


def warm_up(server, consumers, connections=16):
    """Asks once for each of range(consumers), so that the tiers hold them all, and checks every 97th."""
    inspector = Inspector()
    clients = [Client(server.port) for _ in range(connections)]
    try:
        for start in range(0, consumers, connections):
            batch = list(zip(clients, range(start, min(consumers, start + connections))))
            for client, number in batch:
                client.send("/tokens", number)
            for client, number in batch:
                status, _, body = client.receive()
                if status != 200 or number % 97 == 0:
                    inspector.note(checked_token(status, body, number)[1])
    finally:
        for client in clients:
            client.__exit__()
