# SPDX-License-Identifier: Apache-2.0
"""nginx and HAProxy in front of authd: each keeps connections to it, says itself who asks, and gives each request an
id of its own, which it logs and tells the client. `with Nginx(folder, relay_path) as proxy`."""
import os
import re
import shutil
import socket
import subprocess
import threading
import time

TOOLS = os.path.join(os.environ["AUTHD_SOURCE"], "build", "tools", "bin")
GATEWAY = "gateway"  # the consumer that the proxy names
DEADLINE_S = 30
PATIENCE_MS = 200  # of the proxy with a client that does not send the rest; what came by then counts


def program(name):
    """Its path, or None if it is missing."""
    return shutil.which(name, path=os.pathsep.join((TOOLS, os.environ.get("PATH", ""))))


class Entry:
    """A line of a proxy's log: a request that it counted."""

    def __init__(self, text):
        self.id, upstream, self.status, how = text.split("|")
        self.forwarded = upstream not in ("-", "<NOSRV>", "")
        self.whole = how in ("-", "--")  # neither side ended it early

    def __repr__(self):
        return f"{self.id} {self.status}{' forwarded' if self.forwarded else ''}{'' if self.whole else ' aborted'}"


class Proxy:
    def __init__(self, folder, authd_path, **faults):
        self.folder = folder
        self.address = os.path.join(folder, "proxy.sock")
        self.log_path = os.path.join(folder, "log.sock")
        self.entries = []
        self.arrived = threading.Condition()
        self.configuration = os.path.join(folder, "proxy.conf")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(self.configure(authd_path, **faults))

    def __enter__(self):
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log.bind(self.log_path)
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        with open(os.path.join(self.folder, "said"), "w", encoding="utf-8") as said:
            self.process = subprocess.Popen(self.command(), stdout=said, stderr=said)
        deadline = time.monotonic() + DEADLINE_S
        while not self.takes_connections():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                with open(said.name, encoding="utf-8") as text:
                    raise AssertionError(f"{self.command()}:\n{text.read()}")
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE_S)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.log_path)
        self.reader.join()
        self.log.close()

    def takes_connections(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            return client.connect_ex(self.address) == 0

    def read_log(self):
        while True:
            text = self.log.recv(65536)
            if not text:
                return
            found = re.search(rb"ENTRY ([^\n]*)", text)
            if found:
                with self.arrived:
                    self.entries.append(Entry(found[1].decode("latin-1")))
                    self.arrived.notify_all()

    def await_entry(self, name):
        """The index behind the entry of this id."""
        def index():
            return next((i for i, entry in enumerate(self.entries, start=1) if entry.id == name), None)
        with self.arrived:
            if not self.arrived.wait_for(index, DEADLINE_S):
                raise AssertionError(f"the proxy did not log {name}")
            return index()


class Nginx(Proxy):
    """options: directives of the server; sets: proxy_set_header in place of those that say who asks."""

    def command(self):
        errors = os.path.join(self.folder, "error.log")
        return [program("nginx"), "-p", self.folder, "-e", errors, "-c", self.configuration]

    def configure(self, authd_path, options="", sets=f"""
      proxy_set_header X-Consumer-ID {GATEWAY};
      proxy_set_header X-Consumer-Username {GATEWAY};"""):
        temporary = "\n".join(f"  {name}_temp_path {self.folder}/{name};"
                              for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""
daemon off;
master_process off;
worker_processes 1;
pid {self.folder}/pid;
events {{ worker_connections 256; }}
http {{
{temporary}
  log_format entry 'ENTRY $request_id|$upstream_addr|$status|-';
  access_log syslog:server=unix:{self.log_path},nohostname entry;
  upstream authd {{ server unix:{authd_path}; keepalive 1; }}
  server {{
    listen unix:{self.address};
    client_header_timeout {PATIENCE_MS}ms;
    client_body_timeout {PATIENCE_MS}ms;
    lingering_timeout {PATIENCE_MS}ms;
    {options}
    location / {{
      proxy_pass http://authd;
      proxy_http_version 1.1;
      proxy_next_upstream off;
      proxy_set_header Connection "";
      proxy_set_header X-Request-Id $request_id;{sets}
      add_header X-Proxy-Id $request_id always;
    }}
  }}
}}
"""


class HAProxy(Proxy):
    """options: lines of the frontend; sets: what says who asks."""

    def command(self):
        return [program("haproxy"), "-db", "-f", self.configuration]

    def configure(self, authd_path, options="", sets=f"""
  http-request set-header X-Consumer-ID {GATEWAY}
  http-request set-header X-Consumer-Username {GATEWAY}"""):
        return f"""
global
  nbthread 1
  log {self.log_path} format raw local0
defaults
  mode http
  log global
  retries 0
  timeout connect 30s
  timeout client {PATIENCE_MS}ms
  timeout http-request {PATIENCE_MS}ms
  timeout server 30s
frontend clients
  bind unix@{self.address}
  unique-id-format %[uuid]
  log-format "ENTRY %ID|%s|%ST|%ts"
  {options}
  http-request set-header X-Request-Id %[unique-id]{sets}
  http-after-response set-header X-Proxy-Id %[unique-id]
  default_backend authd
backend authd
  http-reuse always
  server authd unix@{authd_path}
"""
