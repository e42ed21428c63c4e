#!/usr/bin/env python3
"""Distils the published Open mHealth and IEEE 1752.1 JSON schemas into spec/omh/schemas.jsonl: one schema a
line, with only what decides whether a document is valid. Words and references to terminologies are left
out, local definitions are put where they are used, the other references become namespace:name:major.

usage: distill_omh.py FOLDER SPEC_FOLDER
       distill_omh.py --check FOLDER SPEC_FOLDER   (exit 1 when it is stale)
FOLDER has the folders omh and granola (schema/ of github.com/openmhealth/schemas) and ieee (all files of
schemas/ of opensource.ieee.org/omh/1752)."""
import glob
import json
import os
import re
import sys

import distilled

LISTS = ("allOf", "anyOf", "oneOf")
KEPT = ("type", "required", "enum", "pattern", "format", "minItems")
IGNORED = ("description", "references", "$schema", "$id", "definitions", "definition", "deprecation", "title")
SOURCES = ("openmhealth/schemas 36078a89 (Apache-2.0); IEEE 1752.1 3814820e (opensource.ieee.org/omh/1752, "
           "Apache-2.0)")


def reference(ref, namespace):
    m = re.fullmatch(r"(https://w3id.org/ieee/ieee-1752-schema/)?(?:\.\./(\w+)/)?([a-z0-9-]+?)-(\d+)\.[0-9x]+\.json",
                     ref)
    if not m:
        sys.exit("a reference that is not understood: " + ref)
    return "%s:%s:%s" % ("ieee" if m[1] else m[2] or namespace, m[3], m[4])


def reduced(node, root, namespace):
    out = {}
    for key, value in node.items():
        if key in KEPT:
            out[key] = value
        elif key == "$ref" and value.startswith("#/"):
            target = root
            for step in value[2:].split("/"):
                target = target[step]
            out.setdefault("allOf", []).append(reduced(target, root, namespace))
        elif key == "$ref":
            out["ref"] = reference(value, namespace)
        elif key in LISTS:
            out.setdefault(key, []).extend(reduced(v, root, namespace) for v in value)
        elif key == "properties":
            out[key] = {name: reduced(v, root, namespace) for name, v in value.items()}
        elif key == "items":
            out[key] = reduced(value, root, namespace)
        elif key == "additionalProperties" and value is False:
            out["closed"] = True
        elif key not in IGNORED:
            sys.exit("a key word that is not understood: " + key)
    if set(out) == {"allOf"} and len(out["allOf"]) == 1:
        return out["allOf"][0]
    return out


def distil(folder, spec):
    rows = []
    for path in glob.glob(os.path.join(folder, "*", "*.json")):
        namespace = os.path.basename(os.path.dirname(path))
        m = re.fullmatch(r"(.+)-(\d+)\.(\d+)\.json", os.path.basename(path))
        if not m:
            continue  # 1.x: a link to the newest
        with open(path, encoding="utf-8") as f:
            schema = json.load(f)
        rows.append(((namespace, m[1], int(m[2]), int(m[3])), reduced(schema, schema, namespace)))
    with open(os.path.join(spec, "schemas.jsonl"), "w", encoding="utf-8") as f:
        f.write(json.dumps({"made_by": "tools/distill_omh.py", "from": SOURCES}) + "\n")
        for (namespace, name, major, minor), schema in sorted(rows, key=lambda r: r[0]):
            row = {"id": "%s:%s:%d.%d" % (namespace, name, major, minor), **schema}
            f.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    sys.exit(distilled.main(sys.argv, __doc__, distil))
