# SPDX-License-Identifier: Apache-2.0
"""Each case of cases/, sent through a proxy that keeps connections to authd: both count the same requests, each answer
is that of its own request, and no token is for anyone but the consumer that the proxy names."""
import itertools
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
# pylint: disable=wrong-import-position
from answers import consumers_of_tokens, read_answers
from authd_process import Authd
from corpus import ASKER, VICTIM, line_bytes, read_cases
from proxies import GATEWAY
from raw_client import exchange
from relay import Relay

LAST = ("GET /tokens HTTP/1.1\r\n" + line_bytes("@999") + "Connection: close\r\n\r\n").encode()
ID = re.compile(rb"\r\nx-request-id: ([^\r]*)", re.I)


class Seen:
    """What came of one case: from the proxy, in its log, and on the connections to authd."""

    def __init__(self, case, received, next_received, entries):
        self.case = case
        self.received = received
        self.next_received = next_received  # by the next client, who asks as everybody does
        self.entries = entries
        self.faults = []

    def check_answers(self, ids):
        """What the proxy gave to the client and to the next one. `ids`: of all requests that the proxy knows."""
        tokens = consumers_of_tokens(self.received + self.next_received)
        if not tokens <= {GATEWAY}:
            self.faults.append(f"tokens for {tokens}")
        for answer in read_answers(self.received)[0]:
            name, own = answer.fields.get("x-request-id"), answer.fields.get("x-proxy-id")
            if name != own and name in ids:
                self.faults.append(f"the answer to {name} was given to {own}")
        answers = read_answers(self.next_received)[0]
        if [answer.status for answer in answers] != [200] or \
                answers[0].fields.get("x-request-id") != answers[0].fields["x-proxy-id"]:
            self.faults.append(f"the next client's answer is {self.next_received!r}")

    def report(self):
        return (f"{self.case.name} ({self.case.rfc}): {'; '.join(self.faults)}\n  sent {self.case.data[:1000]!r}\n"
                f"  the proxy counted {self.entries}")


class Scene:
    """authd behind a proxy, and all cases sent through both."""

    def __init__(self, proxy_kind, cases, **settings):
        with tempfile.TemporaryDirectory() as folder, \
                Authd(folder, [GATEWAY, ASKER, VICTIM], reactors=1, header_timeout="1s") as authd:
            relay = Relay(os.path.join(folder, "authd.sock"), authd.port)
            with proxy_kind(folder, os.path.join(folder, "authd.sock"), **settings) as proxy:
                self.seen = [self.run(case, proxy) for case in cases]
            relay.close()
            authd.stop()
        self.logged = authd.answers
        self.connections = relay.connections
        self.answers = sum(len(read_answers(connection.received)[0]) for connection in self.connections)
        self.entries = {entry.id: (entry, seen) for seen in self.seen for entry in seen.entries}
        self.forwarded = sum(entry.forwarded for entry, _ in self.entries.values())
        self.check()

    @staticmethod
    def run(case, proxy):
        begin = len(proxy.entries)
        received = exchange(proxy.address, [case.data + LAST], says_end=False)
        next_received = exchange(proxy.address, [LAST], says_end=False)
        answers = read_answers(next_received)[0]
        name = answers[-1].fields.get("x-proxy-id") if answers else None
        end = proxy.await_entry(name) if name else len(proxy.entries)
        return Seen(case, received, next_received, proxy.entries[begin:end])

    def check(self):
        for seen in self.seen:
            seen.check_answers(self.entries)
        sent = set()
        for connection in self.connections:
            sent.update(self.check_connection(connection))
        for name, (entry, seen) in self.entries.items():
            if entry.forwarded and entry.whole and name not in sent:
                seen.faults.append(f"{name} did not reach authd")

    def check_connection(self, connection):
        """Whether each answer of authd is that of the proxy's request in the same place. The ids of the latter."""
        found = (name.decode("latin-1") for name in ID.findall(connection.sent))
        ids = [name for name in found if name in self.entries]
        answers, rest = read_answers(connection.received)
        for name, answer in itertools.zip_longest(ids, answers):
            entry, seen = self.entries[name or ids[-1]]
            answered = answer and answer.fields.get("x-request-id")
            # authd does not repeat the id of a head that it could not read. It closes the connection then.
            unread = answer and answered not in self.entries and answer.status >= 400 and \
                answer is answers[-1] and answer.fields.get("connection") == "close"
            if name is None:
                seen.faults.append(f"an answer to no request of the proxy: {answer.status}, {answered}")
            elif answer is None and (entry.whole or name != ids[-1]):
                seen.faults.append(f"no answer to {name}")
            elif answer and answered != name and not unread:
                seen.faults.append(f"the answer to {answered} in place of that to {name}")
            else:
                continue
            seen.faults.append(f"on a connection to authd: {connection.sent[-3000:]!r}")
            break
        if rest and ids:
            self.entries[ids[-1]][1].faults.append(f"no whole answer: {rest!r}")
        return ids

    def reports(self):
        return [seen.report() for seen in self.seen if seen.faults]


class Proxied:
    """What holds behind each of them: base of a TestCase."""

    kind = None
    settings = {}

    def test_proxy_and_authd_count_the_same_requests(self):
        cases = read_cases()
        scene = Scene(self.kind, cases, **self.settings)
        print(f"{type(self).__name__}: {len(cases)} cases, {scene.forwarded} requests forwarded on "
              f"{len(scene.connections)} connections, {scene.answers} answers of authd, {scene.logged} in its log",
              file=sys.stderr)
        reports = scene.reports()
        if reports:
            self.fail(f"{len(reports)} of {len(cases)} cases:\n" + "\n".join(reports))
        self.assertEqual(scene.logged, scene.answers)
        self.assertLess(len(scene.connections), scene.forwarded / 2, "connections to authd are kept")
