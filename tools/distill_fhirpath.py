#!/usr/bin/env python3
"""Distils HL7's FHIRPath test suite for R4 into tests/vectors/fhirpath_suite.json.

Reads the jar of org.hl7.fhir.testcases:fhir-test-cases (from Maven Central: mvn dependency:get
-Dartifact=org.hl7.fhir.testcases:fhir-test-cases:1.5.14): r4/fhirpath/tests-fhir-r4.xml, the
groups of the R5 file that the R4 file lacks, and the resources they are about, turned from XML into
JSON by the element tables of spec/fhir.

usage: distill_fhirpath.py JAR OUT_FILE
"""

import json
import os
import sys
import xml.etree.ElementTree as ET
import zipfile

ROOT = "org/hl7/fhir/testcases/"
FHIR = "{http://hl7.org/fhir}"
XHTML = "{http://www.w3.org/1999/xhtml}"
SOURCE = "org.hl7.fhir.testcases:fhir-test-cases 1.5.14 (HL7; Apache-2.0)"
SPEC = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "spec/fhir")
NUMBERS = {"decimal", "integer", "positiveInt", "unsignedInt"}
EXTRA_GROUPS = {"defineVariable", "testExists", "testSplit"}


class Number(float):
    """A decimal that json writes as it was written."""

    def __new__(cls, text):
        self = float.__new__(cls, text)
        self.text = text
        return self

    def __repr__(self):
        return self.text


def rows(name):
    with open(os.path.join(SPEC, name), encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


class Model:
    def __init__(self):
        self.base = {r[0]: r[3] if len(r) > 3 else "" for r in rows("types.tsv")}
        self.elements = {}
        for path, _, top, types, *_ in rows("elements.tsv"):
            codes = [t.split("(")[0] for t in types.split(" ")]
            for code in codes:
                name = path.replace("[x]", code[0].upper() + code[1:])
                self.elements[name] = (top == "*", path if code in ("BackboneElement", "Element")
                                       else code)

    def find(self, type_name, name):
        kind = type_name
        while kind:
            row = self.elements.get(kind + "." + name)
            if row:
                return self.elements[row[1][1:]] if row[1].startswith("#") else row
            kind = self.base.get(kind, "") if "." not in kind else "BackboneElement"
        if name in ("id", "url") or type_name.startswith("#"):
            return False, "string"
        raise SystemExit(f"no element {type_name}.{name}")

    def content(self, kind):
        return kind[1:] if kind.startswith("#") else kind


def scalar(kind, text):
    if kind == "boolean":
        return text == "true"
    return Number(text) if kind in NUMBERS else text


def child_value(model, kind, node):
    """(value, sibling) of one element of that type."""
    if node.tag.startswith(XHTML):
        ET.register_namespace("", "http://www.w3.org/1999/xhtml")
        return ET.tostring(node, encoding="unicode").strip(), None
    if kind == "Resource":
        return resource(model, node[0]), None
    primitive = kind[0].islower() and "." not in kind
    rest = members(model, "Element" if primitive else kind, node)
    if not primitive:
        return rest, None
    text = node.get("value")
    return None if text is None else scalar(kind, text), rest or None


def members(model, kind, node):
    out = {}
    if node.get("id"):
        out["id"] = node.get("id")
    if node.get("url"):
        out["url"] = node.get("url")
    for child in node:
        name = child.tag.split("}")[1]
        many, child_kind = model.find(kind, name)
        value, sibling = child_value(model, child_kind, child)
        if not many:
            if value is not None:
                out[name] = value
            if sibling:
                out["_" + name] = sibling
            continue
        out.setdefault(name, []).append(value)
        out.setdefault("_" + name, []).append(sibling)
    for name in [n for n in out if n.startswith("_") and isinstance(out[n], list)]:
        if not any(out[name]):
            del out[name]
    return out


def resource(model, node):
    kind = node.tag.split("}")[1]
    return {"resourceType": kind, **members(model, kind, node)}


def find_input(jar, name):
    for folder in ("r4/", "r4/examples/"):
        path = ROOT + folder + name
        if path in jar.namelist():
            return jar.read(path)
    return None


def tests_of(text, groups=None, known=()):
    for group in ET.fromstring(text).findall("group"):
        if groups and group.get("name") not in groups:
            continue
        for test in group.findall("test"):
            expression = test.find("expression")
            row = {"name": test.get("name"), "group": group.get("name")}
            if row["name"] in known:
                continue
            for key in ("inputfile", "predicate", "mode"):
                if test.get(key):
                    row[key] = test.get(key)
            row["expression"] = expression.text
            if expression.get("invalid"):
                row["invalid"] = expression.get("invalid")
            row["output"] = [[o.get("type"), o.text or ""] for o in test.findall("output")]
            yield row


def main():
    jar_path, out = sys.argv[1:]
    model = Model()
    with zipfile.ZipFile(jar_path) as jar:
        tests = list(tests_of(jar.read(ROOT + "r4/fhirpath/tests-fhir-r4.xml")))
        known = {t["name"] for t in tests}
        tests += tests_of(jar.read(ROOT + "r5/fhirpath/tests-fhir-r5.xml"), EXTRA_GROUPS, known)
        inputs = {}
        for name in sorted({t["inputfile"] for t in tests if "inputfile" in t}):
            text = find_input(jar, name)
            if text is None:  # an example of R5 only
                tests = [t for t in tests if t.get("inputfile") != name]
            elif name.endswith(".json"):
                inputs[name] = json.loads(text, parse_float=Number)
            else:
                inputs[name] = resource(model, ET.fromstring(text))
    with open(out, "w", encoding="utf-8") as f:
        f.write(json.dumps(SOURCE).join(['{"source": ', ',\n"inputs": {\n']))
        f.write(",\n".join(f"{json.dumps(n)}: {dump(v)}" for n, v in inputs.items()))
        f.write('\n},\n"tests": [\n')
        f.write(",\n".join(dump(t) for t in tests))
        f.write("\n]}\n")


def dump(v):
    """json.dumps with decimals as written."""
    if isinstance(v, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{dump(x)}" for k, x in v.items()) + "}"
    if isinstance(v, list):
        return "[" + ",".join(map(dump, v)) + "]"
    return v.text if isinstance(v, Number) else json.dumps(v, ensure_ascii=False)


if __name__ == "__main__":
    main()
