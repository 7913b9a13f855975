# SPDX-License-Identifier: Apache-2.0
"""wrk and the requests that it sends.

Closed loop: each connection asks again as soon as it has its answer, which finds the capacity. Paced: it waits a
random time first (exponential, so that requests come as from many independent clients), which offers the same
load to every contestant; what a request waits is counted from when it is sent.
"""
import json
import os
import random
import re
import signal
import subprocess
import time

from .stage import WORKERS, Failure
from .tokens import Client

CONNECTIONS = 64
PACED_CONNECTIONS = 256  # many, so that one that waits for its answer holds up little of the load

PROLOGUE = """local threads = 0
function setup(thread) thread:set("number", threads); threads = threads + 1 end
function init(args)
  math.randomseed(tonumber(args[1]) + 7919 * number)
  mean_delay = tonumber(args[2])
end
local function slower_than(latency, us)
  local found = 0
  for i = 1, #latency do
    local value, times = latency(i)
    if value > us then found = found + times end
  end
  return found
end
local function ask(path, n, bearer)
  return "GET " .. path .. " HTTP/1.1\\r\\nHost: bench\\r\\nX-Consumer-ID: "
    .. string.format("5eed0000-0000-4000-8000-%012x", n) .. "\\r\\nX-Consumer-Username: consumer-" .. n
    .. (bearer and "\\r\\nAuthorization: Bearer " .. bearer or "") .. "\\r\\n\\r\\n"
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"us":%d,"p50":%d,"p99":%d,"p999":%d,"max":%d,"refused":%d,' ..
    '"broken":%d,"slow":%d}\\n', summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), latency.max, e.status, e.connect + e.read + e.write + e.timeout,
    slower_than(latency, SLOW_US)))
end
"""
PACE = "function delay() return math.floor(0.5 - mean_delay * math.log(1 - math.random())) end\n"


def at_random(consumers, path="/tokens"):
    """Any of range(consumers), in random order."""
    return f'function request() return ask("{path}", math.random(0, {consumers} - 1)) end\n'


def one_by_one(first, per_thread):
    """Each thread its own numbers, each once; after `per_thread` of them from the start again."""
    return f"""local next = 0
function request()
  local n = {first} + number * {per_thread} + next
  next = (next + 1) % {per_thread}
  return ask("/tokens", n)
end
"""


def lua_list(tokens):
    return "local holders = {" + ",".join(f'{{{n},"{token}"}}' for n, token in tokens.items()) + "}\n"


def validating(tokens):
    """`tokens`: {number: token}."""
    return lua_list(tokens) + """function request()
  local holder = holders[math.random(#holders)]
  return ask("/tokens/validate", holder[1], holder[2])
end
"""


def mixture(consumers, tokens, metrics_path):
    """70 % tokens; 20 % steps of a user's journey: a token, which two services then validate; 10 % metrics."""
    return lua_list(tokens) + f"""local step, holder = 0, nil
local function journey()
  if step == 0 then holder = holders[math.random(#holders)] end
  local now = step
  step = (step + 1) % 3
  if now == 0 then return ask("/tokens", holder[1]) end
  return ask("/tokens/validate", holder[1], holder[2])
end
function request()
  local dice = math.random(100)
  if dice <= 70 then return ask("/tokens", math.random(0, {consumers} - 1)) end
  if dice <= 90 then return journey() end
  return ask("{metrics_path}", 0)
end
"""


class Load:
    """A wrk that runs. `offered`: requests per second; None: closed loop. Nothing that it asks may fail."""

    def __init__(self, stage, port, requests, seconds, offered=None, connections=None, threads=WORKERS, seed=None,
                 slow_ms=0):
        connections = connections or (PACED_CONNECTIONS if offered else CONNECTIONS)
        self.script = stage.path(f"requests-{random.getrandbits(48):x}.lua")
        with open(self.script, "w") as f:
            f.write(f"SLOW_US = {slow_ms * 1000:g}\n" + PROLOGUE + requests + (PACE if offered else ""))
        delay_ms = 1000 * connections / offered if offered else 0
        self.process = subprocess.Popen(
            ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", self.script,
             f"http://127.0.0.1:{port}/", "--", str(seed or random.getrandbits(30)), str(delay_ms)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        stage.closing.callback(self.kill)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def result(self, may_be_refused=False):
        """rate in 1/s, p50, p99, p999 and max in ms, requests, refused, slow: that took more than slow_ms."""
        out = self.process.communicate()[0]
        os.unlink(self.script)
        found = re.search(r"RESULT (.*)", out)
        if self.process.returncode != 0 or not found:
            raise Failure(f"wrk failed ({self.process.returncode}): {out[-1000:]}")
        row = json.loads(found[1])
        if row["broken"] or (row["refused"] and not may_be_refused) or not row["requests"]:
            raise Failure(f"{row['refused']} requests were refused, {row['broken']} connections broken, "
                          f"of {row['requests']}")
        return {"rate": row["requests"] * 1e6 / row["us"], **{c: row[c] for c in ("requests", "refused", "slow")},
                **{p: row[p] / 1000 for p in ("p50", "p99", "p999", "max")}}


def measure(stage, server, requests, seconds, **how):
    """One load on one server: what Load.result says, the CPU per request in us and the memory afterwards."""
    load = Load(stage, server.port, requests, seconds, **how)
    before = server.cpu_us()
    row = load.result()
    row["cpu"] = (server.cpu_us() - before) / row["requests"]
    row["rss_mb"], row["anon_mb"] = server.memory_mb("VmRSS"), server.memory_mb("RssAnon")
    return row


def fill(stage, server, consumers, at_most_s=600):
    """Asks for all of range(consumers) until the first tier holds that many; returns the seconds it took."""
    per_thread = -(-consumers // WORKERS)
    begin = time.monotonic()
    load = Load(stage, server.port, one_by_one(0, per_thread), at_most_s)
    with Client(server.port) as client:
        while (held := entries(client)) < consumers:
            if time.monotonic() - begin > at_most_s or load.process.poll() is not None:
                load.kill()
                raise Failure(f"the tier holds {held} of {consumers} consumers after {at_most_s} s")
            time.sleep(0.1)
    load.interrupt()
    load.result()
    return time.monotonic() - begin


def entries(client):
    # Whatever the status: under a load of misses the gateway's own probe may be late.
    return json.loads(client.ask("/health", 0)[2])["dependencies"]["cache"]["tiers"][0]["entries"]
