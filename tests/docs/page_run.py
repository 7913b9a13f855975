# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of pages as they stand, in a copy of the repository, against the authd of this build.

All blocks of a run share one bash, as they share a reader's terminal. It has a network of its own, where the ports that
the pages name are free; where the kernel does not allow that, they must be free on this machine.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from markdown_page import SOURCE, commands_of

BIN = os.path.dirname(os.environ["AUTHD_BINARY"])
HERE = os.path.dirname(os.path.abspath(__file__))
PORTS = (3000, 3001, 3002, 6379, 8001)
LONGEST_S = 120
DEADLINE_S = 30  # of what stays, until it is ready

PRELUDE = f"""
begin() {{ echo "$1" >"$RUN/begun"; }}
# stays NUMBER TEXT COMMAND...: in the background, until its output has the text.
stays() {{
  local log=$RUN/stays-$1 text=$2 process
  shift 2
  "$@" >"$log" 2>&1 </dev/null &
  process=$!
  for _ in $(seq {DEADLINE_S * 20}); do
    grep -qF -- "$text" "$log" && return
    kill -0 $process 2>/dev/null || break
    sleep 0.05
  done
  grep -qF -- "$text" "$log" && return
  echo "it never says \\"$text\\", but:"
  cat "$log"
  exit 1
}}
"""


def own_network():
    """What to put before a command so that it has a network of its own; None: this machine does not allow it."""
    # A user of one's own comes with other owners of files, so that is for those who need it.
    for user in ([], ["--map-root-user"]):
        prefix = ["unshare", *user, "--net", "python3", "-B", os.path.join(HERE, "with_loopback.py")]
        try:
            if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
                return prefix
        except OSError:
            return None
    return None


def taken_ports():
    taken = []
    for port in PORTS:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                taken.append(port)
    return taken


def why_not():
    """Why no page can be run here; empty: they can."""
    if own_network() is not None or not taken_ports():
        return ""
    return f"no network of its own, and something listens on {taken_ports()}"


def make_tree(root):
    """The repository as a reader has it, with the authd of this build as what script/build has built."""
    for name in os.listdir(SOURCE):
        if name not in ("build", "etc", "script", ".git"):
            os.symlink(os.path.join(SOURCE, name), os.path.join(root, name))
    shutil.copytree(os.path.join(SOURCE, "etc"), os.path.join(root, "etc"),
                    ignore=shutil.ignore_patterns("*.sock"))  # authd makes its socket beside its configuration
    os.mkdir(os.path.join(root, "script"))
    for name in os.listdir(os.path.join(SOURCE, "script")):
        path = os.path.join(root, "script", name)
        if name in ("bootstrap", "build"):
            with open(path, "w") as f:
                f.write("#!/bin/sh\n")
            os.chmod(path, 0o755)
        else:
            os.symlink(os.path.join(SOURCE, "script", name), path)
    os.makedirs(os.path.join(root, "build", "release"))
    os.symlink(BIN, os.path.join(root, "build", "release", "bin"))


def matches(expected, output):
    pattern = ".*".join(re.escape(part) for part in expected.rstrip().split("…"))
    return re.fullmatch(pattern, output.rstrip(), re.DOTALL) is not None


class Run:
    def __init__(self, blocks, services=()):
        """services: command lines of what a page expects to be there, each with the text that says it is ready."""
        self.blocks = blocks
        self.services = services
        self.expected = {}  # name of a file with output: (line, command, expected output)

    def script(self):
        parts = [PRELUDE]
        for number, (command, text) in enumerate(self.services):
            parts.append(f"stays service-{number} '{text}' {command}")
        for block in self.blocks:
            parts.append(f"begin {block.line}")
            if block.mark == "stays until":
                parts.append(self.staying(block))
            elif block.language == "console":
                parts += self.console(block)
            else:
                parts.append(f"set -e\n{block.text}\nset +e")
        return "\n".join(parts) + "\nbegin done\n"

    def staying(self, block):
        path = os.path.join(self.run, f"block-{block.line}.sh")
        with open(path, "w") as f:
            f.write(block.text + "\n")
        return f"stays {block.line} '{block.says}' bash {path}"

    def console(self, block):
        for number, (command, expected) in enumerate(commands_of(block.text)):
            name = f"output-{block.line}-{number}"
            self.expected[name] = (block.line, command, expected)
            yield f"{{ {command}\n}} >\"$RUN/{name}\" 2>&1 </dev/null"

    def problems(self):
        """What is not as the page says; empty: all is."""
        with tempfile.TemporaryDirectory(prefix="authd-page-") as folder:
            self.tree, self.run = os.path.join(folder, "authd"), os.path.join(folder, "run")
            os.mkdir(self.tree)
            os.mkdir(self.run)
            make_tree(self.tree)
            said = self.bash()
            found = [] if self.read("begun").strip() == "done" else [
                f"line {self.read('begun').strip()}: the command fails\n{said}"]
            for name, (line, command, expected) in self.expected.items():
                output = self.read(name)
                if not matches(expected, output):
                    found.append(f"line {line}: $ {command}\nexpected:\n{expected}\ngot:\n{output}")
            return found

    def read(self, name):
        try:
            with open(os.path.join(self.run, name)) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def bash(self):
        path = os.path.join(self.run, "script")
        with open(path, "w") as f:
            f.write(self.script())
        tools = os.path.join(SOURCE, "build", "tools", "bin")
        environment = {"PATH": f"{BIN}:{tools}:{os.environ['PATH']}", "HOME": self.run, "RUN": self.run, "LANG": "C.UTF-8"}
        process = subprocess.Popen([*(own_network() or []), "bash", path], cwd=self.tree, env=environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            return process.communicate(timeout=LONGEST_S)[0]
        except subprocess.TimeoutExpired:
            return f"it takes longer than {LONGEST_S} s"
        finally:
            self.end(process)

    @staticmethod
    def end(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)  # what stays, too
        except ProcessLookupError:
            pass
        process.wait()
        process.stdout.close()
