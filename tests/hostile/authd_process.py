# SPDX-License-Identifier: Apache-2.0
"""The authd of this build, with consumers of its own and a log that is kept: `with Authd(folder) as authd`."""
import collections
import json
import os
import signal
import subprocess
import threading

AUTHD = os.environ["AUTHD_BINARY"]
ANSWERED = ("request", "request-refused")  # the lines of the log that are an answer each


def configuration(consumers, server):
    lines = [f"{name} = {json.dumps(value)}" for name, value in server.items() if name != "tls"]
    tls = [f"tls.{name} = {json.dumps(value)}" for name, value in server.get("tls", {}).items()]
    gateway = {"_format_version": "3.0", "consumers": [
        {"username": name, "jwt_secrets": [{"key": name, "algorithm": "HS256", "secret": 32 * "0"}]}
        for name in consumers]}
    return "\n".join(["[server]", "port = 0", *lines, *tls, """
[jwt]
authority = "http://localhost:3000"
audience = ["https://api.example.com"]
[gateway]
plugin = "kong-declarative"
file = "kong.yml"
[[cache]]
plugin = "cache-memory"
max_entries = 100
[telemetry]
access_log = "all"
audit = false
"""]), json.dumps(gateway)


class Authd:
    def __init__(self, folder, consumers, **server):
        toml, kong = configuration(consumers, server)
        self.file = os.path.join(folder, "authd.toml")
        for path, text in ((self.file, toml), (os.path.join(folder, "kong.yml"), kong)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        self.answers = 0  # that the log has
        self.lines = collections.Counter()  # the same by event
        self.other = []  # lines that say neither of requests nor of its start
        self.ready = threading.Event()
        self.port = None

    def __enter__(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AUTHD_", "KONG_"))}
        self.process = subprocess.Popen([AUTHD, "--config", self.file], stdout=subprocess.PIPE, text=True,
                                        env={**environment, "AUTHD_ENV": "test"})
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        self.ready.wait(60)
        if self.port is None:
            self.process.kill()
            self.stop()
            raise AssertionError("authd did not become ready:\n" + "\n".join(self.other))
        return self

    def __exit__(self, *_):
        self.stop()

    def read_log(self):
        for line in self.process.stdout:
            entry = json.loads(line)
            action = entry.get("event.action")
            if action in ANSWERED:
                self.answers += 1
                self.lines[action] += 1
            elif action == "log-lines-summed" and entry.get("authd.log.event") in ANSWERED:
                self.answers += entry["authd.log.suppressed"]
                self.lines[entry["authd.log.event"]] += entry["authd.log.suppressed"]
            elif action == "ready":
                self.port = entry["server.port"]
                self.ready.set()
            else:
                self.other.append(line.rstrip())
        self.ready.set()

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def stop(self):
        """Its exit status; by then all of its log is read."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join()
        self.process.stdout.close()
        return status
