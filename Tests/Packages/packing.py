"""Packs, installs and takes away a small program in the place of drr.

    python3 Tests/Packages/packing.py

The archive and the Debian package are the same bytes whoever packs them and when, and hold what
they should; `make uninstall` leaves nothing of what `make install` put there. Nothing is compiled
of drr.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = re.search(r'static let version = "(.*)"',
                    (ROOT / "Sources/DRR/Core/Program.swift").read_text())[1]
INSTALLED = ["bin/drr", "lib/drr/NOTICES", "lib/drr/libz.so.1",
             "share/bash-completion/completions/drr", "share/doc/drr/CHANGELOG.md",
             "share/doc/drr/CITATION.cff", "share/doc/drr/NOTICES",
             "share/fish/vendor_completions.d/drr.fish", "share/man/man1/drr.1",
             "share/man/man1/drr.train.1", "share/zsh/site-functions/_drr"]


def run(*words, **environment):
    done = subprocess.run(words, cwd=ROOT, text=True, capture_output=True,
                          env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", **environment})
    if done.returncode:
        raise AssertionError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class Packing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.program = cls.folder / "program"
        # A program that looks for libraries where drr does.
        subprocess.run(["gcc", "-x", "c", "-", "-o", cls.program, "-Wl,--disable-new-dtags",
                        "-Wl,-rpath,$ORIGIN/lib:$ORIGIN/../lib/drr"],
                       input=b"int main(void) { return 0; }", check=True)
        # A package is built in the project's folder of bundles; what is there is left alone.
        cls.tree = cls.bundle("first/drr", range(1, 7))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def bundle(cls, name, order, mode=0o644, time=1_600_000_000):
        """A bundle's folder, its files written in an order, with a mode and a time."""
        tree = cls.folder / name
        parts = {"drr": cls.program.read_bytes(), "copyright": b"Files: *\n",
                 "NOTICES": b"notices\n", "lib/NOTICES": b"notices\n", "lib/libz.so.1": b"library",
                 "CHANGELOG.md": (ROOT / "CHANGELOG.md").read_bytes(),
                 "CITATION.cff": (ROOT / "CITATION.cff").read_bytes(),
                 "completions/drr.bash": b"bash\n", "completions/drr.zsh": b"zsh\n",
                 "completions/drr.fish": b"fish\n", "man/man1/drr.1": b".Dd 1\n",
                 "man/man1/drr.train.1": b".Dd 1\n"}
        for part in sorted(parts, key=lambda part: hash((part, tuple(order)))):
            path = tree / part
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(parts[part])
            path.chmod(0o755 if part == "drr" else mode)
            os.utime(path, (time, time))
        return tree

    def second(self):
        return self.bundle("second/drr", range(9), mode=0o600, time=1_650_000_000)

    def test_archive(self):
        second = self.second()
        run("./bundle", "pack", str(self.tree))
        run("./bundle", "pack", f"{second}/", TZ="Asia/Tokyo", LANG="C.UTF-8", XZ_OPT="-0")
        archives = [tree.with_name("drr.tar.xz") for tree in (self.tree, second)]
        self.assertEqual(*map(checksum, archives))
        with tarfile.open(archives[1]) as tar:
            entries = tar.getmembers()
            names = [entry.name for entry in entries]
            self.assertEqual(names, sorted(names))
            self.assertEqual({(entry.uid, entry.gid) for entry in entries}, {(0, 0)})
            self.assertEqual({entry.uname + entry.gname for entry in entries}, {""})
            self.assertEqual({entry.mtime for entry in entries}, {1700000000})
            self.assertEqual({entry.name: entry.mode for entry in entries if entry.isfile()},
                             {f"drr/{name}": 0o755 if name == "drr" else 0o644
                              for name in files(self.tree)})
            self.assertEqual(tar.extractfile("drr/drr").read(), self.program.read_bytes())
        run("./bundle", "pack", str(second), SOURCE_DATE_EPOCH="1700000001")
        self.assertNotEqual(*map(checksum, archives))

    def test_install_and_uninstall(self):
        for prefix, variables in [("usr/local", []), ("opt/drr", ["PREFIX=/opt/drr"])]:
            root = self.folder / prefix.replace("/", "-")
            words = [f"BUNDLE={self.tree}", f"DESTDIR={root}", *variables]
            run("make", "install", *words)
            self.assertEqual(files(root), [f"{prefix}/{name}" for name in INSTALLED])
            subprocess.run([root / prefix / "bin/drr"], check=True)
            run("make", "uninstall", *words)
            self.assertEqual(files(root), [])

    def test_debian_package(self):
        sums, package = [], ROOT / f".build/bundle/drr_{VERSION}_amd64.deb"
        kept = package.with_suffix(".kept")
        if package.exists():
            package.rename(kept)
        try:
            for tree in (self.tree, self.second()):
                run("./bundle", "deb", str(tree))
                sums.append(checksum(package))
            self.assertEqual(*sums)
            fields = run("dpkg-deb", "--field", package)
            self.assertIn(f"Version: {VERSION}\n", fields)
            self.assertRegex(fields, r"Depends: libc6 \(>= 2\.\d+\), libopenblas0")
            self.assertNotIn("@", re.sub(r"<.*>", "", fields))
            root = self.folder / "deb"
            run("dpkg-deb", "--extract", package, root)
            expected = ["bin/drr", "share/bash-completion/completions/drr",
                        "share/doc/drr/CITATION.cff", "share/doc/drr/NOTICES.gz",
                        "share/doc/drr/changelog.gz", "share/doc/drr/copyright",
                        "share/fish/vendor_completions.d/drr.fish", "share/lintian/overrides/drr",
                        "share/man/man1/drr.1.gz", "share/man/man1/drr.train.1.gz",
                        "share/zsh/vendor-completions/_drr"]
            self.assertEqual(files(root / "usr"), expected)
            self.assertNotIn("ORIGIN", run("readelf", "-d", root / "usr/bin/drr"))
            changes = run("dpkg-parsechangelog", "--file", root / "usr/share/doc/drr/changelog.gz")
            self.assertIn(f"Version: {VERSION}\n", changes)
        finally:
            package.unlink(missing_ok=True)
            if kept.exists():
                kept.rename(package)


class Version(unittest.TestCase):
    def test_one_version(self):
        citation = (ROOT / "CITATION.cff").read_text()
        self.assertEqual(re.search(r"^version: (.*)$", citation, re.M)[1], VERSION)
        changes = (ROOT / "CHANGELOG.md").read_text()
        self.assertEqual(re.search(r"^## (\S+)", changes, re.M)[1], VERSION)


if __name__ == "__main__":
    unittest.main()
