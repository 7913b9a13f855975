# SPDX-License-Identifier: Apache-2.0
"""A client that keeps its token of authd. Python's standard library only; may be used by several threads."""
import json
import threading
import time
import urllib.error
import urllib.request

REFRESH_BEFORE_S = 30


class TokenClient:
    def __init__(self, authd_url, api_key, timeout_s=10):
        self._tokens_url = authd_url.rstrip("/") + "/tokens"
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._token = None
        self._refresh_at = 0.0  # of the monotonic clock, which nobody sets back

    def token(self, unless=None):
        """A token that is good for 30 s more. `unless`: one that was refused, and is not to be given again."""
        with self._lock:
            if self._token is None or self._token == unless or time.monotonic() >= self._refresh_at:
                self._fetch()
            return self._token

    def open(self, url, **more):
        """urllib.request.urlopen with the token; after a 401 once more, with a new one."""
        token = self.token()
        try:
            return self._open(url, token, **more)
        except urllib.error.HTTPError as error:
            if error.code != 401:
                raise
            error.close()
        return self._open(url, self.token(unless=token), **more)

    def _open(self, url, token, **more):
        request = urllib.request.Request(url, **more)
        request.add_header("Authorization", f"Bearer {token}")
        return urllib.request.urlopen(request, timeout=self._timeout_s)

    def _fetch(self):
        asked = time.monotonic()
        request = urllib.request.Request(self._tokens_url, headers={"apikey": self._api_key})
        with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
            issued = json.load(answer)
        self._token = issued["access_token"]
        self._refresh_at = asked + issued["expires_in"] - REFRESH_BEFORE_S
