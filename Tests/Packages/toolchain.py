"""Has ./install get Swift from a server on this machine, as it would from swift.org.

    python3 Tests/Packages/toolchain.py

Beside the archive that it should take, it meets one with other bytes, one that breaks off, one with
another's signature, one that is not there, and a release for which none is pinned; each is refused
with a reason, and nothing of it is kept. Needs gpg, gpgv and curl.
"""

import hashlib
import http.server
import io
import os
import pathlib
import platform
import shutil
import socketserver
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("awk base64 cat curl cut df dirname gpgv gzip head id mkdir mktemp mv rm sed sh sha256sum"
         " tail tar tr uname").split()
MACHINE = {line.split("=")[0]: line.split("=", 1)[1].strip().strip('"')
           for line in open("/etc/os-release") if "=" in line}
RELEASE = MACHINE["ID"] + MACHINE["VERSION_ID"]
if platform.machine() != "x86_64":
    RELEASE += "-" + platform.machine()


def archive(words, padding=4096):
    """A toolchain whose swift says `words`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, mode, data in [("usr/bin/swift", 0o755, f"#!/bin/sh\necho '{words}'\n".encode()),
                                 ("usr/lib/filling", 0o644, os.urandom(padding))]:
            entry = tarfile.TarInfo(f"swift-RELEASE/{name}")
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


class Signer:
    """A key that has expired since it signed, as swift.org's of 6.x has."""

    def __init__(self, home):
        home.mkdir(mode=0o700)
        self.home = home
        self.gpg("--faked-system-time", "20250101T000000", "--passphrase", "",
                 "--quick-generate-key", "test", "ed25519", "sign", "2d")
        self.key = self.gpg("--armor", "--export")

    def gpg(self, *words, given=None):
        return subprocess.run(["gpg", "--batch", "--quiet", "--homedir", self.home, *words],
                              input=given, check=True, capture_output=True).stdout

    def sign(self, data):
        return self.gpg("--faked-system-time", "20250102T000000", "--detach-sign", given=data)


class Server(socketserver.ThreadingTCPServer):
    """Serves `files`, of which those in `broken` stop half-way."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.broken, self.asked = {}, set(), []
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.server.asked.append(self.path)
        data = self.server.files.get(self.path)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        return data or b""

    def do_GET(self):
        data = self.do_HEAD()
        self.wfile.write(data[:len(data) // 2] if self.path in self.server.broken else data)

    def log_message(self, *_):
        pass


class Toolchain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.signer = Signer(cls.folder / "signer")
        cls.other = Signer(cls.folder / "other")

    @classmethod
    def tearDownClass(cls):
        for signer in (cls.signer, cls.other):
            subprocess.run(["gpgconf", "--homedir", signer.home, "--kill", "all"])
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.project = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copy(ROOT / "install", self.project)
        # A system that has every package and every tool that is used, and no Swift.
        self.tools = self.project / "tools"
        self.tools.mkdir()
        for tool in TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool))
        self.program("dpkg-query", "install ok installed")
        self.server = Server()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.good = archive("Swift version 6.3.1 (swift-6.3.1-RELEASE)")
        self.serve(self.good)
        self.pin(f"version 6.3.1\n{RELEASE} {hashlib.sha256(self.good).hexdigest()}\n")

    def program(self, name, words):
        path = self.tools / name
        path.write_text(f"#!/bin/sh\nprintf '%s' '{words}'\n")
        path.chmod(0o755)

    def pin(self, text):
        pins = self.project / ".packages" / "toolchain"
        pins.mkdir(parents=True, exist_ok=True)
        (pins / "pins").write_text(text)
        (pins / "release-key.asc").write_bytes(self.signer.key)

    def serve(self, data, signer=None):
        self.server.files = {"/swift.tar.gz": data,
                             "/swift.tar.gz.sig": (signer or self.signer).sign(data)}

    def install(self):
        address = f"http://127.0.0.1:{self.server.server_address[1]}/swift.tar.gz"
        return subprocess.run(["./install"], cwd=self.project, text=True, capture_output=True,
                              env={"PATH": str(self.tools), "DRR_SWIFT_URL": address})

    def refused(self, *words):
        run = self.install()
        self.assertEqual(run.returncode, 1, run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)
        kept = [path.name for path in self.project.iterdir() if path.name.startswith(".swift")]
        self.assertEqual(kept, [])

    def version(self):
        return subprocess.check_output([self.project / ".swift/usr/bin/swift"], text=True)

    def test_right_archive(self):
        self.good = archive("Swift version 6.3.1", padding=3 << 20)
        self.serve(self.good)
        self.pin(f"version 6.3.1\n{RELEASE} {hashlib.sha256(self.good).hexdigest()}\n")
        run = self.install()
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.version(), "Swift version 6.3.1\n")
        self.assertRegex(run.stderr, rf"^getting Swift 6.3.1 for {RELEASE}: 3 MiB from http")
        kept = [path.name for path in self.project.iterdir() if path.name.startswith(".swift")]
        self.assertEqual(kept, [".swift"])
        # It is there now, and nothing is asked for again.
        asked = len(self.server.asked)
        self.assertEqual(self.install().returncode, 0)
        self.assertEqual(len(self.server.asked), asked)

    def test_old_swift(self):
        self.program("swift", "Swift version 6.1.2 (swift-6.1.2-RELEASE)")
        self.assertEqual(self.install().returncode, 0)
        self.assertIn("6.3.1", self.version())

    def test_new_swift(self):
        self.program("swift", "Swift version 7.0 (swift-7.0-RELEASE)")
        self.assertEqual(self.install().returncode, 0)
        self.assertEqual(self.server.asked, [])

    def test_wrong_checksum(self):
        other = archive("Swift version 6.3.1 (another)")
        self.serve(other)
        self.refused(hashlib.sha256(self.good).hexdigest(), hashlib.sha256(other).hexdigest())

    def test_broken_off(self):
        self.server.broken = {"/swift.tar.gz"}
        self.refused("broke off", "run this again")

    def test_another_signature(self):
        self.serve(self.good, self.other)
        self.refused("no signature by", "release-key.asc")

    def test_no_archive(self):
        self.server.files = {}
        self.refused("404", "No Swift at http://127.0.0.1", "DRR_SWIFT_URL")

    def test_no_pin(self):
        self.pin("version 6.3.1\nplan9 00\n")
        self.refused(f"No Swift 6.3.1 is pinned for {RELEASE}", "www.swift.org/install/linux")

    def test_swift_that_does_not_run(self):
        bad = archive("Segmentation fault")
        self.serve(bad)
        self.pin(f"version 6.3.1\n{RELEASE} {hashlib.sha256(bad).hexdigest()}\n")
        self.refused("does not run here: Segmentation fault")


class Pins(unittest.TestCase):
    def test_own_pins(self):
        """The committed pins are whole, and the key is the one whose fingerprint they name."""
        lines = (ROOT / ".packages/toolchain/pins").read_text().splitlines()
        pins = dict(line.split() for line in lines if not line.startswith("#"))
        self.assertRegex(pins.pop("version"), r"^6\.\d+\.\d+$")
        self.assertEqual(len(set(pins.values())), len(pins))
        for checksum in pins.values():
            self.assertRegex(checksum, r"^[0-9a-f]{64}$")
        key = ROOT / ".packages/toolchain/release-key.asc"
        shown = subprocess.check_output(["gpg", "--show-keys", "--with-colons", key], text=True)
        prints = [line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr:")]
        self.assertEqual(len(prints), 1)
        self.assertIn(prints[0], " ".join(lines[:4]))


if __name__ == "__main__":
    for tool in ("gpg", "gpgv", "curl"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed: ./install gpg gpg-agent gpgv curl")
    unittest.main()
