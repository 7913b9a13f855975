# SPDX-License-Identifier: Apache-2.0
"""authd under measurement: its configuration as a dict of tables, and the gateways that it asks."""
import itertools
import json
import re
import signal
import time

from .stage import WORKERS, Failure, Server, binary, free_port
from .tokens import consumer_id, key, secret

_numbers = itertools.count()


def toml(tables):
    """Numbers, strings, booleans and lists of them, in tables or lists of tables."""
    lines = []
    for name, table in tables.items():
        for one in table if isinstance(table, list) else [table]:
            lines.append(f"[[{name}]]" if isinstance(table, list) else f"[{name}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in one.items()]
    return "\n".join(lines) + "\n"


def declarative(stage, consumers):
    """A gateway table over a file with that many consumers."""
    rows = "".join(f"- username: consumer-{n}\n  id: {consumer_id(n)}\n  jwt_secrets:\n"
                   f"  - key: {key(n)}\n    secret: {secret(n)}\n    algorithm: HS256\n" for n in range(consumers))
    path = stage.write(f"kong-{consumers}.yml", f'_format_version: "3.0"\nconsumers:\n{rows}')
    return {"plugin": "kong-declarative", "file": path, "watch": False}


class FakeKong(Server):
    """The tests' Kong, which knows every numbered consumer (tests/support/numbered_consumers.h)."""

    TRAFFIC = re.compile(r"was asked for (\d+) lists, (\d+) creates, (\d+) probes")

    def traffic(self):
        """What it has been asked for so far: lists, creates, probes."""
        known = len(self.TRAFFIC.findall(self.said()))
        self.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 10
        while len(found := self.TRAFFIC.findall(self.said())) == known:
            if time.monotonic() > deadline:
                raise Failure("fake-kong does not say what it was asked for")
            time.sleep(0.005)
        return dict(zip(("lists", "creates", "probes"), map(int, found[-1])))


def start_fake_kong(stage, delay_ms=0):
    port = free_port()
    return stage.start("fake-kong", [binary("fake-kong"), "--port", str(port), "--delay-ms", str(delay_ms)], port,
                       kind=FakeKong)


def through(kong, pool_size=10):
    return {"plugin": "kong-gateway", "admin_url": f"http://127.0.0.1:{kong.port}", "pool_size": pool_size}


def memory(max_entries, **more):
    return {"plugin": "cache-memory", "max_entries": max_entries, "ttl": "24h", **more}


def start_authd(stage, gateway, tiers, stdout=None, **tables):
    """`tables` come on top: server={...}, telemetry={...}. Access log and audit trail off unless asked for."""
    port = free_port()
    given = {"server": {"environment": "test", "port": port, "reactors": WORKERS, "max_connections": 20_000},
             "jwt": {"authority": "https://auth.example.com", "audience": "https://api.example.com"},
             "gateway": gateway, "cache": tiers, "telemetry": {"access_log": "off", "audit": False}}
    for name, table in tables.items():
        given[name] = {**given.get(name, {}), **table}
    config = stage.write(f"authd-{next(_numbers)}.toml", toml(given))
    return stage.start("authd", [binary("authd"), "--config", config], port, stdout)
