# SPDX-License-Identifier: Apache-2.0
"""The processes of one measurement and its folder; both are gone when the measurement ends, however it ends."""
import contextlib
import os
import platform
import re
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.path.join(ROOT, "build", "bench")
WORKERS = os.cpu_count()


class Failure(Exception):
    """A measurement that is not what it claims to be: nothing of it may be reported."""


def binary(name):
    return os.path.join(BUILD, "bin", name)


def program(name):
    """Unpacked by script/bootstrap, or the system's."""
    folders = [os.path.join(ROOT, "build", "tools", "bin"), os.environ.get("PATH", ""), "/usr/sbin"]
    path = shutil.which(name, path=os.pathsep.join(folders))
    if not path:
        raise Failure(f"there is no {name}: script/bootstrap bench")
    return path


def machine():
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    memory = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read())[1]) / 1024 / 1024
    return (f"{WORKERS} x {model[1] if model else platform.machine()}, {memory:.0f} GiB, "
            f"Linux {platform.release()}, load average {os.getloadavg()[0]:.2f} at the start")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A running process that listens on a port; it and its children are what is measured."""

    def __init__(self, name, args, port, folder, stdout=None):
        self.name, self.port = name, port
        self.output = os.path.join(folder, f"{name}-{port}.out")
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=stdout or output, stderr=output)

    def await_listening(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended with {self.process.returncode}: {self.last_words()}")
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.005)
        raise Failure(f"{self.name} does not listen after {seconds} s: {self.last_words()}")

    def said(self):
        with open(self.output, errors="replace") as f:
            return f.read()

    def last_words(self):
        return self.said()[-2000:].strip() or "it said nothing"

    def pids(self):
        children = open(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read().split()
        return [self.process.pid] + [int(c) for c in children]

    def cpu_us(self):
        """User and system time so far, of all threads."""
        total = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with contextlib.suppress(FileNotFoundError):  # a thread that ended just now
                    total += int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0])
        return total / 1000

    def memory_mb(self, field):
        """`field` of /proc/PID/status: VmRSS or RssAnon."""
        texts = [open(f"/proc/{pid}/status").read() for pid in self.pids()]
        return sum(int(re.search(rf"{field}:\s+(\d+)", text)[1]) for text in texts) / 1024

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


class Stage:
    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="authd-bench-")
        self.closing = contextlib.ExitStack()
        self.closing.callback(shutil.rmtree, self.folder, ignore_errors=True)
        return self

    def __exit__(self, *error):
        self.closing.close()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def start(self, name, args, port, stdout=None, kind=Server):
        server = kind(name, args, port, self.folder, stdout)
        self.closing.callback(server.stop)
        server.await_listening()
        return server
