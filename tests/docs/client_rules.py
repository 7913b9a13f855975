# SPDX-License-Identifier: Apache-2.0
"""What clients.md asks of a client, against authd behind a gateway; for each language there is a test of its own."""
import contextlib

from gateway import API_KEY, Gateway, authd


class ClientRules:
    """start(key) makes a client, call() asks for /api and gives (status, body), token() is the client's token."""

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.gateway = Gateway(stack.enter_context(authd()))
        stack.callback(cls.gateway.close)

    def setUp(self):
        self.gateway.reset()
        self.start(API_KEY)

    def lifetime(self, seconds):
        self.gateway.change_token = lambda body: {**body, "expires_in": seconds}

    def counts(self):
        return self.gateway.tokens_issued, self.gateway.api_calls

    def test_one_token_serves_many_calls(self):
        for _ in range(3):
            self.assertEqual(self.call(), (200, "hello"))
        self.assertEqual(self.counts(), (1, 3))

    def test_a_token_is_not_used_in_its_last_30_seconds(self):
        self.lifetime(30)
        self.call()
        self.call()
        self.assertEqual(self.counts(), (2, 2))

    def test_a_token_is_used_until_then(self):
        self.lifetime(330)
        self.call()
        self.call()
        self.assertEqual(self.counts(), (1, 2))

    def test_a_token_that_is_refused_is_replaced_once(self):
        self.call()
        self.refuse_the_token()
        self.assertEqual(self.call(), (200, "hello"))
        self.assertEqual(self.counts(), (2, 3))
        self.assertEqual(self.call(), (200, "hello"))
        self.assertEqual(self.counts(), (2, 4))

    def test_a_second_401_is_for_the_caller(self):
        self.gateway.refuses_all_tokens = True
        self.assertEqual(self.call()[0], 401)
        self.assertEqual(self.counts(), (2, 2))

    def test_a_wrong_key_is_an_error_that_is_not_tried_again(self):
        self.start("wrong")
        with self.assertRaisesRegex(Exception, "401"):
            self.call()
        self.assertEqual(self.counts(), (0, 0))

    def refuse_the_token(self):
        self.gateway.refused_tokens.add(f"Bearer {self.token()}")
