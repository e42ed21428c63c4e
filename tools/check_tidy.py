#!/usr/bin/env python3
"""clang-tidy with the checks of .clang-tidy over the product's C files; any finding fails.

    tools/check_tidy.py BUILD [JOBS]    BUILD holds compile_commands.json; JOBS at once (2)

A file is analysed again only when it, a header it reaches, its flags or the checks have changed: findings
are kept in BUILD/tidy by a hash of all of these. tools/tidy_allow.txt lists accepted findings, "file check
function|* reason"; a row that is no longer needed is an error."""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from check_rooms import is_test  # noqa: E402

SOURCE = Path(__file__).resolve().parent.parent
# The analyser stops on a path after this many nodes: less than a tenth of its default takes a tenth of the time and has
# lost no finding yet. TIDY_NODES=225000 looks as deep as it can.
NODES = os.environ.get("TIDY_NODES", "20000")
TIDY = ["clang-tidy-16", "--quiet", "--extra-arg=-Xclang", "--extra-arg=-analyzer-config",
        "--extra-arg=-Xclang", f"--extra-arg=max-nodes={NODES}"]
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.M)
FINDING = re.compile(r"^(\S+?):(\d+):\d+: (?:warning|error): (.*) \[([\w.,-]+)\]$")


def reached(path, roots, seen):
    """Every file of ours that path includes, itself first."""
    if path in seen or not path.exists():
        return
    seen[path] = text = path.read_bytes()
    for name in INCLUDE.findall(text):
        for root in roots:
            reached((root / name.decode()).resolve(), roots, seen)


def fingerprint(entry, roots, checks):
    seen = {}
    reached(Path(entry["file"]).resolve(), roots, seen)
    digest = hashlib.sha256(checks + entry["command"].encode())
    for path in sorted(seen):
        digest.update(str(path).encode() + b"\0" + seen[path])
    return digest.hexdigest()


def analyse(entry, build, stamp):
    """(file, line, check, text) of every finding."""
    if stamp.exists():
        return json.loads(stamp.read_text())
    run = subprocess.run([*TIDY, "-p", str(build), entry["file"]], capture_output=True, text=True,
                         check=False)
    found = set()
    for line in run.stdout.splitlines():
        m = FINDING.match(line)
        if m:
            path = Path(m.group(1)).resolve()
            name = str(path.relative_to(SOURCE)) if path.is_relative_to(SOURCE) else str(path)
            found.add((name, int(m.group(2)), m.group(4), m.group(3)))
    if run.returncode not in (0, 1) or (run.returncode and not found):
        sys.exit(f"{TIDY[0]} failed on {entry['file']}:\n{run.stdout}{run.stderr}")
    stamp.write_text(json.dumps(sorted(found)))
    return sorted(found)


def function_at(name, line):
    """The function around a line: its definition starts in column one."""
    text = (SOURCE / name).read_text().splitlines()
    for at in range(min(line, len(text)) - 1, -1, -1):
        m = re.match(r"^[a-zA-Z_].*?\b(\w+)\(", text[at])
        if m and not text[at].startswith(("#", "typedef")):
            return m.group(1)
    return "*"


def allowed():
    path = SOURCE / "tools" / "tidy_allow.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return {tuple(line.split(maxsplit=3)[:3]) for line in lines if line and line[0] != "#"}


def main(build, jobs):
    entries = [e for e in json.loads((build / "compile_commands.json").read_text())
               if Path(e["file"]).is_relative_to(SOURCE / "src") and Path(e["file"]).exists()
               and not is_test(Path(e["file"]))]
    entries = list({e["file"]: e for e in entries}.values())
    checks = (SOURCE / ".clang-tidy").read_bytes() + NODES.encode()
    roots = [SOURCE / "src", build / "gen"]
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        work = [pool.submit(analyse, e, build, stamps / fingerprint(e, roots, checks))
                for e in entries]
        findings = {tuple(f) for w in work for f in w.result()}
    allow, used, bad = allowed(), set(), []
    for name, line, check, text in sorted(findings):
        function = function_at(name, line) if not name.startswith("/") else "*"
        rows = {(name, check, function), (name, check, "*")} & allow
        used |= rows
        if not rows:
            bad.append(f"{name}:{line}: {text} [{check}] in {function}()")
    bad += [f"tools/tidy_allow.txt: {' '.join(r)} is no longer needed; remove it"
            for r in sorted(allow - used)]
    print("\n".join(bad) or f"{len(entries)} files: nothing found")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 2))
