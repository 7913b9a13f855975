# SPDX-License-Identifier: Apache-2.0
"""The root that deploy/container/make_root makes, run as the Containerfile says, with no container engine: chroot as its
user, the root read-only, a tmpfs for the admin socket. container_root runs this in namespaces of its own."""
import contextlib
import fcntl
import glob
import hashlib
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import struct
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

BUILD = os.environ["AUTHD_BUILD"]
SOURCE = os.environ["AUTHD_SOURCE"]
CONTAINER = os.path.join(SOURCE, "deploy", "container")
MAKE_ROOT = os.path.join(CONTAINER, "make_root")
ALICE = "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0"
PORT = 3000


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def containerfile():
    """The instructions of the last stage, as (name, text)."""
    with open(os.path.join(CONTAINER, "Containerfile"), encoding="utf-8") as file:
        text = re.sub(r"^#.*\n", "", file.read(), flags=re.M).replace("\\\n", " ")
    instructions = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    last = max(i for i, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[last:]


def instruction(name):
    (text,) = [text for given, text in containerfile() if given == name]
    return text


def inventory(root):
    """Everything in a root but what is mounted there: kind, mode, size, time and content."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            content = None
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            found[os.path.relpath(path, root)] = (status.st_mode, status.st_uid, status.st_mtime_ns, content)
    return found


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1)) # SIOCSIFFLAGS, IFF_UP


class Names(threading.Thread):
    """A name server that knows kong.test as 127.0.0.1."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.asked = set()
        self.start()

    def run(self):
        while True:
            query, client = self.socket.recvfrom(512)
            end = query.index(b"\0", 12) + 5
            question, kind = query[12:end], query[end - 4:end - 2]
            name = b".".join(re.findall(rb"[a-z]+", question[:-4])).decode()
            self.asked.add(name)
            answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04\x7f\0\0\x01" if kind == b"\0\x01" and name == "kong.test" else b""
            counts = struct.pack(">HHHH", 1, bool(answer), 0, 0)
            self.socket.sendto(query[:2] + b"\x81\x80" + counts + question + answer, client)


class Kong(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        credential = {"id": "11111111-1111-4111-8111-111111111111", "key": "alice-key", "algorithm": "HS256",
                      "secret": "0123456789abcdef0123456789abcdef", "created_at": 1700000000}
        body = {"/status": {"database": {"reachable": True}}}.get(self.path, {"data": [credential], "next": None})
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def kong_over_tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Kong)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Container:
    """authd as an engine starts it: `with Container(root, configuration)`, the latter a folder."""

    def __init__(self, root, configuration):
        self.root = root
        self.configuration = configuration
        self.user = int(instruction("USER").split(":")[0])
        self.environment = dict(text.split("=", 1) for name, text in containerfile() if name == "ENV")
        self.command = json.loads(instruction("ENTRYPOINT")) + json.loads(instruction("CMD"))

    def __enter__(self):
        self.before = inventory(self.root)
        with contextlib.ExitStack() as stack:
            self.mount(stack, "", "--bind", self.root)
            run("mount", "-o", "remount,bind,ro", self.root)
            self.mount(stack, "etc/authd", "--bind", self.configuration)
            self.mount(stack, "run/authd", "-t", "tmpfs", "-o", f"uid={self.user},mode=0700", "tmpfs")
            self.mount(stack, "proc", "-t", "proc", "proc")
            self.process = stack.enter_context(self.start(self.command, stdout=subprocess.PIPE, text=True))
            stack.callback(self.process.kill)
            self.log = []
            self.await_ready()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()
        self.after = inventory(self.root)

    def mount(self, stack, at, *arguments):
        target = os.path.join(self.root, at)
        run("mount", *arguments, target)
        stack.callback(run, "umount", target)

    def start(self, command, **options):
        return subprocess.Popen(command, env=self.environment, preexec_fn=self.enter, **options)

    def enter(self):
        os.chroot(self.root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(self.user)
        os.setuid(self.user)

    def await_ready(self):
        for line in self.process.stdout:
            self.log.append(line)
            if json.loads(line).get("event.action") == "ready":
                return
        raise AssertionError("authd ended:\n" + "".join(self.log))

    def path(self, *parts):
        return os.path.join(self.root, *parts)


def token(consumer, username):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/tokens",
                                     headers={"X-Consumer-ID": consumer, "X-Consumer-Username": username})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer).get("access_token", "")
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{error.code}: {error.read()}") from error


class ContainerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise_loopback()
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.chmod(cls.folder, 0o755)
        cls.tree = os.path.join(cls.folder, "tree")
        run("cmake", "--install", BUILD, "--prefix", cls.tree, "--component", "authd")
        cls.root = cls.make_root(cls.tree)

    @classmethod
    def make_root(cls, source, **environment):
        root = os.path.join(tempfile.mkdtemp(dir=cls.folder), "root")
        os.chmod(os.path.dirname(root), 0o755)
        run(MAKE_ROOT, source, root, env={**os.environ, **environment})
        return root

    def configuration(self, text):
        folder = tempfile.mkdtemp(dir=self.folder)
        os.chmod(folder, 0o755)
        for path in glob.glob(os.path.join(SOURCE, "etc", "demo", "*")):
            shutil.copy(path, folder)
        with open(os.path.join(folder, "authd.toml"), "a", encoding="utf-8") as file:
            file.write('\n[admin]\nlisten = "unix:/run/authd/admin.sock"\n')
        if text:
            with open(os.path.join(folder, "authd.toml"), "w", encoding="utf-8") as file:
                file.write(text)
        return folder

    def test_issues_a_token_and_writes_nothing(self):
        with Container(self.root, self.configuration("")) as container:
            self.assertTrue(token("example-consumer", "example-consumer"))
            with open(f"/proc/{container.process.pid}/status", encoding="utf-8") as file:
                status = dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))
            self.assertEqual(status["Uid"].split(), 4 * [str(container.user)])
            self.assertNotEqual(container.user, 0)
            self.assertEqual(int(status["CapEff"], 16), 0)
            with self.assertRaisesRegex(OSError, "Read-only"):
                open(container.path("etc", "new"), "w", encoding="utf-8")
            self.assertTrue(stat.S_ISSOCK(os.stat(container.path("run", "authd", "admin.sock")).st_mode))

            container.process.send_signal(signal.Signals[instruction("STOPSIGNAL")])
            self.assertEqual(container.process.wait(timeout=60), 0)
        self.assertEqual(container.after, container.before)

    def test_its_commands_work_without_a_shell(self):
        with Container(self.root, self.configuration("")) as container:
            check = json.loads(re.search(r"CMD (\[.*\])", instruction("HEALTHCHECK"))[1])
            commands = [check, *([check[0], *rest] for rest in (["reload"], ["status", "--once"], ["plugins"]))]
            for command in commands:
                done = container.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                said = done.communicate(timeout=60)[0]
                self.assertEqual(done.returncode, 0, f"{command}: {said}")

    def test_resolves_names_and_verifies_certificates_by_the_systems_authorities(self):
        certificate, key = (os.path.join(self.folder, name) for name in ("kong.pem", "kong.key"))
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
            "-subj", "/CN=kong.test", "-addext", "subjectAltName=DNS:kong.test", "-keyout", key, "-out", certificate)
        names, kong = Names(), kong_over_tls(certificate, key)
        configuration = self.configuration(f"""
[jwt]
authority = "https://auth.example.com"
audience = ["https://api.example.com"]
[gateway]
plugin = "kong-gateway"
admin_url = "https://kong.test:{kong.server_address[1]}"
[breaker]
timeout = "10s"
[admin]
listen = ""
""")
        root = os.path.join(tempfile.mkdtemp(dir=self.folder), "root")
        os.chmod(os.path.dirname(root), 0o755)
        shutil.copytree(self.root, root, symlinks=True)
        with open(os.path.join(root, "etc", "resolv.conf"), "w", encoding="utf-8") as file:
            file.write("nameserver 127.0.0.1\n")
        with Container(root, configuration), self.assertRaisesRegex(AssertionError, "503"):
            token(ALICE, "alice")
        self.assertIn("kong.test", names.asked)

        digest = run("openssl", "x509", "-noout", "-hash", "-in", certificate).strip()
        shutil.copy(certificate, os.path.join(root, "etc", "ssl", "certs", f"{digest}.0"))
        with Container(root, configuration):
            self.assertTrue(token(ALICE, "alice"))

    def test_has_the_authorities_of_this_machine(self):
        with open(os.path.join(self.root, "etc/ssl/certs/ca-certificates.crt"), encoding="utf-8") as file:
            self.assertGreater(file.read().count("BEGIN CERTIFICATE"), 50)
        self.assertGreater(len(glob.glob(os.path.join(self.root, "usr/lib/ssl/certs/*.0"))), 50)

    def test_holds_no_other_program(self):
        self.assertEqual(os.listdir(os.path.join(self.root, "usr", "bin")), ["authd"])
        self.assertEqual(sorted(os.listdir(self.root)), ["dev", "etc", "lib", "lib64", "proc", "run", "sys", "usr"])
        for path, (mode, owner, *_) in inventory(self.root).items():
            self.assertFalse(mode & (stat.S_ISUID | stat.S_ISGID), path)
            self.assertEqual(owner, 0, f"its own user could change {path}")
            self.assertNotRegex(os.path.basename(path), r"^(\w*sh|busybox|perl|python.*|apt.*|dpkg.*)$")
            if stat.S_ISREG(mode) and mode & 0o111:
                with open(os.path.join(self.root, path), "rb") as file:
                    self.assertEqual(file.read(4), b"\x7fELF", f"{path} is a script")

    def test_brings_the_licence_of_each_library_and_the_sbom(self):
        with open(os.path.join(self.root, "usr/share/doc/authd/sbom.cdx.json"), encoding="utf-8") as file:
            components = json.load(file)["components"]
        shared = [c["name"] for c in components if {"name": "authd:linked", "value": "shared"} in c["properties"]]
        self.assertGreater(len(shared), 5)
        for name in shared:
            self.assertTrue(os.path.exists(os.path.join(self.root, "usr/share/doc", name, "copyright")), name)

    def test_takes_a_package_and_gives_the_same(self):
        package = os.path.join(self.folder, "package")
        run("cmake", "--install", BUILD, "--prefix", "/usr", "--component", "authd", env={**os.environ, "DESTDIR": package})
        os.makedirs(os.path.join(package, "DEBIAN"))
        with open(os.path.join(package, "DEBIAN", "control"), "w", encoding="utf-8") as file:
            file.write("Package: authd\nVersion: 0\nArchitecture: all\nMaintainer: nobody <n@example.com>\nDescription: x\n")
        run("dpkg-deb", "--build", "--root-owner-group", package, package + ".deb")
        roots = [self.make_root(source, SOURCE_DATE_EPOCH="1700000000") for source in (self.tree, package + ".deb")]
        first, second = (inventory(root) for root in roots)
        self.assertEqual(first, second)
        self.assertEqual({time for _, _, time, _ in first.values()}, {1700000000 * 10**9})

    def test_a_library_that_is_missing_is_an_error(self):
        tree = os.path.join(self.folder, "broken")
        shutil.copytree(self.tree, tree)
        library, plugin = os.path.join(self.folder, "libgone.so"), os.path.join(tree, "lib/authd/plugins/new.so")
        run("cc", "-shared", "-fPIC", "-x", "c", "/dev/null", "-o", library)
        run("cc", "-shared", "-fPIC", "-x", "c", "/dev/null", "-x", "none", "-Wl,--no-as-needed", library, "-o", plugin)
        os.remove(library)
        with self.assertRaisesRegex(AssertionError, "not found"):
            self.make_root(tree)

    def test_the_containerfile_says_what_the_root_and_the_deployment_say(self):
        self.assertEqual(instruction("FROM"), "scratch")
        with open(os.path.join(self.root, "etc", "passwd"), encoding="utf-8") as file:
            _, _, user, group, *_ = file.read().split(":")
        self.assertEqual(instruction("USER"), f"{user}:{group}")
        self.assertEqual(instruction("EXPOSE"), str(PORT))
        with open(os.path.join(SOURCE, "deploy", "kubernetes", "deployment.yaml"), encoding="utf-8") as file:
            deployment = file.read()
        self.assertEqual(set(re.findall(r"(?:runAsUser|runAsGroup|fsGroup): (\d+)", deployment)), {user})
        self.assertIn(f"containerPort: {PORT}\n", deployment)


if __name__ == "__main__":
    unittest.main()
