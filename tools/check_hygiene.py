#!/usr/bin/env python3
"""What must not be in the repository: paths of one machine, addresses of package registries, unfinished
marks, keys, files nobody can read.

    tools/check_hygiene.py [SOURCE]     exit 0, or 1 and one line a find
    tools/check_hygiene.py --self-test"""
import re
import subprocess
import sys
from pathlib import Path

# Written in pieces, so that this file does not find itself.
RULES = [
    ("a path of one machine", re.compile(r"/(?:wor" r"k|hom" r"e/\w+|roo" r"t|tmp/wef" r"t)/")),
    ("the address of a registry", re.compile(r"registry\.npm" r"js|deb\.deb" r"ian\.org|py" r"pi\.org"
                                             r"|pythonhos" r"ted\.org|proxy\.gol" r"ang\.org")),
    ("an unfinished mark", re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b")),
    ("a private key", re.compile(r"BEGIN [A-Z ]*PRIVATE KE" r"Y")),
]
TEXT_MAX = 4 << 20
# Bytes that are what they are: recorded inputs of fuzzers; HL7's own words.
SKIP = ("tests/corpus/", "spec/terms/codesystems")


def check_text(name, text):
    for what, rule in RULES:
        for m in rule.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {what}"


def main(source):
    out = subprocess.run(["git", "-C", str(source), "ls-files", "-z"], capture_output=True, check=False)
    if out.returncode:
        print("not a git checkout: nothing to look through")
        return 77
    bad, names = [], [n for n in out.stdout.decode().split("\0") if n]
    for name in names:
        path = source / name
        if not path.is_file() or name.startswith(SKIP):
            continue
        if path.stat().st_size > TEXT_MAX:
            bad.append(f"{name}: larger than {TEXT_MAX} bytes")
            continue
        data = path.read_bytes()
        if b"\0" not in data:
            bad += check_text(name, data.decode("utf-8", "replace"))
    print("\n".join(bad) or f"{len(names)} files are clean")
    return 1 if bad else 0


def self_test():
    for text in ("cd /wor" "k/main", "https://registry.npm" "js.org/x", "/* TO" "DO: later */"):
        assert list(check_text("x", text)), text
    assert not list(check_text("x", "the network/ and todo lists, /tmp/x, home/ground"))
    print("finds what it should")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()))
