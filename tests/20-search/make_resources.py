#!/usr/bin/env python3
"""Invents resources of every R4 type for the search model test, one JSON a line.

Elements that a search parameter looks at are there more often than not, with values from small
pools, so that searches find something. Valid by spec/fhir; the same seed gives the same lines.

usage: make_resources.py SPEC_FOLDER SEED ROUNDS
"""

import json
import os
import random
import re
import sys

SKIP = {"id", "meta", "implicitRules", "text", "contained", "extension", "modifierExtension"}
NEVER = {"AuditEvent", "StructureDefinition", "Bundle", "Parameters", "Binary", "Subscription", "SearchParameter", "Consent"}
CORE = {"Patient": 4, "Observation": 9, "Encounter": 4, "Condition": 3, "Location": 3,
        "MedicationRequest": 2, "RiskAssessment": 2, "Group": 2}
WORDS = ["Anna", "annabel", "Müller", "Muller", "O'Neil", "van der Berg", "Li", "blood pressure",
         "Body mass index", "1 Main Street", "heart-rate", "Ghent", "x"]
DATES = ["2024", "2025-03", "2025-03-04", "2025-03-05", "2024-12-31", "2025-04-01"]
TIMES = DATES + ["2025-03-04T10:00:00Z", "2025-03-04T10:00:00.250Z", "2025-03-04T10:00:00+02:00"]
NUMBERS = ["0", "1", "-1.5", "70", "70.4", "70.45", "120", "0.25", "0.0001", "99.95"]
URLS = ["http://a.org/fhir/Thing/1", "http://a.org/fhir/Thing", "http://a.org/fhir", "urn:oid:1.2.3",
        "http://b.org/x|2.0"]
UNITS = ["kg", "g", "mm[Hg]", "/min", "mg", "Cel"]
FORMS = {"boolean": lambda r: r.random() < 0.5, "instant": lambda r: "2025-03-04T10:00:00Z",
         "date": lambda r: r.choice(DATES), "dateTime": lambda r: r.choice(TIMES),
         "time": lambda r: "10:00:00", "integer": lambda r: r.choice([0, 1, 5, 70]),
         "unsignedInt": lambda r: r.choice([0, 1, 5]), "positiveInt": lambda r: r.choice([1, 2, 70]),
         "decimal": lambda r: Number(r.choice(NUMBERS)), "base64Binary": lambda r: "aGk=",
         "oid": lambda r: "urn:oid:1.2.3", "uuid": lambda r:
         "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "id": lambda r: r.choice(["a", "b-1"]),
         "markdown": lambda r: r.choice(WORDS), "string": lambda r: r.choice(WORDS),
         "uri": lambda r: r.choice(URLS[:4]), "url": lambda r: r.choice(URLS[:3]),
         "canonical": lambda r: r.choice(URLS), "xhtml": lambda r:
         '<div xmlns="http://www.w3.org/1999/xhtml">hi</div>'}


class Number(float):
    """A decimal that is written as it was given."""

    def __new__(cls, text):
        n = float.__new__(cls, text)
        n.text = text
        return n

    def __repr__(self):
        return self.text


def rows_of(path):
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


class Maker:
    def __init__(self, spec, seed):
        self.random = random.Random(seed)
        self.base = {r[0]: r[3] for r in rows_of(os.path.join(spec, "types.tsv"))}
        self.types = sorted(r[0] for r in rows_of(os.path.join(spec, "types.tsv"))
                            if r[1] == "resource" and r[2] != "abstract" and r[0] not in NEVER)
        self.children, self.codes = {}, {}
        for path, low, high, types, binding, _ in rows_of(os.path.join(spec, "elements.tsv")):
            context, name = path.rsplit(".", 1)
            self.children.setdefault(context, []).append(
                (path, name, int(low), high, types.split(" "), binding))
        for url, system, code, _ in rows_of(os.path.join(spec, "codes.tsv")):
            self.codes.setdefault(url, []).append((system, code))
        with open(os.path.join(spec, "search-parameters.jsonl"), encoding="utf-8") as f:
            text = f.read()
        self.asked = set(re.findall(r"[A-Z]\w+(?:\.[a-z]\w*)+", text))
        self.asked |= {p.rsplit(".", n)[0] for p in self.asked for n in range(1, p.count("."))}
        self.made = {}   # type -> [(id, patient)]
        self.patient = None

    def elements(self, context):
        base = self.base.get(context, "" if "." not in context else "BackboneElement")
        if base and base not in ("Element", "Resource"):
            yield from self.elements(base)
        yield from self.children.get(context, [])

    def reference(self, targets):
        if self.random.random() < 0.1:
            return {"identifier": {"system": "urn:mrn", "value": self.random.choice("123")}}
        found = [(t, i) for t in targets or self.types for i, p in self.made.get(t, [])
                 if p in (None, self.patient)]
        if not found:
            return {"identifier": {"system": "urn:mrn", "value": "9"}}
        kind, name = self.random.choice(found)
        if kind == "Patient":
            name = self.patient
        for i, p in self.made[kind]:
            self.touched |= i == name and (p is not None)
        return {"reference": kind + "/" + name}

    def code(self, binding):
        known = [c for c in self.codes.get(binding, []) if c[1] != "*"]
        if known:
            return self.random.choice(known[:3])
        for part, code in (("mime", "text/plain"), ("bcp13", "text/plain"), ("lang", "en"), ("ucum", "kg"),
                           ("currenc", "EUR")):
            if part in binding:
                return ("", code)
        return ("http://c.org", self.random.choice(["a", "b", "c"]))

    def coding(self, binding):
        system, code = self.code(binding)
        out = {"code": code}
        if system and self.random.random() < (1 if binding else 0.8):
            out["system"] = system
        if self.random.random() < 0.5:
            out["display"] = self.random.choice(WORDS)
        return out

    def value(self, kind, path, binding, depth):
        r = self.random
        name, _, targets = kind.partition("(")
        if name == "Reference":
            return self.reference([t for t in targets.rstrip(")").split("|") if t in self.base
                                   and t != "Resource"])
        if name in FORMS:
            return FORMS[name](r)
        if name == "code":
            return self.code(binding)[1] if binding else r.choice(["a", "b", "c"])
        if name == "Coding":
            return self.coding(binding)
        if name == "CodeableConcept":
            out = {"coding": [self.coding(binding) for _ in range(r.choice([1, 1, 2]))]}
            if r.random() < 0.4:
                out["text"] = r.choice(WORDS)
            return out
        if name == "Period":
            start, end = sorted(r.sample(["2025-03-01", "2025-03-04", "2025-03-09"], 2))
            return r.choice([{"start": start}, {"end": end}, {"start": start, "end": end}])
        if name in ("Quantity", "SimpleQuantity", "Age", "Duration", "Count", "Distance"):
            out = {"value": Number(r.choice(NUMBERS))}
            if name == "Count":
                return {"value": Number("5"), "system": "http://unitsofmeasure.org", "code": "1"}
            if r.random() < 0.8:
                unit = r.choice(UNITS) if name == "Quantity" else "a"
                out.update(system="http://unitsofmeasure.org", code=unit, unit=r.choice([unit, "u"]))
            return out
        if name == "Range":
            return {"low": {"value": Number("1")}, "high": {"value": Number("70")}}
        if name == "Money":
            return {"value": Number(r.choice(NUMBERS)), "currency": "EUR"}
        if name == "Identifier":
            out = {"system": r.choice(["urn:mrn", "urn:x"]), "value": r.choice("123456")}
            if r.random() < 0.3:
                out["type"] = {"coding": [{"system": "urn:t", "code": r.choice(["MR", "SS"])}]}
            return out
        if name == "SampledData":
            return {"origin": {"value": Number("1")}, "period": Number("1"), "dimensions": 1,
                    "data": "1 2 E"}
        if name == "Ratio":
            return {"numerator": {"value": Number("1")}, "denominator": {"value": Number("70")}}
        if name == "Attachment":
            return {"contentType": "text/plain", "title": r.choice(WORDS)}
        if name == "ContactPoint":
            return {"system": r.choice(["phone", "email"]), "value": r.choice(["555-1", "a@b.org"])}
        if name == "Timing":
            return {"event": r.sample(DATES, 1)}
        if name == "Resource" or name in self.types or depth > 4:
            return None
        context = name[1:] if name.startswith("#") else (
            path if name in ("BackboneElement", "Element") else name)
        return self.object(context, path, depth + 1)

    def object(self, context, path, depth):
        out = {}
        for full, name, low, high, types, binding in self.elements(context):
            plain = name.replace("[x]", "")
            if plain in SKIP and not (depth and plain == "text"):
                continue
            known = path + "." + plain in self.asked or full.replace("[x]", "") in self.asked
            chance = 1 if low else 0.6 if known else 0.5 if depth and "." not in context else 0.03
            if self.random.random() >= chance or (depth > 3 and not low):
                continue
            kind = self.random.choice(types)
            n = 1 if high == "1" else self.random.choice([1, 1, 2])
            found = [self.value(kind, full if "[x]" not in full else full[:-3], binding, depth)
                     for _ in range(n)]
            found = [f for f in found if f not in (None, {})]
            if not found and low and depth:
                return None # cannot be whole
            if not found:
                continue
            base = kind.partition("(")[0]
            member = plain + base[0].upper() + base[1:] if "[x]" in name else plain
            out[member] = found[0] if high == "1" else found
        return out

    @staticmethod
    def mend(kind, out):
        """What the invariants of a type want of elements together."""
        def each(name):
            found = out.get(name, [])
            return found if isinstance(found, list) else [found]
        if kind == "Organization":
            for part in each("address") + each("telecom"):
                part.pop("use", None)
        if kind in ("Organization", "InsurancePlan"):
            out["name"] = out.get("name", "North")
        if kind in ("CapabilityStatement", "TerminologyCapabilities"):
            out.update(kind="instance", implementation={"description": "x"})
        if kind == "EventDefinition":
            out["trigger"] = [{"type": "named-event", "name": "x"}]
        if kind == "Appointment":
            out.update(start="2025-03-04T10:00:00Z", end="2025-03-04T11:00:00Z")
        if kind == "Group":
            out["actual"] = True
        if kind == "Observation" and any(m.startswith("value") for m in out):
            out.pop("dataAbsentReason", None)
        if kind == "AllergyIntolerance":
            out.pop("verificationStatus", None)
        if kind == "MolecularSequence":
            out["coordinateSystem"] = 1
        for member in [m for m in out if (kind, m[:8]) in (
                ("Condition", "abatemen"), ("ValueSet", "expansio"))]:
            out.pop(member)
        for group in each("group") if kind == "ConceptMap" else []:
            group.pop("unmapped", None)
        for include in out.get("compose", {}).get("include", []) if kind == "ValueSet" else []:
            include.pop("filter", None)
            include["system"] = "http://c.org"

    def resource(self, kind):
        patients = self.made.get("Patient", [])
        self.touched = kind == "Patient"
        name = "%s-%d" % (kind.lower()[:30], len(self.made.get(kind, [])))
        self.patient = name if kind == "Patient" else (
            self.random.choice(patients)[0] if patients else None)
        out = {"resourceType": kind, "id": name}
        if self.random.random() < 0.4:
            out["meta"] = {"profile": [self.random.choice(URLS[:3])],
                           "tag": [{"system": "urn:tag", "code": self.random.choice("ab")}],
                           "source": self.random.choice(URLS[:3])}
        out.update(self.object(kind, kind, 0))
        self.mend(kind, out)
        self.made.setdefault(kind, []).append((name, self.patient if self.touched else None))
        return out


def main(argv):
    maker = Maker(argv[1], int(argv[2]))
    first = ["Organization", "Location", "Practitioner", "Patient"]
    for _ in range(int(argv[3])):
        for kind in first + [t for t in maker.types if t not in first]:
            for _ in range(CORE.get(kind, 1)):
                print(json.dumps(maker.resource(kind), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
