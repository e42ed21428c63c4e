#!/usr/bin/env python3
"""spec/ucum is UCUM's whole table as published.

Always: both files name the version and the licence and have the table's counts. With the wheel of the
PyPI package ucumvert at hand (WEFT_UCUM=its path): distil again, compare. Without it that part is
skipped, and says so."""
import os
import subprocess
import sys

ROOT = os.environ.get("WEFT_SOURCE", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SPEC = os.path.join(ROOT, "spec/ucum")


def lines(name):
    with open(os.path.join(SPEC, name), encoding="utf-8") as f:
        return f.read().splitlines()


def problems():
    for name in ("prefixes.tsv", "units.tsv"):
        head = " ".join(lines(name)[:2])
        if "UCUM 2.2 (2024-06-17)" not in head or "Regenstrief" not in head:
            yield name + " does not name version and licence"
    units = [line.split("\t") for line in lines("units.tsv") if not line.startswith("#")]
    prefixes = [line for line in lines("prefixes.tsv") if not line.startswith("#")]
    count = len(prefixes), len([u for u in units if "b" in u[1]]), len(units)
    if count != (24, 7, 312):
        yield "prefixes, base units, units: %d, %d, %d" % count
    wheel = os.environ.get("WEFT_UCUM")
    if not wheel:
        print("NOTE: not distilled again: no WEFT_UCUM (pip download --no-deps ucumvert)")
    elif subprocess.run([sys.executable, os.path.join(ROOT, "tools/distill_ucum.py"), "--check", wheel, SPEC],
                        check=False).returncode:
        yield "spec/ucum is stale"


found = list(problems())
print("\n".join(found) or "spec/ucum is whole")
sys.exit(bool(found))
