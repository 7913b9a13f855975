# SPDX-License-Identifier: Apache-2.0
"""The authd of this build with the demo's consumers, and a gateway in front of it that does what Kong does: it takes
an API key for a token, and a token for the API. It has faults that tests switch on."""
import contextlib
import http.client
import http.server
import json
import os
import socketserver
import subprocess
import sys
import threading
import time

SOURCE = os.environ["AUTHD_SOURCE"]
AUTHD = os.environ["AUTHD_BINARY"]
API_KEY = "an-api-key"
CONSUMER = {"X-Consumer-ID": "example-consumer", "X-Consumer-Username": "example-consumer"}


@contextlib.contextmanager
def authd():
    """The port of an authd."""
    process = subprocess.Popen([AUTHD, "--config", os.path.join(SOURCE, "etc", "demo", "authd.toml")], text=True,
                               env={**os.environ, "AUTHD_ENV": "test", "PORT": "0"}, stdout=subprocess.PIPE)
    try:
        for line in process.stdout:
            entry = json.loads(line)
            if entry.get("event.action") == "ready":
                yield entry["server.port"]
                return
        raise AssertionError("authd did not become ready")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Gateway(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """/tokens of authd, and /api, which says "hello" to who has a token that authd made."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, authd_port):
        super().__init__(("127.0.0.1", 0), Handler)
        self.authd_port = authd_port
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.lock = threading.Lock()
        self.serving = threading.Thread(target=self.serve_forever)
        self.serving.start()
        self.reset()

    def reset(self):
        self.tokens_issued = 0
        self.api_calls = 0
        self.refused_tokens = set()
        self.refuses_all_tokens = False
        self.change_token = lambda body: body  # of the answer to /tokens, an object
        self.token_headers = {}  # in place of authd's
        self.delay_s = 0
        self.always_answers = None  # a status for /tokens
        self.ready = None  # a status for /health/ready; None: no route

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # else it is a client that has gone

    def close(self):
        self.shutdown()
        self.serving.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/tokens":
            self.tokens()
        elif self.path == "/api":
            self.api()
        elif self.path == "/health/ready" and self.server.ready is not None:
            self.reply(self.server.ready, b'{"ready":false}')
        else:
            self.reply(404, b'{"message":"no Route matched with those values"}')

    def tokens(self):
        gateway = self.server
        time.sleep(gateway.delay_s)
        if gateway.always_answers is not None:
            self.reply(gateway.always_answers, b'{"message":"An unexpected error occurred"}')
            return
        if self.headers.get("apikey") != API_KEY:
            self.reply(401, b'{"message":"Unauthorized"}')
            return
        status, headers, body = self.ask("/tokens")
        if status == 200:
            with gateway.lock:
                gateway.tokens_issued += 1
            body = json.dumps(gateway.change_token(json.loads(body)), separators=(",", ":")).encode()
        self.reply(status, body, {"Cache-Control": headers.get("Cache-Control", ""), **gateway.token_headers})

    def api(self):
        gateway = self.server
        with gateway.lock:
            gateway.api_calls += 1
        bearer = self.headers.get("Authorization", "")
        refused = gateway.refuses_all_tokens or bearer in gateway.refused_tokens
        if refused or self.ask("/tokens/validate", {"Authorization": bearer})[0] != 200:
            self.reply(401, b'{"message":"Unauthorized"}')
        else:
            self.reply(200, b"hello")

    def ask(self, path, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.authd_port, timeout=30)
        try:
            connection.request("GET", path, headers={**CONSUMER, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def reply(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
