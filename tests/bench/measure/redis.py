# SPDX-License-Identifier: Apache-2.0
"""Real Redis servers: one, or a cluster of three masters. Nothing of them reaches a disk but a cluster's map."""
import os
import re
import socket
import subprocess
import time

from .stage import Failure, free_port, program


def start_server(stage, *arguments):
    port = free_port()
    folder = stage.path(f"redis-{port}")
    os.mkdir(folder)
    return stage.start("redis", [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                                 "--appendonly", "no", *arguments], port)


def ask(server, command):
    """The text of a bulk or simple answer to an inline command."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s, s.makefile("rb") as reader:
        s.sendall(command.encode() + b"\r\n")
        head = reader.readline().decode()
        if head.startswith("$"):
            return reader.read(int(head[1:])).decode()
        return head[1:].strip()


def reads(server):
    """How many values it has been asked for, by its own count: each script of the tier looks at its key by GETRANGE as well."""
    stats = ask(server, "INFO commandstats")

    def count(command, what):
        found = re.search(rf"cmdstat_{command}:.*?\b{what}=(\d+)", stats)
        return int(found[1]) if found else 0

    scripts = sum(count(verb, "calls") - count(verb, "failed_calls") for verb in ("eval", "evalsha"))
    return count("getrange", "calls") - scripts


class One:
    name = "one server"

    def __init__(self, stage):
        self.servers = [start_server(stage)]
        self.url = f"redis://127.0.0.1:{self.servers[0].port}"


class Cluster:
    name = "3 masters"

    def __init__(self, stage):
        self.servers = [start_server(stage, "--cluster-enabled", "yes", "--cluster-port", str(free_port()),
                                     "--cluster-node-timeout", "2000") for _ in range(3)]
        nodes = [f"127.0.0.1:{server.port}" for server in self.servers]
        made = subprocess.run([program("redis-cli"), "--cluster", "create", *nodes, "--cluster-yes"], capture_output=True,
                              text=True, timeout=60)
        if made.returncode != 0:
            raise Failure(f"no cluster: {made.stdout[-1000:]} {made.stderr[-1000:]}")
        deadline = time.monotonic() + 30
        while not all("cluster_state:ok" in ask(server, "CLUSTER INFO") for server in self.servers):
            if time.monotonic() > deadline:
                raise Failure("the cluster does not get ready")
            time.sleep(0.1)
        self.url = f"redis+cluster://{nodes[0]}"


class Meter:
    """What the servers have used since it was made."""

    def __init__(self, servers):
        self.servers = servers
        self.begin = self.now()

    def now(self):
        commands = sum(int(re.search(r"total_commands_processed:(\d+)", ask(s, "INFO stats"))[1])
                       for s in self.servers)
        return {"cpu_us": sum(s.cpu_us() for s in self.servers), "commands": commands}

    def used(self):
        now = self.now()
        own = len(self.servers)  # this meter's INFO
        return {"cpu_us": now["cpu_us"] - self.begin["cpu_us"],
                "commands": now["commands"] - self.begin["commands"] - own}
