#!/usr/bin/env python3
"""Prints the notices of the program: what others wrote of it, and under which licence.

    .packages/notices.py texts .build-bundle/checkouts       every licence and notice, in full
    .packages/notices.py copyright .build-bundle/checkouts   Debian's copyright file (DEP 5)

What is linked is what Package.resolved names, Swift's runtime and GCC's C++ library. A package of
a licence that is not known here is an error.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[1]
# A sentence of each licence that a package may have, by Debian's short name of it.
KNOWN = {
    "Apache-2.0": "Apache License Version 2.0, January 2004",
    "Expat": "Permission is hereby granted, free of charge, to any person obtaining a copy of this",
}
COMMON = {
    "Apache-2.0": "On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.",
    "Apache-2.0 with Swift exception":
        "On Debian systems the text of the licence is in /usr/share/common-licenses/Apache-2.0."
        " As an exception, if you use this Software to compile your source code and portions of"
        " this Software are embedded into the binary product as a result, you may redistribute such"
        " product without providing attribution as would otherwise be required by Sections 4(a),"
        " 4(b) and 4(d) of the License.",
    "GPL-3+ with GCC exception":
        "On Debian systems the text of the licence is in /usr/share/common-licenses/GPL-3. The GCC"
        " Runtime Library Exception, version 3.1, lets a program that is compiled by GCC's usual"
        " ways be conveyed under terms of its own; its text is in NOTICES.",
}
UNSTATED = ("The authors of drr have stated no licence: beyond what the law itself allows, nobody"
            " is given leave to copy, change or pass on the program.")


def squeezed(text):
    return " ".join(text.split())


class Part:
    """What is linked into the program: a name, where it is from, its licence and its texts."""

    def __init__(self, name, origin, licence, texts, holders):
        self.name, self.origin, self.licence = name, origin, licence
        self.texts, self.holders = texts, holders


def holders(folder):
    """Whom the files of a package name as holders of its copyright."""
    found = set()
    for path in sorted([*folder.glob("*"), *(folder / "Sources").rglob("*")]):
        if path.suffix in (".swift", ".c", ".h") or path.name.startswith(("LICENSE", "NOTICE")):
            if path.is_file():
                for line in path.read_text(errors="replace").splitlines()[:40]:
                    match = re.search(r"Copyright (?:\(c\) |©)?((?:\d{4}[\d, -]*)?\w.*?)[\s*.]*$",
                                      line)
                    if match and re.match(r"\d{4}", match[1]):
                        holder = re.sub(r"^[\d, -]+(by )?", "", match[1])
                        found.add(re.split(r"(?i),|\.? all rights reserved| \";", holder)[0])
    return sorted(found) or ["the authors of " + folder.name]


def packages(checkouts):
    pins = json.loads((ROOT / "Package.resolved").read_text())["pins"]
    folders = {folder.name.lower(): folder for folder in checkouts.iterdir()}
    for pin in sorted(pins, key=lambda pin: pin["identity"]):
        folder = folders[pin["identity"]]
        files = sorted(path for path in folder.rglob("*")
                       if re.fullmatch(r"(LICEN[SC]E|NOTICE|COPYING)([.-].*)?", path.name)
                       and path.is_file() and "Tests" not in path.parts)
        own = [path for path in files if path.parent == folder and path.name.startswith("LICENSE")]
        licences = [name for name, sentence in KNOWN.items()
                    for path in own if sentence in squeezed(path.read_text())]
        if len(licences) != 1:
            sys.exit(f"{folder}: which licence is this? Tell .packages/notices.py of it.")
        texts = [(str(path.relative_to(folder)), path.read_text()) for path in files]
        version = pin["state"].get("version") or pin["state"]["revision"][:7]
        origin = f"{version}, {pin['location']}"
        yield Part(folder.name, origin, licences[0], texts, holders(folder))


def runtimes():
    swift = pathlib.Path(shutil.which("swift")).resolve().parents[1] / "share/swift/LICENSE.txt"
    version = subprocess.check_output(["swift", "--version"], text=True,
                                      stderr=subprocess.DEVNULL).split("(")[1].split(")")[0]
    yield Part("Swift runtime, Foundation, Dispatch", f"{version}, https://www.swift.org",
               "Apache-2.0 with Swift exception", [("LICENSE.txt", swift.read_text())],
               ["Apple Inc. and the Swift project authors"])
    version = subprocess.check_output(["gcc", "-dumpfullversion"], text=True).strip()
    library = pathlib.Path("/usr/share/doc") / f"libstdc++-{version.split('.')[0]}-dev/copyright"
    yield Part("libstdc++", f"GCC {version}, https://gcc.gnu.org", "GPL-3+ with GCC exception",
               [("copyright", library.read_text())], ["Free Software Foundation, Inc."])


def write_texts(parts):
    print("drr is a program of its authors, and carries parts that others wrote:\n")
    for part in parts:
        print(f"  {part.name} ({part.origin}): {part.licence}")
    texts = {}
    for part in parts:
        for name, text in part.texts:
            texts.setdefault(text.strip("\n"), []).append(f"{part.name}, {name}")
    for text, places in texts.items():
        print("\n" + "=" * 78 + "\n" + "\n".join(places) + "\n" + "=" * 78 + "\n\n" + text)


def write_copyright(parts):
    def field(name, lines):
        print(f"{name}: {lines[0]}")
        for line in lines[1:]:
            print(" " + line)

    def wrapped(text):
        return [" " + line for line in textwrap.wrap(text, 78, break_on_hyphens=False)]

    print("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/")
    print("Upstream-Name: drr")
    print("Comment: What is linked into the program is named by the package that it is from; its")
    print(" notices are in NOTICES.gz beside this file.\n")
    print("Files: *\nCopyright: the authors of drr\nLicense: unstated")
    print("\n".join(wrapped(UNSTATED)))
    for part in parts:
        print()
        field("Files", [re.sub(r"[, ]+", "-", part.name) + "/*"])
        field("Copyright", part.holders)
        print(f"License: {part.licence}")
        print(f"Comment: {part.origin}")
    for licence in sorted({part.licence for part in parts}):
        print(f"\nLicense: {licence}")
        if licence in COMMON:
            print("\n".join(wrapped(COMMON[licence])))
        else:
            text = next(part.texts[0][1] for part in parts if part.licence == licence)
            print("\n".join(" " + (line.strip() or ".") for line in text.strip().splitlines()))


if __name__ == "__main__":
    what, checkouts = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    found = [*packages(checkouts), *runtimes()]
    {"texts": write_texts, "copyright": write_copyright}[what](found)
