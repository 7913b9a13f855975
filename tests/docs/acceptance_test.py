# SPDX-License-Identifier: Apache-2.0
"""script/acceptance accepts an authd that is as it should be, and names what is not."""
import base64
import contextlib
import json
import os
import subprocess
import unittest

from gateway import API_KEY, SOURCE, Gateway, authd

# A machine that is busy with tests says nothing of rates.
PATIENT = ("--seconds", "0.3", "--connections", "2", "--min-rate", "0.01", "--max-p50", "60000", "--max-p99", "60000",
           "--timeout", "30")


def run(*arguments, **environment):
    inherited = {name: value for name, value in os.environ.items() if name != "ACCEPTANCE_API_KEY"}
    return subprocess.run([os.path.join(SOURCE, "script", "acceptance"), *arguments], capture_output=True, text=True,
                          timeout=120, env={**inherited, **environment})


def with_claims(**changes):
    """Changes claims of the token; None takes one away. The signature does not matter: only Kong has the secret."""
    def change(body):
        head, claims, signature = body["access_token"].split(".")
        values = json.loads(base64.urlsafe_b64decode(claims + "=="))
        values.update(changes)
        values = {name: value for name, value in values.items() if value is not None}
        claims = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
        return {**body, "access_token": ".".join((head, claims, signature))}
    return change


class Acceptance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.port = stack.enter_context(authd())
        cls.gateway = Gateway(cls.port)
        stack.callback(cls.gateway.close)

    def setUp(self):
        self.gateway.reset()

    def through_gateway(self, *arguments):
        """What it says as JSON, and the names of what failed."""
        done = run(self.gateway.url, *PATIENT, "--json", *arguments, ACCEPTANCE_API_KEY=API_KEY)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        said = json.loads(done.stdout)
        failed = [check["name"] for check in said["checks"] if check["result"] == "fail"]
        self.assertEqual((said["passed"], done.returncode), (failed == [], 1 if failed else 0))
        return said, failed

    def test_authd_behind_a_gateway_is_accepted(self):
        said, failed = self.through_gateway("--issuer", "http://localhost:3000", "--audience", "https://api.example.com",
                                            "--lifetime", "900")
        self.assertEqual(failed, [])
        results = {check["name"]: check["result"] for check in said["checks"]}
        self.assertEqual(results["ready"], "skipped")  # the gateway does not route it
        self.assertEqual(results["wrong key"], "pass")
        self.assertGreater(said["load"]["tokens"], 0)

    def test_authd_itself_is_accepted(self):
        done = run(f"http://127.0.0.1:{self.port}/", "--consumer", "example-consumer", *PATIENT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^ready +pass")
        self.assertRegex(done.stdout, r"(?m)^no consumer +pass +401 AUTH_001")
        self.assertTrue(done.stdout.endswith("\naccepted\n"), done.stdout)

    def test_an_authd_that_is_not_ready_is_named(self):
        self.gateway.ready = 503
        _, failed = self.through_gateway()
        self.assertEqual(failed, ["ready"])

    def test_a_consumer_that_is_unknown_is_named(self):
        done = run(f"http://127.0.0.1:{self.port}", "--consumer", "nobody", *PATIENT)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^token +fail +401 AUTH_002")

    def test_a_slow_server_exceeds_the_latencies(self):
        self.gateway.delay_s = 0.05
        _, failed = self.through_gateway("--max-p50", "20", "--max-p99", "30")
        self.assertEqual(failed, ["p50 (--max-p50)", "p99 (--max-p99)"])

    def test_a_slow_server_has_no_rate(self):
        self.gateway.delay_s = 0.05
        _, failed = self.through_gateway("--min-rate", "1000")
        self.assertEqual(failed, ["rate (--min-rate)"])

    def test_a_server_that_fails_exceeds_the_errors(self):
        self.gateway.always_answers = 500
        said, failed = self.through_gateway()
        self.assertIn("token", failed)
        self.assertIn("errors (--max-errors)", failed)
        self.assertEqual(list(said["load"]["errors"]), ["500"])
        self.assertEqual(said["load"]["error_percent"], 100)

    def test_errors_up_to_the_threshold_are_accepted(self):
        self.gateway.always_answers = 500
        _, failed = self.through_gateway("--max-errors", "100")
        self.assertNotIn("errors (--max-errors)", failed)

    def test_a_gateway_without_key_auth_is_found(self):
        done = run(f"http://127.0.0.1:{self.port}", *PATIENT, "--json", "--api-key", "any")
        self.assertEqual(done.returncode, 1)
        self.gateway.always_answers = 200
        _, failed = self.through_gateway()
        self.assertIn("wrong key", failed)
        self.assertIn("no key", failed)

    def test_each_wrong_claim_is_named(self):
        for name, changes, check in (("aud", {"aud": "https://other.example.com"}, "aud (--audience)"),
                                     ("iss", {"iss": "https://other.example.com"}, "iss (--issuer)"),
                                     ("sub", {"sub": None}, "sub"), ("key", {"key": 7}, "key"),
                                     ("jti", {"jti": "1"}, "jti"), ("name", {"name": ""}, "name"),
                                     ("exp", {"exp": "soon"}, "nbf, iat, exp"), ("exp", {"exp": None}, "nbf, iat, exp"),
                                     ("nbf", {"nbf": 4102444800}, "nbf")):
            with self.subTest(name):
                self.gateway.change_token = with_claims(**changes)
                _, failed = self.through_gateway("--issuer", "http://localhost:3000", "--audience",
                                                 "https://api.example.com")
                self.assertEqual(failed, [check])

    def test_one_of_several_audiences_is_enough(self):
        self.gateway.change_token = with_claims(aud=["https://other.example.com", "https://api.example.com"])
        _, failed = self.through_gateway("--audience", "https://api.example.com")
        self.assertEqual(failed, [])

    def test_another_lifetime_is_named(self):
        _, failed = self.through_gateway("--lifetime", "600")
        self.assertEqual(failed, ["lifetime (--lifetime)"])

    def test_expires_in_must_agree(self):
        self.gateway.change_token = lambda body: {**body, "expires_in": 3600}
        _, failed = self.through_gateway()
        self.assertEqual(failed, ["expires_in"])

    def test_what_is_no_jwt_is_named(self):
        for token in ("", "a.b.c", None):
            with self.subTest(token):
                self.gateway.change_token = lambda body, token=token: {"access_token": token, "expires_in": 900}
                _, failed = self.through_gateway()
                self.assertEqual(failed, ["a JWT"])

    def test_a_token_that_may_be_stored_is_named(self):
        self.gateway.token_headers = {"Cache-Control": "max-age=60"}
        _, failed = self.through_gateway()
        self.assertEqual(failed, ["Cache-Control"])

    def test_nobody_there_is_a_failure_and_not_an_error_of_the_script(self):
        gone = Gateway(self.port)
        gone.close()
        done = run(gone.url, "--api-key", "any", *PATIENT)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertRegex(done.stdout, r"(?m)^token +fail +.*refused")

    def test_the_command_line_is_checked(self):
        for arguments in ((), ("http://127.0.0.1",), ("ftp://127.0.0.1", "--api-key", "x"), ("nothing", "--api-key", "x"),
                          ("http://127.0.0.1", "--api-key", "x", "--consumer", "y"),
                          ("http://127.0.0.1", "--api-key", "x", "--seconds", "0"),
                          ("http://127.0.0.1", "--api-key", "x", "--ca", "/no/such/file"),
                          ("http://127.0.0.1:port", "--api-key", "x"), ("http://127.0.0.1", "--api-key", "x\n"),
                          ("http://127.0.0.1", "--api-key", "x", "--api-key-header", "a b"),
                          ("http://user@127.0.0.1", "--api-key", "x"), ("http://127.0.0.1/a b", "--api-key", "x"),
                          ("https://127.0.0.1", "--api-key", "x", "--ca", "/no/such/file")):
            with self.subTest(arguments):
                done = run(*arguments)
                self.assertEqual((done.returncode, done.stdout), (64, ""), done.stderr)
                self.assertIn("script/acceptance", done.stderr)
                self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
