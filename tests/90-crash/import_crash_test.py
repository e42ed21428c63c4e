#!/usr/bin/env python3
"""kill -9 at random moments during weft import: after each, every Bundle is there whole or not at
all, the audit chain is whole and tells of as many transactions, and the store opens and goes on.
WEFT_KILLS sets how often (default 25). Every check reads all there is, so a store is given up for an empty
one after a few kills."""
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

WEFT = os.environ["WEFT"]
KILLS = int(os.environ.get("WEFT_KILLS", "25"))
SIZE = 40  # resources a Bundle
EACH = 8  # kills a store


def run(*args, code=0):
    p = subprocess.run([WEFT, *args], capture_output=True, text=True)
    if p.returncode != code:
        sys.exit(f"weft {' '.join(args)}: exit {p.returncode}\n{p.stdout[-2000:]}{p.stderr[-2000:]}")
    return p.stdout


def bundle(n):
    """Patient n and SIZE - 1 readings; the readings carry n, so that a half Bundle shows."""
    p = f"urn:uuid:{n:08x}-0000-4000-8000-000000000000"
    entry = [{"fullUrl": p, "resource": {"resourceType": "Patient", "identifier": [{"value": str(n)}]},
              "request": {"method": "POST", "url": "Patient"}}]
    entry += [{"resource": {"resourceType": "Observation", "status": "final", "code": {"text": str(n)},
                            "subject": {"reference": p}, "valueInteger": i},
               "request": {"method": "POST", "url": "Observation"}} for i in range(SIZE - 1)]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entry})


def check(folder, last):
    out = [json.loads(line) for line in run("export", "--data", folder).splitlines()]
    patients = {r["id"]: r["identifier"][0]["value"] for r in out if r["resourceType"] == "Patient"}
    readings = collections.Counter()
    for r in out:
        if r["resourceType"] != "Observation":
            continue
        owner = r["subject"]["reference"].split("/")[1]
        if patients.get(owner) != r["code"]["text"]:
            sys.exit("a reading without its patient: a Bundle was half applied")
        readings[owner] += 1
    if any(readings[p] != SIZE - 1 for p in patients):
        sys.exit("a Bundle was half applied")
    if len(patients) < last:
        sys.exit(f"{last - len(patients)} Bundles that were there are gone")
    told = run("audit", "verify", "--data", folder)
    return len(patients), int(told.split()[0])


def main():
    rng = random.Random(20261121)
    root = tempfile.mkdtemp(prefix="weft-crash-")
    try:
        source = os.path.join(root, "in.ndjson")
        with open(source, "w", encoding="utf-8") as f:
            f.writelines(bundle(n) + "\n" for n in range(4000))
        there, killed, folder = 0, 0, ""
        for n in range(KILLS):
            if n % EACH == 0:
                shutil.rmtree(folder, ignore_errors=True)
                folder, here = os.path.join(root, f"data{n}"), 0
                run("init", "--data", folder)
            p = subprocess.Popen([WEFT, "import", "--data", folder, source],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.0, 0.5))
            if p.poll() is None:
                p.send_signal(signal.SIGKILL)
                killed += 1
            p.wait()
            before, (here, lines) = here, check(folder, here)
            there += here - before
            # An import and an export is a line each, an import of a Bundle one in its transaction.
            if lines < here:
                sys.exit(f"{here} Bundles, but {lines} lines in the trail")
        print(f"{killed} kills, {there} Bundles there, each whole")
        if killed < KILLS // 2 or there == 0:
            sys.exit("the kills came too late or too early to prove anything")
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
