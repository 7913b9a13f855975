# SPDX-License-Identifier: Apache-2.0
"""authd behind nginx: as it comes, and with all fields passed on, as Kong sets it."""
import sys
import unittest

from behind_proxy import Proxied, Scene
from corpus import VICTIM, read_cases
from proxies import GATEWAY, Nginx, program


class BehindNginx(Proxied, unittest.TestCase):
    kind = Nginx

    def test_a_proxy_that_keeps_the_clients_consumer_is_found(self):
        cases = [case for case in read_cases() if VICTIM.encode() in case.data]
        reports = Scene(Nginx, cases, sets="").reports()
        self.assertRegex("\n".join(reports), f"tokens for .*{VICTIM}")

    def test_a_proxy_that_forgets_the_length_is_found(self):
        cases = [case for case in read_cases() if case.name == "a request within a body is not a request"]
        sets = f'proxy_set_header Content-Length ""; proxy_set_header X-Consumer-ID {GATEWAY};'
        reports = Scene(Nginx, cases, sets=sets).reports()
        self.assertRegex("\n".join(reports), "an answer to no request|in place of")


class BehindNginxAsKongSetsIt(Proxied, unittest.TestCase):
    kind = Nginx
    settings = {"options": "underscores_in_headers on; ignore_invalid_headers off; merge_slashes off;"}


if __name__ == "__main__":
    if not program("nginx"):
        print("There is no nginx: script/bootstrap test unpacks it")
        sys.exit(77)
    unittest.main()
