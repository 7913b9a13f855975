# SPDX-License-Identifier: Apache-2.0
"""authd behind HAProxy: as it comes, and with requests passed on that it finds invalid."""
import sys
import unittest

from behind_proxy import Proxied
from proxies import HAProxy, program


class BehindHAProxy(Proxied, unittest.TestCase):
    kind = HAProxy


class BehindHAProxyThatAcceptsInvalidRequests(Proxied, unittest.TestCase):
    kind = HAProxy
    settings = {"options": "option accept-invalid-http-request"}


if __name__ == "__main__":
    if not program("haproxy"):
        print("There is no haproxy: script/bootstrap test unpacks it")
        sys.exit(77)
    unittest.main()
