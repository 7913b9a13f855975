# SPDX-License-Identifier: Apache-2.0
"""A client that does nothing wrong: healthy_client.py PORT REQUESTS [tls]

Asks for a token every 2 ms, on a connection that it keeps for so many requests, and prints an object with what it saw
since the last line of its stdin, for each line there.
"""
import http.client
import json
import ssl
import sys
import threading
import time

PACE_S = 0.002
DEADLINE_S = 20
HEADERS = {"X-Consumer-ID": "healthy", "X-Consumer-Username": "healthy"}


def connect(port, tls):
    if not tls:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=DEADLINE_S, context=context)


def rank(values, share):
    if not values:
        return float("nan")
    values = sorted(values)
    return round(1000 * values[min(len(values) - 1, int(share * len(values)))], 2)


class Seen:
    def __init__(self):
        self.lock = threading.Lock()
        self.times_s, self.failures = [], []

    def add(self, seconds, failure):
        with self.lock:
            self.times_s.append(seconds)
            if failure:
                self.failures.append(failure)

    def take(self):
        with self.lock:
            times_s, failures = self.times_s, self.failures
            self.times_s, self.failures = [], []
        return {"requests": len(times_s), "failed": len(failures), "failures": failures[:3],
                "p50_ms": rank(times_s, 0.5), "p99_ms": rank(times_s, 0.99), "max_ms": rank(times_s, 1)}


def ask(connection):
    """None, or what went wrong."""
    try:
        connection.request("GET", "/tokens", headers=HEADERS)
        answer = connection.getresponse()
        body = answer.read()
        return None if answer.status == 200 else f"{answer.status}: {body.decode('latin-1')}"
    except (OSError, http.client.HTTPException) as error:
        return repr(error)


def run(port, requests, tls, seen):
    connection, left = connect(port, tls), requests
    while True:
        begin = time.monotonic()
        failure = ask(connection)
        spent = time.monotonic() - begin
        seen.add(spent, failure)
        left -= 1
        if failure or left == 0:
            connection.close()
            connection, left = connect(port, tls), requests
        time.sleep(max(0, PACE_S - spent))  # the pace is the load, nothing is awaited


if __name__ == "__main__":
    so_far = Seen()
    threading.Thread(target=run, daemon=True,
                     args=(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["tls"], so_far)).start()
    for _ in sys.stdin:
        print(json.dumps(so_far.take()), flush=True)
