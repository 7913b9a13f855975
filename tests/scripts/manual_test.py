# SPDX-License-Identifier: Apache-2.0
"""Manual pages and completions: they say what the daemon says, and the programs that read them accept them."""
import os
import re
import shutil
import subprocess
import unittest

BINARY = os.environ["AUTHD_BINARY"]
SOURCE = os.environ["AUTHD_SOURCE"]


def authd(*arguments):
    return subprocess.run([BINARY, *arguments], check=True, capture_output=True, text=True).stdout


def commands(*of):
    """The subcommands that `authd OF --help` lists."""
    listed = authd(*of, "--help").partition("Subcommands:\n")[2]
    return re.findall(r"^  (\S+)", listed, re.M)


def every_command():
    for command in commands():
        inner = commands(command)
        yield from ([command, name] for name in inner) if inner else [[command]]


@unittest.skipUnless(shutil.which("groff"), "needs groff")
class ManualPage(unittest.TestCase):
    def formatted(self, page):
        done = subprocess.run(["groff", "-mandoc", "-Tutf8", "-ww", "-rLL=78n"], input=page, capture_output=True,
                              text=True)
        self.assertEqual(done.stderr, "")
        return re.sub("\x1b\\[[0-9;]*m|.\x08", "", done.stdout)

    def test_of_the_configuration_has_every_setting(self):
        page = self.formatted(authd("config", "man"))
        with open(os.path.join(SOURCE, "etc", "authd.toml")) as manual:
            settings = re.findall(r"^#?([a-z_.0-9]+) = ", manual.read(), re.M)
        self.assertGreater(len(settings), 80)
        for setting in settings:
            self.assertRegex(page, rf"(?m)^ +{re.escape(setting)}( |$)")

    def test_of_the_daemon_names_every_command(self):
        with open(os.path.join(SOURCE, "deploy", "man", "authd.8")) as source:
            page = self.formatted(source.read())
        for command in every_command():
            self.assertRegex(page, rf"(?m)^ +{' '.join(command)}( |$)")


class Completion(unittest.TestCase):
    """In the shell itself."""

    def bash(self, *words):
        script = 'source <("$0" completion bash); compopt() { :; }; COMP_WORDS=(authd "$@"); COMP_CWORD=$#; _authd; ' \
                 'printf "%s\\n" "${COMPREPLY[@]}"'
        return subprocess.run(["bash", "-c", script, BINARY, *words], check=True, capture_output=True,
                              text=True).stdout.split()

    def test_of_bash_knows_every_command(self):
        self.assertEqual(set(commands()), {word for word in self.bash("") if not word.startswith("-")})
        for command in every_command():
            if len(command) == 2:
                self.assertEqual(self.bash(*command), [command[1]])

    def test_of_bash_knows_options_and_files(self):
        self.assertEqual(self.bash("cache", "invalidate", "--a"), ["--all"])
        self.assertIn("/etc", self.bash("config", "check", "/et"))
        self.assertIn("/etc", self.bash("--config", "/et"))
        self.assertEqual(self.bash("status", "--interval", ""), [])
        self.assertEqual(self.bash("completion", "z"), ["zsh"])

    @unittest.skipUnless(shutil.which("zsh"), "needs zsh")
    def test_of_zsh_offers_what_bash_does(self):
        script = 'setopt no_rcs; _describe() { print -l -- "${(@)candidates%%%%:*}"; }; _files() { print FILES; }; ' \
                 'words=("$@"); CURRENT=$#; eval "$(%s completion zsh)"' % BINARY
        for words in ([""], ["cache", ""], ["config", "check", ""], ["completion", ""]):
            offered = subprocess.run(["zsh", "-c", script, "zsh", "authd", *words], check=True, capture_output=True,
                                     text=True).stdout.split()
            expected = subprocess.run(["bash", "-c", 'source <("$0" completion bash); compopt() { :; }; compgen() { '
                                       '[ "$1" = -f ] && echo FILES || builtin compgen "$@"; }; COMP_WORDS=(authd "$@"); '
                                       'COMP_CWORD=$#; _authd; printf "%s\\n" "${COMPREPLY[@]}"', BINARY, *words],
                                      check=True, capture_output=True, text=True).stdout.split()
            self.assertEqual(sorted(offered), sorted(expected), words)

    @unittest.skipUnless(shutil.which("fish"), "needs fish")
    def test_of_fish_knows_every_command(self):
        def fish(line):
            script = f"{BINARY} completion fish | source; complete -C '{line}'"
            out = subprocess.run(["fish", "--no-config", "-c", script], check=True, capture_output=True,
                                 text=True).stdout
            return [entry.split("\t")[0] for entry in out.splitlines()]
        self.assertEqual(set(commands()), set(fish("authd ")))
        self.assertEqual({"invalidate", "stats"}, set(fish("authd cache ")))
        self.assertIn("--socket", fish("authd reload --"))
        self.assertEqual({"bash", "zsh", "fish"}, set(fish("authd completion ")))


if __name__ == "__main__":
    unittest.main()
