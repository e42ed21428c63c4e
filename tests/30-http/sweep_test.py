"""The leak sweep: for every role, road, type and label, what comes back is what the rows of spec/rules/access.csv
and the patients' Consents allow, and nothing tells of the rest: no total, page, include, chain, sort, history,
batch or GraphQL answer. What is allowed is computed here, from the rows, not asked of the server."""
import csv
import itertools
import json
import os
import time
import unittest

from weft_http import Case, main, weft

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = os.path.join(os.environ.get("WEFT_SOURCE") or os.path.join(HERE, "..", ".."), "spec", "rules")
SCOPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                     "code": "patient-privacy"}]}
CONF = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"


def table(name):
    with open(os.path.join(RULES, name), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def access():
    """role, type, action -> row."""
    groups = {r["group"]: r["types"].split() for r in table("access-groups.csv")}
    cells = {}
    for row in table("access.csv"):
        for word in row["types"].split():
            types = groups[word[1:]] if word[0] == "@" else [word]
            for t, a in itertools.product(types, row["actions"].split()):
                cells[row["role"], t, a] = row
    return cells


PLAIN = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
# type -> what it needs beside its subject; {s} the patient
SHAPES = {
    "Observation": {"status": "final", "subject": "{s}", "code": "?"},
    "Condition": {"subject": "{s}", "code": "?"},
    "Procedure": {"status": "completed", "subject": "{s}", "code": "?"},
    "MedicationRequest": {"status": "active", "intent": "order", "subject": "{s}",
                          "medicationCodeableConcept": "?"},
    "DiagnosticReport": {"status": "final", "subject": "{s}", "code": "?"},
    "ServiceRequest": {"status": "active", "intent": "order", "subject": "{s}", "code": "?"},
    "CarePlan": {"status": "active", "intent": "plan", "subject": "{s}", "category": ["?"]},
    "Encounter": {"status": "finished", "subject": "{s}", "class": {"code": "AMB"}, "reasonCode": ["?"]},
    "Communication": {"status": "completed", "subject": "{s}", "reasonCode": ["?"]},
    "Task": {"status": "requested", "intent": "order", "for": "{s}", "code": "?"},
    "Appointment": {"status": "proposed", "reasonCode": ["?"],
                    "participant": [{"actor": "{s}", "status": "accepted"}]},
    "Claim": {"status": "active", "use": "claim", "type": "?", "patient": "{s}", "created": "2026-01-02",
              "provider": {"display": "x"}, "priority": PLAIN, "total": {"value": 5, "currency": "USD"},
              "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "x"}}]},
    "ExplanationOfBenefit": {"status": "active", "use": "claim", "type": "?", "patient": "{s}", "outcome": "complete",
                             "created": "2026-01-02", "insurer": {"display": "x"}, "provider": {"display": "x"},
                             "insurance": [{"focal": True, "coverage": {"display": "x"}}]},
}
LABELS = {  # name -> (meta, code): said by the sender, or brought by the code
    "none": (None, PLAIN),
    "R": ([{"system": CONF, "code": "R"}], PLAIN),
    "HIV": ([{"system": ACT, "code": "HIV"}], PLAIN),
    "sud": (None, {"coding": [{"system": ICD, "code": "F11.20"}]}),
    "psy": (None, {"coding": [{"system": ICD, "code": "F32.1"}]}),
    "sex": (None, {"coding": [{"system": ICD, "code": "Z30.011"}]}),
}
NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">remark</div>'}
NOTED = {"Observation", "Condition", "Procedure", "MedicationRequest", "ServiceRequest", "CarePlan", "Communication"}
# labels that a row of redact.csv may name -> those of ours that it then takes in
CODED = {"SUD": "sud", "PSY": "psy", "SEX": "sex"}
# patient -> what they denied: (types or None, labels or None)
DENIED = {"open": None, "shut": (None, None), "some": ({"Observation", "Task"}, None),
          "addiction": (None, {"sud"}), "gives": None, "both": ({"Claim"}, None)}
# patient -> what they share with who treats them: rows of scope `shared`
GIVEN = {"gives": {"Claim", "ExplanationOfBenefit"}, "both": {"Claim", "ExplanationOfBenefit"}}


def provision(kind):
    types, labels = DENIED[kind]
    p = {"type": "deny"}
    if types:
        p["class"] = [{"code": t} for t in sorted(types)]
    if labels:
        p["securityLabel"] = [{"system": ACT, "code": "SUD"}]
    return p


# What the helper of the patient "some" is shown by name; Observation is denied to everybody.
SHARED = {"Observation", "Condition", "Encounter"}
BOUND = {"patient": "shut", "helper": "some"}


class Sweep(Case):
    roles = ("nurse", "agent", "outreach", "privacy", "admin", "system")
    cases = 0
    # Noon where the house is: a look by night is a finding, whose case stands among what is compared (between 22:00
    # and 6:00 UTC this suite failed).
    config = f"house.zone = Etc/GMT{time.gmtime().tm_hour - 12:+d}\n"

    @classmethod
    def before_start(cls):
        cls.cells = access()
        entries, cls.docs, cls.whole = [], [], {}
        for kind in DENIED:
            entries.append({"resourceType": "Patient", "id": "sweep-" + kind,
                            "name": [{"family": "Sweep"}]})
            cls.docs.append(("Patient", "sweep-" + kind, kind, "none"))
            for (t, shape), (label, (meta, code)) in itertools.product(SHAPES.items(), LABELS.items()):
                r = json.loads(json.dumps(shape).replace('"?"', json.dumps(code)).replace(
                    '"{s}"', json.dumps({"reference": "Patient/sweep-" + kind})))
                r.update(resourceType=t, id=f"{kind}-{t}-{label}".lower())
                r["text"] = NARRATIVE
                if t in NOTED:
                    r["note"] = [{"text": "remark"}]
                cls.whole[r["id"]] = r
                if meta:
                    r["meta"] = {"security": meta}
                entries.append(r)
                cls.docs.append((t, r["id"], kind, label))
            if DENIED[kind]:
                entries.append({"resourceType": "Consent", "id": "sweep-c-" + kind, "status": "active",
                                "scope": SCOPE, "category": [{"text": "restriction"}],
                                "policyRule": {"text": "own"}, "provision": provision(kind),
                                "patient": {"reference": "Patient/sweep-" + kind}})
            if kind in GIVEN:
                entries.append({"resourceType": "Consent", "id": "sweep-g-" + kind, "status": "active",
                                "scope": SCOPE, "category": [{"text": "share"}], "policyRule": {"text": "own"},
                                "patient": {"reference": "Patient/sweep-" + kind},
                                "provision": {"type": "permit", "class": [{"code": t} for t in GIVEN[kind]]}})
        some = {"reference": "Patient/sweep-some"}
        entries.append({"resourceType": "RelatedPerson", "id": "sweep-helper", "patient": some})
        entries.append({"resourceType": "Consent", "id": "sweep-share", "status": "active", "scope": SCOPE,
                        "category": [{"text": "share"}], "policyRule": {"text": "own"}, "patient": some,
                        "provision": {"type": "permit", "class": [{"code": t} for t in sorted(SHARED)],
                                      "actor": [{"role": {"text": "helper"}, "reference": {
                                          "reference": "RelatedPerson/sweep-helper"}}]}})
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"fullUrl": f"{r['resourceType']}/{r['id']}", "resource": r,
             "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in entries]}
        path = os.path.join(cls.server.data, "..", "sweep.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(bundle, f)
        weft("import", "--data", cls.server.data, path)
        cls.patient_token = cls.server.token("patient", "--patient", "sweep-shut")
        cls.helper = cls.server.token("helper", "--patient", "sweep-some",
                                      "--reference", "RelatedPerson/sweep-helper")
        cls.everybody = (*cls.roles, "patient_token", "helper")

    def may(self, role, doc, action):
        t, _, kind, label = doc
        role = role.split("_")[0]
        row = self.cells.get((role, t, action)) or self.cells.get((role, "*", action))
        if not row or (row["sensitive"] == "no" and label != "none"):
            return role == "system"
        if role in BOUND and BOUND[role] != kind:
            return False
        if row["scope"] == "consented":
            return t in SHARED - (DENIED[kind][0] or set())
        if row["scope"] == "shared" and t not in GIVEN.get(kind, ()):
            return False
        if row["scope"] not in ("all", "own_patient", "shared"):
            return False
        if DENIED[kind] is None or role in ("system", "privacy", "patient"):
            return True
        types, labels = DENIED[kind]
        return not ((types is None or t in types) and (labels is None or label in labels))

    def seen(self, role, t, action="search"):
        return {d[1] for d in self.docs if d[0] == t and self.may(role, d, "read")
                and self.may(role, d, action)}

    def allowed(self, role, t):
        """May the type be asked for at all?"""
        role = role.split("_")[0]
        shared = role != "helper" or t in SHARED - DENIED["some"][0]
        return role == "system" or ((role, t, "search") in self.cells and shared)

    def get(self, role, path):
        type(self).cases += 1
        return self.call("GET", "/fhir/" + path, token=role)

    @staticmethod
    def ids(answer, t):
        return [e["resource"]["id"] for e in answer.json.get("entry", [])
                if e.get("resource", {}).get("resourceType") == t]

    def each(self):
        return itertools.product(self.everybody, ["Patient", *SHAPES])

    def test_1_read(self):
        for role, doc in itertools.product(self.everybody, self.docs):
            where = f"{doc[0]}/{doc[1]}"
            for road, action in (("", "read"), ("/_history/1", "read"), ("/_history", "history"),
                                 ("/$meta", "read")):
                got = self.get(role, where + road)
                ok = self.may(role, doc, "read") and self.may(role, doc, action)
                self.assertEqual(got.status == 200, ok, (role, where, road, got.status))
                if not ok:
                    self.assertIn(got.status, (403, 404))
                    self.assertNotIn(b'"subject"', got.body)

    def test_2_search(self):
        for role, t in self.each():
            want = self.seen(role, t)
            allowed = self.allowed(role, t)
            for query in ("", "&_sort=-_lastUpdated", "&_sort=_id", "&_total=accurate", "&_total=estimate",
                          "&_elements=id", "&_security:not=http://x|y"):
                got = self.get(role, f"{t}?_count=500{query}")
                if not allowed:
                    self.assertEqual(403, got.status, (role, t))
                    continue
                self.assertEqual(want, set(self.ids(got, t)), (role, t, query))
                self.assertEqual(len(want), got.json["total"], (role, t, query))
            if not allowed:
                continue
            self.assertEqual(len(want), self.get(role, f"{t}?_summary=count").json["total"], (role, t))
            for kind in DENIED:
                mine = [i for i in want if i.startswith(kind) or i == "sweep-" + kind]
                here = f"_id=sweep-{kind}" if t == "Patient" else (
                    f"patient=sweep-{kind}" if t != "Appointment" else f"actor=Patient/sweep-{kind}")
                got = self.get(role, f"{t}?{here}&_summary=count")
                self.assertEqual(len(mine), got.json["total"], (role, t, kind))

    def test_3_pages(self):
        """Pages end where what may be seen ends; none is empty, none says that more is there."""
        for role, t in self.each():
            want = self.seen(role, t)
            got, found = self.get(role, f"{t}?_count=7"), []
            while got.status == 200:
                found += self.ids(got, t)
                following = [x["url"] for x in got.json["link"] if x["relation"] == "next"]
                self.assertTrue(self.ids(got, t) or not following)
                if not following:
                    break
                got = self.get(role, following[0].split("/fhir/")[1])
                self.assertTrue(self.ids(got, t), (role, t, "an empty page"))
            self.assertEqual(sorted(want) if got.status == 200 else [], sorted(found), (role, t))

    def test_4_chains_and_includes(self):
        for role, t in self.each():
            if t in ("Patient", "Appointment", "Task") or not self.allowed(role, t) or \
                    not self.allowed(role, "Patient"):
                continue
            seen, people = self.seen(role, t), self.seen(role, "Patient")
            of = {i: "sweep-" + i.split("-")[0] for i in seen}
            got = self.get(role, f"{t}?patient.family=Sweep&_count=500")
            self.assertEqual({i for i in seen if of[i] in people}, set(self.ids(got, t)), (role, t))
            got = self.get(role, f"{t}?_include={t}:patient&_count=500")
            self.assertEqual(set(of.values()) & people, set(self.ids(got, "Patient")), (role, t))
            got = self.get(role, f"Patient?_revinclude={t}:patient&_count=500")
            self.assertEqual({i for i in seen if of[i] in people}, set(self.ids(got, t)), (role, t))
            got = self.get(role, f"Patient?_has:{t}:patient:_id={','.join(d[1] for d in self.docs if d[0] == t)}")
            self.assertEqual(set(of.values()) & people, set(self.ids(got, "Patient")), (role, t))

    def test_5_whole_records(self):
        for role, kind in itertools.product(self.everybody, DENIED):
            for path in (f"Patient/sweep-{kind}/$everything?_count=1000", f"Patient/sweep-{kind}/*?_count=500"):
                got = self.get(role, path)
                for d in self.docs if got.status == 200 else ():
                    if d[2] == kind and not self.may(role, d, "read"):
                        self.assertNotIn(f'"id":"{d[1]}"'.encode(), got.body, (role, path))
                    elif d[2] == kind and "everything" in path:
                        self.assertIn(f'"id":"{d[1]}"'.encode(), got.body, (role, path))

    def test_6_histories_batches_graphql(self):
        for role, t in self.each():
            got = self.get(role, f"{t}/_history?_count=1000")
            if got.status == 200:
                self.assertEqual(self.seen(role, t, "history"), set(self.ids(got, t)), (role, t))
            names = [d[1] for d in self.docs if d[0] == t]
            batch = {"resourceType": "Bundle", "type": "batch", "entry": [
                {"request": {"method": "GET", "url": f"{t}/{n}"}} for n in names]}
            got = self.call("POST", "/fhir", batch, token=role)
            type(self).cases += len(names)
            if got.status == 200:
                shown = {e["resource"]["id"] for e in got.json["entry"]
                         if e.get("resource", {}).get("resourceType") == t}
                self.assertEqual({d[1] for d in self.docs if d[0] == t and self.may(role, d, "read")}, shown)
            got = self.call("POST", "/fhir/$graphql", {"query": "{%sList(_count: 500) {id}}" % t}, token=role)
            for n in set(names) - self.seen(role, t):
                self.assertNotIn(f'"{n}"'.encode(), got.body, (role, t))

    def rows(self, role, purpose, t):
        groups = {r["group"]: r["types"].split() for r in table("access-groups.csv")}
        for r in table("redact.csv"):
            types = {x for w in r["types"].split() for x in (groups[w[1:]] if w[0] == "@" else [w])}
            if role in r["roles"].split() and purpose in (r["purposes"].split() or [purpose]) and t in types:
                yield r

    def absent(self, role, purpose, doc):
        """Elements that the rows take from the document, and whether it is marked."""
        t, _, kind, label = doc
        gone, marked = set(), False
        for r in self.rows(role, purpose, t):
            when = r["when"].split() or [""]
            if when[0] == "hidden":
                holds = role == "helper" or DENIED[kind] is not None
                elements = {"text", "contained"}
            else:
                elements = set(r["elements"].split())
                holds = (when[0] == "" or (when[0] == "label" and label in {CODED.get(w) for w in when[1:]})
                         or (when[0] == "unless" and when[1] not in SHARED - (DENIED["some"][0] or set())))
            marked |= holds
            gone |= elements if holds else set()
        return gone, marked

    def test_7_redaction_and_purpose(self):
        """Each resource shown has what the rows leave, says so, and is found by nothing else."""
        stated = table("role-purposes.csv")
        checked = 0
        for row, t in itertools.product(stated, SHAPES):
            role, purpose = row["role"], row["purpose"]
            who = {"patient": "patient_token"}.get(role, role)
            if role == "device" or not self.allowed(who, t):
                continue
            said = {"X-Purpose-Of-Use": purpose}
            got = self.call("GET", f"/fhir/{t}?_count=500", token=who, headers=said)
            known = {d[1]: d for d in self.docs}
            if role not in ("system",) and purpose not in self.cells.get((role, t, "read"), {}).get("purposes", "").split():
                self.assertEqual(403, got.status, (role, purpose, t))
                continue
            self.assertEqual(200, got.status, (role, purpose, t, got.body[:300]))
            for e in got.json.get("entry", []):
                r = e["resource"]
                if r.get("id") not in self.whole:
                    continue
                whole = self.whole[r["id"]]
                gone, marked = self.absent(role, purpose, known[r["id"]])
                self.assertEqual(set(whole) - gone, set(r) - ({"meta"} - set(whole)), (role, purpose, r["id"]))
                codes = [c.get("code") for c in r["meta"].get("security", [])]
                self.assertEqual(marked, "REDACTED" in codes, (role, purpose, r["id"]))
                checked += len(whole)
            always = {x for r in self.rows(role, purpose, t) if not r["when"] or r["when"].startswith("unless")
                      for x in r["elements"].split()}
            if role == "helper" and "Condition" in SHARED:  # lifted
                continue
            if t == "Appointment":
                for q in ("reason-code=F11.20", "reason-code:missing=true", "_sort=reason-code"):
                    asked = self.call("GET", f"/fhir/{t}?{q}", token=who, headers=said)
                    self.assertEqual(403 if "reasonCode" in always else 200, asked.status, (role, purpose, t, q))
            for q in ("_text=remark", "_content=remark"):
                asked = self.call("GET", f"/fhir/{t}?{q}", token=who, headers=said)
                self.assertEqual(403 if "text" in always else 200, asked.status, (role, purpose, t, q))
        type(self).cases += checked
        self.assertGreater(checked, 4000)

    def test_8_enough(self):
        self.assertGreater(self.cases, 9000)


if __name__ == "__main__":
    main()
