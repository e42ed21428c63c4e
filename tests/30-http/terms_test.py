#!/usr/bin/env python3
"""The terminology service over HTTP: the five operations in all their forms, against R4's published
resources (spec/terms, computed here in python by another road), resources posted to the record, and
what must be refused. Every value set of R4 is expanded and compared."""
import http.client
import json
import os
import re
import sys
import threading
import unittest
from urllib.parse import quote, urlencode

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from weft_http import Answer, Case, main  # noqa: E402

SPEC = os.path.join(os.environ.get("WEFT_SOURCE", "."), "spec", "terms")
GENDER = "http://hl7.org/fhir/administrative-gender"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
GRAMMARS = ("http://unitsofmeasure.org", "urn:ietf:bcp:47", "urn:ietf:bcp:13", "urn:ietf:rfc:3986")


def value(params, name):
    for p in params["parameter"]:
        if p["name"] == name:
            return next(v for k, v in p.items() if k.startswith("value"))
    return None


def parts(params, name):
    for p in params["parameter"]:
        if p["name"] == name:
            yield {q["name"]: next(v for k, v in q.items() if k.startswith("value") or k == "part")
                   for q in p["part"]}


def parameters(**values):
    return {"resourceType": "Parameters", "parameter": [
        {"name": name.replace("_", "-"), **v} for name, v in values.items()]}


class Published:
    """Expansion by listing everything: slow and plain."""

    def __init__(self):
        self.systems, self.sets, self.maps = {}, {}, {}
        for name in sorted(os.listdir(SPEC)):
            if not name.endswith(".jsonl"):
                continue
            with open(os.path.join(SPEC, name), encoding="utf-8") as f:
                for line in list(f)[1:]:
                    r = json.loads(line)
                    {"CodeSystem": self.add_system, "ValueSet": lambda x: self.sets.setdefault(x["url"], x),
                     "ConceptMap": lambda x: self.maps.setdefault(x["url"], x)}[r["resourceType"]](r)

    def add_system(self, cs):
        url, _, bar = cs["url"].partition("|")
        codes, up = {}, {}

        def walk(concepts, parent):
            for c in concepts:
                codes.setdefault(c["code"], c)
                up.setdefault(c["code"], set())
                if parent:
                    up[c["code"]].add(parent)
                for p in c.get("property", []):
                    if p["code"] in ("child",):
                        up.setdefault(p["valueCode"], set()).add(c["code"])
                    if p["code"] in ("parent", "subsumedBy"):
                        up[c["code"]].add(p["valueCode"])
                walk(c.get("concept", []), c["code"])
        walk(cs.get("concept", []), None)
        self.systems.setdefault(url, {})[bar or cs.get("version", "")] = (cs, codes, up)

    def system(self, url, version=""):
        url, _, bar = url.partition("|")
        found = self.systems.get(url, {})
        version = version or bar
        key = version if version else (max(found, key=lambda v: [
            int(x) if x.isdigit() else 0 for x in re.split(r"[.-]", v)]) if found else "")
        got = found.get(key)
        return got if got and got[0]["content"] not in ("not-present", "supplement") else None

    def above(self, up, code, seen=None):
        seen = set() if seen is None else seen
        for p in up.get(code, ()):
            if p not in seen:
                seen.add(p)
                self.above(up, p, seen)
        return seen

    def passes(self, system, code, f):
        _, codes, up = system
        op, prop, val = f["op"], f["property"], f["value"]
        if prop in ("concept", "code") and op in ("is-a", "descendent-of", "is-not-a"):
            if val not in codes:
                raise LookupError(val)
            a = val in self.above(up, code)
            return {"is-a": a or code == val, "descendent-of": a,
                    "is-not-a": not (a or code == val)}[op]
        if prop == "code" and op == "regex":
            return re.fullmatch(val, code) is not None
        if op == "=":
            if not any(p["code"] == prop for c in codes.values() for p in c.get("property", [])):
                raise LookupError(prop)
            return any(p["code"] == prop and str(next(
                v for k, v in p.items() if k.startswith("value"))).lower() == val
                for p in codes[code].get("property", []))
        raise LookupError(op)

    def part(self, inc):
        sets = [set(self.expand(u.split("|")[0])) for u in inc.get("valueSet", [])]
        codes = None
        if "system" in inc:
            url = inc["system"].partition("|")[0]
            system = self.system(inc["system"], inc.get("version", ""))
            if "concept" in inc:
                codes = [(url, c["code"]) for c in inc["concept"]]
            elif not system:
                raise LookupError(url)
            else:
                codes = [(url, c) for c in system[1]
                         if all(self.passes(system, c, f) for f in inc.get("filter", []))]
        for s in sets:
            codes = [c for c in codes if c in s] if codes is not None else list(s)
        return codes

    def expand(self, url):
        vs = self.sets.get(url)
        if vs is None:
            raise LookupError(url)
        out = []
        for inc in vs["compose"]["include"]:
            out += self.part(inc)
        gone = set()
        for exc in vs["compose"].get("exclude", []):
            gone |= set(self.part(exc))
        return {c for c in out if c not in gone}


class Operations(Case):
    roles = ("nurse", "system", "admin")

    @classmethod
    def before_start(cls):
        cls.published = Published()

    def call(self, method, path, token=None):
        """Over one connection, kept: there are thousands of these."""
        self.wire.request(method, path, headers={"Authorization": "Bearer " + (token or self.system)})
        return Answer(self.wire.getresponse())

    def setUp(self):
        self.wire = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.addCleanup(self.wire.close)

    def get(self, path, token=None, status=200, **query):
        pairs = [(k.replace("_", "-"), v) for k, values in query.items()
                 for v in (values if isinstance(values, list) else [values])]
        a = self.call("GET", f"/fhir/{path}?{urlencode(pairs)}", token)
        self.assertEqual(a.status, status, a.text()[:400])
        return a.json

    def post(self, path, body, status=200, token=None):
        a = self.server.call("POST", f"/fhir/{path}", body, token=token or self.system)
        self.assertEqual(a.status, status, a.text()[:400])
        return a.json

    def put(self, resource):
        a = self.server.call("PUT", f"/fhir/{resource['resourceType']}/{resource['id']}", resource,
                             token=self.system)
        self.assertIn(a.status, (200, 201), a.text()[:400])

    # ---- lookup ----

    def test_lookup(self):
        by_get = self.get("CodeSystem/$lookup", system=GENDER, code="male")
        by_post = self.post("CodeSystem/$lookup", parameters(
            system={"valueUri": GENDER}, code={"valueCode": "male"}))
        by_coding = self.post("CodeSystem/$lookup", parameters(
            coding={"valueCoding": {"system": GENDER, "code": "male"}}))
        self.assertEqual(by_get, by_post)
        self.assertEqual(by_get, by_coding)
        self.assertEqual(value(by_get, "display"), "Male")
        self.assertEqual(value(by_get, "version"), "4.0.1")
        self.assertEqual(value(by_get, "name"), "AdministrativeGender")

    def test_lookup_properties(self):
        whole = self.get("CodeSystem/$lookup", system=ACT, code="_ActEncounterCode")
        codes = {p["code"] for p in parts(whole, "property")}
        self.assertTrue({"definition", "parent", "child"} <= codes, codes)
        only = self.get("CodeSystem/$lookup", system=ACT, code="_ActEncounterCode",
                        property=["parent"])
        self.assertEqual({p["code"] for p in parts(only, "property")}, {"parent"})
        self.assertEqual(list(parts(only, "designation")), [])

    def test_lookup_every_system(self):
        """One code of every shipped code system, its display as published."""
        n = 0
        for url, versions in self.published.systems.items():
            for version, (cs, codes, _) in versions.items():
                if cs["content"] in ("not-present", "supplement") or not codes:
                    continue
                code = sorted(codes)[len(codes) // 2]
                got = self.get("CodeSystem/$lookup", system=url, version=version, code=code)
                self.assertEqual(value(got, "display"), codes[code].get("display", code), url)
                n += 1
        self.assertGreater(n, 1000)

    def test_lookup_refused(self):
        self.get("CodeSystem/$lookup", status=404, system=GENDER, code="none")
        self.get("CodeSystem/$lookup", status=404, system="http://example.org/none", code="x")
        self.get("CodeSystem/$lookup", status=404, system=GENDER, version="1", code="male")
        self.get("CodeSystem/$lookup", status=400, code="male")
        self.get("CodeSystem/$lookup", status=400, system=GENDER, code="male", wrong="1")
        self.get("CodeSystem/$lookup", status=404, system="http://snomed.info/sct", code="73211009")

    def test_grammars(self):
        ok = {"http://unitsofmeasure.org": "mg/dL", "urn:ietf:bcp:47": "de-CH",
              "urn:ietf:bcp:13": "text/plain; charset=utf-8", "urn:ietf:rfc:3986": "urn:oid:1.2.3"}
        bad = {"http://unitsofmeasure.org": "mg/deciliter", "urn:ietf:bcp:47": "deutsch-language-x",
               "urn:ietf:bcp:13": "text", "urn:ietf:rfc:3986": "no uri"}
        for system in GRAMMARS:
            self.get("CodeSystem/$lookup", system=system, code=ok[system])
            self.get("CodeSystem/$lookup", status=404, system=system, code=bad[system])
            for codes, result in ((ok, True), (bad, False)):
                got = self.get("CodeSystem/$validate-code", url=system, code=codes[system])
                self.assertEqual(value(got, "result"), result, (system, codes[system]))
        got = self.get("ValueSet/$expand", status=400,
                       url="http://hl7.org/fhir/ValueSet/mimetypes")
        self.assertEqual(got["issue"][0]["code"], "too-costly")

    def test_units_of_a_kind(self):
        url = "http://hl7.org/fhir/ValueSet/all-time-units"
        for code, result in (("min", True), ("wk", True), ("mg", False), ("nonsense", False)):
            got = self.get("ValueSet/$validate-code", url=url, code=code,
                           system="http://unitsofmeasure.org")
            self.assertIs(value(got, "result"), result, code)

    def test_lists_kept_outside(self):
        for system, code, display in (("urn:iso:std:iso:3166", "DE", "Germany"),
                                      ("urn:iso:std:iso:4217", "USD", "US Dollar"),
                                      ("https://www.iana.org/time-zones", "America/Chicago", None)):
            got = self.get("CodeSystem/$lookup", system=system, code=code)
            self.assertEqual(value(got, "display"), display or code)
        got = self.get("ValueSet/$expand", url="http://hl7.org/fhir/ValueSet/iso3166-1-3")
        self.assertEqual(got["expansion"]["total"], 249)

    # ---- validate-code ----

    def test_validate_system(self):
        for form in (self.get("CodeSystem/$validate-code", url=GENDER, code="male"),
                     self.post("CodeSystem/$validate-code", parameters(
                         url={"valueUri": GENDER}, code={"valueCode": "male"})),
                     self.post("CodeSystem/$validate-code", parameters(
                         coding={"valueCoding": {"system": GENDER, "code": "male"}})),
                     self.post("CodeSystem/$validate-code", parameters(codeableConcept={
                         "valueCodeableConcept": {"coding": [{"system": GENDER, "code": "x"},
                                                             {"system": GENDER, "code": "male"}]}}))):
            self.assertIs(value(form, "result"), True)
            self.assertEqual(value(form, "display"), "Male")
        no = self.get("CodeSystem/$validate-code", url=GENDER, code="man")
        self.assertIs(value(no, "result"), False)
        self.assertIn("man", value(no, "message"))
        wrong = self.get("CodeSystem/$validate-code", url=GENDER, code="male", display="Female")
        self.assertIs(value(wrong, "result"), False)
        self.assertEqual(value(wrong, "display"), "Male")
        self.assertIs(value(self.get("CodeSystem/$validate-code", url=GENDER, code="male",
                                     display="  mALE "), "result"), True)
        self.get("CodeSystem/$validate-code", status=404, url="http://loinc.org", code="8480-6")
        self.get("CodeSystem/$validate-code", status=400, url=GENDER)
        self.get("CodeSystem/$validate-code", status=422, code="nobody-knows",
                 url="http://terminology.hl7.org/CodeSystem/insurance-plan-type")

    def test_validate_set(self):
        yes = self.get("ValueSet/$validate-code", url=GENDERS, system=GENDER, code="male")
        self.assertIs(value(yes, "result"), True)
        no = self.get("ValueSet/$validate-code", url=GENDERS, system=GENDER, code="xx")
        self.assertIs(value(no, "result"), False)
        other = self.get("ValueSet/$validate-code", url=GENDERS, system=ACT, code="male")
        self.assertIs(value(other, "result"), False)
        self.assertIs(value(self.get("ValueSet/$validate-code", url=GENDERS, code="male"),
                            "result"), True)
        inline = {"resourceType": "ValueSet", "status": "active", "compose": {"include": [
            {"system": GENDER, "concept": [{"code": "male"}]}]}}
        for code, result in (("male", True), ("female", False)):
            got = self.post("ValueSet/$validate-code", parameters(
                valueSet={"resource": inline}, system={"valueUri": GENDER},
                code={"valueCode": code}))
            self.assertIs(value(got, "result"), result)
        self.get("ValueSet/$validate-code", status=404, url="http://example.org/vs", code="a")
        # by filter, never listing: abstract ones count unless they may not
        child = "http://terminology.hl7.org/ValueSet/v3-ActEncounterCode"
        self.assertIs(value(self.get("ValueSet/$validate-code", url=child, system=ACT, code="AMB"),
                            "result"), True)
        self.assertIs(value(self.get("ValueSet/$validate-code", url=child, system=ACT,
                                     code="_ActEncounterCode", abstract="false"), "result"), False)
        # listed codes of a system that is not here are known; others cannot be told
        self.get("ValueSet/$validate-code", status=422, system="http://snomed.info/sct", code="1",
                 url="http://hl7.org/fhir/ValueSet/clinical-findings")

    # ---- subsumes ----

    def test_subsumes(self):
        cases = (("_ActEncounterCode", "AMB", "subsumes"), ("AMB", "_ActEncounterCode", "subsumed-by"),
                 ("AMB", "AMB", "equivalent"), ("AMB", "EMER", "not-subsumed"))
        for a, b, want in cases:
            for got in (self.get("CodeSystem/$subsumes", system=ACT, codeA=a, codeB=b),
                        self.post("CodeSystem/$subsumes", parameters(
                            codingA={"valueCoding": {"system": ACT, "code": a}},
                            codingB={"valueCoding": {"system": ACT, "code": b}}))):
                self.assertEqual(value(got, "outcome"), want)
        self.get("CodeSystem/$subsumes", status=404, system=ACT, codeA="AMB", codeB="none")
        self.get("CodeSystem/$subsumes", status=400, system=ACT, codeA="AMB")
        self.post("CodeSystem/$subsumes", parameters(
            codingA={"valueCoding": {"system": ACT, "code": "AMB"}},
            codingB={"valueCoding": {"system": GENDER, "code": "male"}}), status=400)

    def test_subsumes_everywhere(self):
        """Every parent of one deep concept of each system with a hierarchy."""
        n = 0
        for url, versions in self.published.systems.items():
            for version, (cs, codes, up) in versions.items():
                deep = max(codes, key=lambda c: (len(self.published.above(up, c)), c), default=None)
                if not deep or cs["content"] in ("not-present", "supplement"):
                    continue
                for a in sorted(self.published.above(up, deep) & set(codes)):
                    got = self.get("CodeSystem/$subsumes", system=url, version=version, codeA=a,
                                   codeB=deep)
                    self.assertEqual(value(got, "outcome"), "subsumes", (url, a, deep))
                    n += 1
        self.assertGreater(n, 200)

    # ---- expand ----

    def test_expand_everything(self):
        """Every value set that R4 and US Core publish: the same codes as listing by hand gives, or an error
        where that cannot be done."""
        listed = refused = 0
        for url in sorted(self.published.sets):
            try:
                want = self.published.expand(url)
            except LookupError:
                want = None
            a = self.call("GET", "/fhir/ValueSet/$expand?url=" + quote(url, safe=""))
            if want is None:
                self.assertIn(a.status, (400, 404, 422, 501), url)
                refused += 1
                continue
            self.assertEqual(a.status, 200, (url, a.text()[:300]))
            got = [(c["system"], c["code"]) for c in a.json["expansion"].get("contains", [])]
            self.assertEqual(len(got), len(set(got)), url)
            self.assertEqual(set(got), want, url)
            self.assertEqual(a.json["expansion"]["total"], len(want), url)
            listed += 1
        self.assertGreater(listed, 1200)
        self.assertLessEqual(refused, 110)
        print(f"{listed} value sets of R4 and US Core expanded alike, {refused} need systems that are not here")

    def test_expand_forms(self):
        by_get = self.get("ValueSet/$expand", url=GENDERS)
        codes = [c["code"] for c in by_get["expansion"]["contains"]]
        self.assertEqual(codes, ["male", "female", "other", "unknown"])
        self.assertEqual(by_get["url"], GENDERS)
        self.assertEqual(self.get("ValueSet/$expand", url=GENDERS + "|4.0.1")["version"], "4.0.1")
        self.get("ValueSet/$expand", status=404, url=GENDERS + "|9")
        inline = {"resourceType": "ValueSet", "status": "active", "compose": {
            "include": [{"valueSet": [GENDERS]}],
            "exclude": [{"system": GENDER, "concept": [{"code": "other"}]}]}}
        for body in (parameters(valueSet={"resource": inline}), inline):
            got = self.post("ValueSet/$expand", body)
            self.assertEqual([c["code"] for c in got["expansion"]["contains"]],
                             ["male", "female", "unknown"])
        got = self.post("ValueSet/$expand", parameters(
            valueSet={"resource": inline}, includeDefinition={"valueBoolean": True}))
        self.assertEqual(got["compose"]["include"], inline["compose"]["include"])
        self.get("ValueSet/$expand", status=400)

    def test_expand_pages(self):
        url = "http://terminology.hl7.org/ValueSet/v3-ActCode"
        whole = [c["code"] for c in self.get("ValueSet/$expand", url=url)["expansion"]["contains"]]
        pages, offset = [], 0
        while True:
            e = self.get("ValueSet/$expand", url=url, offset=offset, count=300)["expansion"]
            self.assertEqual(e["total"], len(whole))
            self.assertEqual(e["offset"], offset)
            pages += [c["code"] for c in e.get("contains", [])]
            offset += 300
            if offset >= e["total"]:
                break
        self.assertEqual(pages, whole)
        self.assertNotIn("contains", self.get("ValueSet/$expand", url=url, count=0)["expansion"])
        self.get("ValueSet/$expand", status=400, url=url, count="many")

    def test_expand_filter(self):
        url = "http://terminology.hl7.org/ValueSet/v3-ActEncounterCode"
        got = self.get("ValueSet/$expand", url=url, filter="INPATIENT ac")["expansion"]
        self.assertEqual([c["code"] for c in got["contains"]], ["ACUTE", "NONAC"])
        self.assertIn({"name": "filter", "valueString": "INPATIENT ac"}, got["parameter"])
        got = self.get("ValueSet/$expand", url=url, excludeNotForUI="true")["expansion"]
        self.assertNotIn("_ActEncounterCode", [c["code"] for c in got["contains"]])

    def test_expand_designations(self):
        url = "http://hl7.org/fhir/ValueSet/languages"
        de = self.get("ValueSet/$expand", url=url, displayLanguage="de")["expansion"]["contains"]
        self.assertIn("Deutsch", [c["display"] for c in de if c["code"] == "de"][0])
        got = self.get("ValueSet/$expand", url=url, includeDesignations="true")["expansion"]
        self.assertTrue(any(d["language"] == "nl" for c in got["contains"]
                            for d in c.get("designation", [])))
        got = self.get("ValueSet/$expand", url=url, designation="urn:ietf:bcp:47|nl")["expansion"]
        self.assertEqual({d["language"] for c in got["contains"]
                          for d in c.get("designation", [])}, {"nl"})

    # ---- translate ----

    def test_translate(self):
        url = "http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v2"
        v2 = "http://terminology.hl7.org/CodeSystem/v2-0001"
        for got in (self.get("ConceptMap/$translate", url=url, system=GENDER, code="male"),
                    self.post("ConceptMap/$translate", parameters(
                        url={"valueUri": url},
                        coding={"valueCoding": {"system": GENDER, "code": "male"}})),
                    self.get("ConceptMap/$translate", system=GENDER, code="male", source=GENDERS,
                             target="http://terminology.hl7.org/ValueSet/v2-0001"),
                    self.get("ConceptMap/$translate", system=GENDER, code="male",
                             targetsystem=v2)):
            self.assertIs(value(got, "result"), True)
            match = list(parts(got, "match"))[0]
            self.assertEqual(match["concept"], {"system": v2, "code": "M"})
            self.assertEqual(match["source"], url)
        back = self.get("ConceptMap/$translate", url=url, system=v2, code="M", reverse="true")
        self.assertEqual(list(parts(back, "match"))[0]["concept"]["code"], "male")
        none = self.get("ConceptMap/$translate", url=url, system=GENDER, code="zz")
        self.assertIs(value(none, "result"), False)
        self.get("ConceptMap/$translate", status=404, url="http://example.org/m", code="a",
                 system=GENDER)
        self.get("ConceptMap/$translate", status=400, system=GENDER, code="male")

    def test_translate_every_map(self):
        n = 0
        for url, m in self.published.maps.items():
            for group in m.get("group", []):
                if not group.get("source"):
                    continue
                for e in group["element"]:
                    if "code" not in e:
                        continue
                    want = sorted((t["equivalence"], t.get("code", "")) for t in e.get("target", [])
                                  if not t.get("dependsOn"))
                    got = self.get("ConceptMap/$translate", url=url, system=group["source"],
                                   code=e["code"])
                    same = sorted((t["equivalence"], t.get("concept", {}).get("code", ""))
                                  for t in parts(got, "match"))
                    for one in want:
                        self.assertIn(one, same, (url, e["code"]))
                    n += 1
        self.assertGreater(n, 300)

    # ---- the record's own ----

    def test_posted(self):
        system = {"resourceType": "CodeSystem", "id": "fruit", "url": "http://example.org/fruit",
                  "version": "1", "status": "active", "content": "complete", "caseSensitive": False,
                  "hierarchyMeaning": "is-a", "valueSet": "http://example.org/vs/fruit-all",
                  "property": [{"code": "colour", "type": "string"}],
                  "concept": [
                      {"code": "Fruit", "display": "Fruit", "concept": [
                          {"code": "apple", "display": "Apple", "property": [
                              {"code": "colour", "valueString": "red"}],
                           "designation": [{"language": "de", "value": "Apfel"}]},
                          {"code": "pear", "display": "Pear", "property": [
                              {"code": "colour", "valueString": "green"}]},
                          {"code": "medlar", "display": "Medlar", "property": [
                              {"code": "inactive", "valueBoolean": True}]}]}]}
        self.put(system)
        expand = lambda **q: [c["code"] for c in self.get(  # noqa: E731
            "ValueSet/$expand", **q)["expansion"].get("contains", [])]
        self.assertEqual(expand(url="http://example.org/vs/fruit-all"),
                         ["Fruit", "apple", "pear", "medlar"])
        self.assertEqual(expand(url="http://example.org/vs/fruit-all", activeOnly="true"),
                         ["Fruit", "apple", "pear"])
        # case does not count here
        self.assertIs(value(self.get("CodeSystem/$validate-code", url=system["url"], code="APPLE"),
                            "result"), True)
        self.assertIs(value(self.get("CodeSystem/fruit/$validate-code", code="pear"), "result"), True)
        self.assertEqual(value(self.get("CodeSystem/fruit/$subsumes", codeA="Fruit", codeB="pear"),
                               "outcome"), "subsumes")
        filters = {
            "is": [("concept", "is-a", "Fruit", ["Fruit", "apple", "pear", "medlar"])],
            "below": [("concept", "descendent-of", "Fruit", ["apple", "pear", "medlar"])],
            "not": [("concept", "is-not-a", "apple", ["Fruit", "pear", "medlar"])],
            "regex": [("code", "regex", "[ap].*", ["apple", "pear"])],
            "in": [("code", "in", "apple,pear", ["apple", "pear"])],
            "notin": [("code", "not-in", "apple,pear", ["Fruit", "medlar"])],
            "above": [("concept", "generalizes", "apple", ["apple", "Fruit"])],
            "exists": [("colour", "exists", "true", ["apple", "pear"])],
            "none": [("colour", "exists", "false", ["Fruit", "medlar"])],
            "equal": [("colour", "=", "red", ["apple"])],
            "parent": [("parent", "=", "Fruit", ["apple", "pear", "medlar"])],
        }
        for name, [(prop, op, val, want)] in filters.items():
            vs = {"resourceType": "ValueSet", "id": "fruit-" + name, "status": "active",
                  "url": "http://example.org/vs/fruit-" + name, "compose": {"include": [
                      {"system": system["url"],
                       "filter": [{"property": prop, "op": op, "value": val}]}]}}
            self.put(vs)
            self.assertEqual(sorted(expand(url=vs["url"])), sorted(want), name)
            for code in ("Fruit", "apple", "pear", "medlar"):
                got = self.get(f"ValueSet/{vs['id']}/$validate-code", system=system["url"], code=code)
                self.assertIs(value(got, "result"), code in want, (name, code))
            self.assertEqual(sorted(c["code"] for c in self.get(
                f"ValueSet/{vs['id']}/$expand")["expansion"]["contains"]), sorted(want))
        # a supplement adds words; a newer version is used at once; a deleted one is gone
        self.put({"resourceType": "CodeSystem", "id": "fruit-fr", "url": "http://example.org/fruit-fr",
                  "status": "active", "content": "supplement", "supplements": system["url"],
                  "concept": [{"code": "apple", "designation": [
                      {"language": "fr", "value": "Pomme"}]}]})
        self.assertEqual(value(self.get("CodeSystem/$lookup", system=system["url"], code="apple",
                                        displayLanguage="fr"), "display"), "Pomme")
        system["concept"][0]["concept"].append({"code": "plum", "display": "Plum"})
        self.put(system)
        self.assertIn("plum", expand(url="http://example.org/vs/fruit-is"))
        self.server.call("DELETE", "/fhir/CodeSystem/fruit", token=self.system)
        self.get("CodeSystem/$lookup", status=404, system=system["url"], code="plum")
        self.get("ValueSet/$expand", status=404, url="http://example.org/vs/fruit-is")
        self.get("ValueSet/$validate-code", status=422, url="http://example.org/vs/fruit-is",
                 system=system["url"], code="plum")

    def test_own_goes_first(self):
        vs = {"resourceType": "ValueSet", "id": "own", "status": "active",
              "url": "http://hl7.org/fhir/ValueSet/marital-status", "version": "7",
              "compose": {"include": [{"system": "http://example.org/x", "concept": [{"code": "q"}]}]}}
        self.put(vs)
        total = lambda url: self.get("ValueSet/$expand", url=url)["expansion"]["total"]  # noqa: E731
        self.assertEqual(total(vs["url"]), 1)
        self.assertEqual(total(vs["url"] + "|7"), 1)
        self.assertGreater(total(vs["url"] + "|4.0.1"), 5)
        self.server.call("DELETE", "/fhir/ValueSet/own", token=self.system)
        self.assertGreater(total(vs["url"]), 5)

    def test_circles_and_bombs(self):
        def vs(name, *imports):
            return {"resourceType": "ValueSet", "id": name, "status": "active",
                    "url": "http://example.org/" + name, "compose": {"include": [
                        {"valueSet": ["http://example.org/" + i]} for i in imports]}}
        for one in (vs("round-a", "round-b"), vs("round-b", "round-a"), vs("self", "self")):
            self.put(one)
        for name in ("round-a", "self"):
            self.get("ValueSet/$expand", status=422, url="http://example.org/" + name)
            self.get("ValueSet/$validate-code", status=422, url="http://example.org/" + name,
                     system=GENDER, code="male")
        bomb = {"resourceType": "ValueSet", "status": "active", "compose": {"include": [
            {"system": ACT, "filter": [{"property": "code", "op": "regex",
                                        "value": "((([A-Za-z_]+)*)*)*!"}]}]}}
        a = self.server.call("POST", "/fhir/ValueSet/$expand", bomb, token=self.system)
        self.assertIn(a.status, (200, 400), a.text()[:200])
        bomb["compose"]["include"][0]["filter"][0]["value"] = "(["
        self.post("ValueSet/$expand", bomb, status=400)
        bomb["compose"]["include"][0]["filter"][0] = {"property": "concept", "op": "=",
                                                      "value": "AMB"}
        self.assertEqual(self.post("ValueSet/$expand", bomb)["expansion"]["total"], 1)

    def test_wide_imports_are_cut(self):
        for i in range(14):
            self.put({"resourceType": "ValueSet", "id": f"wide{i}", "status": "active",
                      "url": f"http://example.org/wide{i}", "compose": {"include": [
                          {"valueSet": [f"http://example.org/wide{i + 1}"]} for _ in range(8)]
                          if i < 13 else [{"system": GENDER}]}})
        self.get("ValueSet/$validate-code", status=400, url="http://example.org/wide0",
                 system=GENDER, code="none")

    def test_posted_map(self):
        self.put({"resourceType": "ConceptMap", "id": "m1", "url": "http://example.org/map/m1",
                  "status": "active", "group": [
                      {"source": "http://example.org/a", "target": "http://example.org/b",
                       "element": [{"code": "1", "target": [
                           {"code": "x", "equivalence": "wider", "product": [
                               {"property": "http://example.org/p", "value": "v"}]}]},
                                   {"code": "2", "target": [{"code": "y", "equivalence": "equal",
                                    "dependsOn": [{"property": "http://example.org/d",
                                                   "value": "on"}]}]}],
                       "unmapped": {"mode": "fixed", "code": "zz", "display": "Other"}}]})
        got = self.get("ConceptMap/m1/$translate", system="http://example.org/a", code="1")
        match = list(parts(got, "match"))[0]
        self.assertEqual((match["equivalence"], match["concept"]["code"]), ("wider", "x"))
        self.assertIn("product", match)
        back = self.get("ConceptMap/m1/$translate", system="http://example.org/b", code="x",
                        reverse="true")
        self.assertEqual(list(parts(back, "match"))[0]["equivalence"], "narrower")
        fixed = self.get("ConceptMap/$translate", url="http://example.org/map/m1",
                         system="http://example.org/a", code="77")
        self.assertEqual(list(parts(fixed, "match"))[0]["concept"]["display"], "Other")
        ask = parameters(system={"valueUri": "http://example.org/a"}, code={"valueCode": "2"})
        self.assertIs(value(self.post("ConceptMap/m1/$translate", ask), "result"), False)
        ask["parameter"].append({"name": "dependency", "part": [
            {"name": "element", "valueUri": "http://example.org/d"},
            {"name": "concept", "valueCodeableConcept": {"coding": [{"code": "on"}]}}]})
        self.assertIs(value(self.post("ConceptMap/m1/$translate", ask), "result"), True)

    def test_search_by_value_set(self):
        """The record's :in and :below ask the same terminologies."""
        for n, code in (("a", "AMB"), ("b", "IMP"), ("c", "none-of-these")):
            self.put({"resourceType": "Encounter", "id": "by-" + n, "status": "planned",
                      "class": {"system": ACT, "code": code}})
        found = lambda q: sorted(  # noqa: E731
            e["resource"]["id"] for e in self.server.call(
                "GET", "/fhir/Encounter?" + q, token=self.system).json.get("entry", []))
        vs = quote("http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", safe="")
        self.assertEqual(found("class:in=" + vs), ["by-a", "by-b"])
        self.assertEqual(found("class:not-in=" + vs), ["by-c"])
        below = quote(ACT + "|_ActEncounterCode", safe="")
        self.assertEqual(found("class:below=" + below), ["by-a", "by-b"])
        # What is not loaded is a fault of the parameter, which is named; never an answer without it.
        for q in ("class:in=http://example.org/none", "class:not-in=http://example.org/none",
                  "class:below=" + quote("http://snomed.info/sct|1", safe="")):
            a = self.server.call("GET", "/fhir/Encounter?" + q, token=self.system)
            self.assertEqual(400, a.status, a.body)
            self.assertIn("search parameter 'class'", a.text())

    def test_many_at_once(self):
        """Questions and changes side by side: each answer is of one state or the next."""
        system = {"resourceType": "CodeSystem", "id": "busy", "url": "http://example.org/busy",
                  "status": "active", "content": "complete", "concept": [{"code": "a"}]}
        self.put(system)
        bad, over = [], threading.Event()

        def ask():
            wire = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            while not over.is_set():
                wire.request("GET", "/fhir/CodeSystem/$lookup?system=http://example.org/busy&code=a",
                             headers={"Authorization": "Bearer " + self.system})
                a = Answer(wire.getresponse())
                if a.status != 200:
                    bad.append(a.text())
            wire.close()
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for t in threads:
            t.start()
        for i in range(60):
            system["concept"].append({"code": f"c{i}"})
            self.put(system)
            self.get("CodeSystem/$lookup", system=system["url"], code=f"c{i}")
        over.set()
        for t in threads:
            t.join()
        self.assertEqual(bad, [])

    def test_versions(self):
        for version, code in (("1.2", "old"), ("1.10", "new")):
            self.put({"resourceType": "CodeSystem", "id": "v" + version.replace(".", "-"),
                      "url": "http://example.org/versioned", "version": version, "status": "active",
                      "content": "complete", "concept": [{"code": code, "display": version}]})
        url = "http://example.org/versioned"
        self.get("CodeSystem/$lookup", system=url, code="new")
        self.get("CodeSystem/$lookup", status=404, system=url, code="old")
        self.get("CodeSystem/$lookup", system=url, version="1.2", code="old")
        vs = {"resourceType": "ValueSet", "status": "active",
              "compose": {"include": [{"system": url}]}}
        codes = lambda *p: [c["code"] for c in self.post("ValueSet/$expand", {  # noqa: E731
            "resourceType": "Parameters", "parameter": [{"name": "valueSet", "resource": vs}, *p]})[
                "expansion"]["contains"]]
        pin = {"valueCanonical": url + "|1.2"}
        self.assertEqual(codes(), ["new"])
        self.assertEqual(codes({"name": "system-version", **pin}), ["old"])
        vs["compose"]["include"][0]["version"] = "1.10"
        self.assertEqual(codes({"name": "system-version", **pin}), ["new"])
        self.assertEqual(codes({"name": "force-system-version", **pin}), ["old"])
        self.post("ValueSet/$expand", {"resourceType": "Parameters", "parameter": [
            {"name": "valueSet", "resource": vs}, {"name": "check-system-version", **pin}]},
            status=422)

    # ---- who may ----

    def test_who_may(self):
        self.get("CodeSystem/$lookup", token=self.nurse, system=GENDER, code="male")
        a = self.server.call("GET", f"/fhir/CodeSystem/$lookup?system={GENDER}&code=male")
        self.assertEqual(a.status, 401)
        self.put({"resourceType": "ValueSet", "id": "secret", "status": "active",
                  "url": "http://example.org/secret", "meta": {"security": [
                      {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                       "code": "V"}]},
                  "compose": {"include": [{"system": GENDER}]}})
        self.get("ValueSet/$expand", token=self.system, url="http://example.org/secret")
        a = self.server.call("GET", "/fhir/ValueSet/$expand?url=http://example.org/secret",
                             token=self.admin)
        read = self.server.call("GET", "/fhir/ValueSet/secret", token=self.admin)
        self.assertEqual(a.status, read.status, a.text()[:300])
        self.assertNotEqual(a.status, 200)


if __name__ == "__main__":
    main()
