"""Bills (Claim, ExplanationOfBenefit) are each patient's to share with who treats them (ADR 67): without a Consent in
force that lists them, nothing on any road tells that there are any; with one, the care facts are there and no amount."""
import csv
import json
import os
import re
import time

from weft_http import Case, Events, main

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = os.path.join(os.environ.get("WEFT_SOURCE") or os.path.join(HERE, "..", ".."), "spec")
SCOPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]}
BOTH = [{"code": "Claim"}, {"code": "ExplanationOfBenefit"}]
USD = {"value": 4711.13, "currency": "USD"}
ANKLE = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "S93.40"}], "text": "sprained ankle"}
PRICES = {"unitPrice": USD, "factor": 4711.13, "net": USD, "extension": [{"url": "urn:x", "valueMoney": USD}]}


def day(offset):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + offset * 86400))


def claim(patient, **more):
    return {"resourceType": "Claim", "status": "active", "use": "claim", "patient": {"reference": "Patient/" + patient},
            "type": {"text": "office visit"}, "created": day(-3), "provider": {"display": "Dr. Grey"},
            "priority": {"text": "normal"}, "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "plan 4711.13"}}],
            "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": ANKLE}],
            "item": [{"sequence": 1, "productOrService": {"text": "X-ray"}, "servicedDate": day(-4), **PRICES,
                      "detail": [{"sequence": 1, "productOrService": {"text": "film"}, **PRICES,
                                  "subDetail": [{"sequence": 1, "productOrService": {"text": "side view"}, **PRICES}]}]}],
            "total": USD, **more}


def benefit(patient, **more):
    paid = {"adjudication": [{"category": {"text": "paid"}, "amount": USD, "value": 4711.13}], "noteNumber": [1]}
    r = claim(patient)
    del r["priority"]
    r["item"][0].update(paid)
    r["item"][0]["detail"][0].update(paid)
    return {**r, "resourceType": "ExplanationOfBenefit", "insurer": {"display": "Payer"}, "outcome": "complete",
            "insurance": [{"focal": True, "coverage": {"display": "plan 4711.13"}}],
            "addItem": [{"productOrService": {"text": "film"}, "unitPrice": USD, "net": USD, **paid}], "adjudication": paid["adjudication"],
            "total": [{"category": {"text": "submitted"}, "amount": USD}], "payment": {"amount": USD},
            "processNote": [{"number": 1, "text": "paid 4711.13"}], "disposition": "paid 4711.13",
            "benefitBalance": [{"category": {"text": "c"}, "financial": [{"type": {"text": "x"}, "usedMoney": USD}]}], **more}


class Claims(Case):
    roles = ("nurse", "agent", "system", "privacy")

    @classmethod
    def before_start(cls):
        cls.bo = cls.server.token("nurse", "--user", "nurse.bo", "--reference", "Practitioner/bo")
        cls.eve = cls.server.token("nurse", "--user", "nurse.eve")
        cls.app = cls.server.token("nurse", "--scope", "user/Patient.rs user/Observation.rs")

    def make(self, resource):
        a = self.call("POST", "/fhir/" + resource["resourceType"], resource, token="system")
        return self.expect(201, a).json["id"]

    def consent(self, patient, provision, **more):
        return self.make({"resourceType": "Consent", "status": "active", "scope": SCOPE, "category": [{"text": "share"}],
                          "policyRule": {"text": "own"}, "patient": {"reference": "Patient/" + patient},
                          "provision": provision, **more})

    def share(self, patient, **more):
        return self.consent(patient, {"type": "permit", "class": BOTH, **more})

    def person(self):
        """With two bills, and what points at them."""
        who = self.make({"resourceType": "Patient", "name": [{"family": "Bill"}]})
        visit = self.make({"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
                           "subject": {"reference": "Patient/" + who}})
        c = claim(who)
        c["item"][0]["encounter"] = [{"reference": "Encounter/" + visit}]
        return who, visit, self.make(c), self.make(benefit(who))

    def roads(self, who, visit, cid, eid):
        """Every road by which a bill, or that there is one, could come out."""
        yield from (f"Claim/{cid}", f"Claim/{cid}/_history/1", f"Claim/{cid}/_history", f"Claim/{cid}/$meta",
                    f"ExplanationOfBenefit/{eid}", f"ExplanationOfBenefit/{eid}/_history", f"Claim/{cid}?_format=xml",
                    f"ExplanationOfBenefit/{eid}/_history/1", f"Claim/{cid}?_elements=total", f"Claim/{cid}?_summary=true",
                    f"Claim?patient={who}", f"Claim?_id={cid}", f"Claim?patient={who}&_sort=-created&_count=1",
                    f"Claim?patient.family=Bill&_id={cid}", f"ExplanationOfBenefit?patient={who}&_summary=count",
                    f"Claim?patient={who}&_total=accurate&_summary=count", f"Claim?patient={who}&_count=0&_total=accurate",
                    f"Claim?_id={cid}&_include=Claim:patient", f"Claim?patient={who}&created=ge2020-01-01",
                    f"Patient?_id={who}&_revinclude=Claim:patient", f"Patient?_id={who}&_revinclude=*",
                    f"Patient?_id={who}&_has:Claim:patient:status=active",
                    f"Patient?_id={who}&_has:ExplanationOfBenefit:patient:status=active",
                    f"Patient?_id={who}&_has:Claim:patient:_id={cid}", f"Patient/{who}/Claim", f"Patient/{who}/*",
                    f"Patient/{who}/$everything", f"Patient/{who}/$everything?_type=Claim,ExplanationOfBenefit",
                    f"?_type=Claim,ExplanationOfBenefit&_id={cid},{eid}", f"Patient/{who}/$hidden",
                    f"Patient/{who}/$picture?days=30", f"Patient/{who}/$summary", f"Encounter/{visit}/$everything")

    def answers(self, who, visit, cid, eid, token="nurse", away=()):
        """What comes back, without what differs from call to call, and without the ids named."""
        told = {}
        for path in self.roads(who, visit, cid, eid):
            got = self.call("GET", "/fhir/" + path, token=token)
            text = got.body.decode()
            text = re.sub(r'"(timestamp|lastUpdated|from)":"[^"]*"', r'"\1":"@"', text)
            for x in (cid, eid, who, visit, *away):
                text = text.replace(x, "#").replace(x.replace("-", "%2D"), "#")
            told[path.replace(cid, "C").replace(eid, "E").replace(who, "P").replace(visit, "V")] = (got.status, text)
        batch = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": u}} for u in (
            f"Claim/{cid}", f"Claim?patient={who}")]}
        query = {"query": "{ClaimList(patient: \"%s\") {id total {value}} Patient(id: \"%s\") {id}}" % (who, who)}
        for name, path, body in (("batch", "/fhir", batch), ("graphql", "/fhir/$graphql", query)):
            got = self.call("POST", path, body, token=token)
            told[name] = (got.status, got.body.decode())
        return told

    def bills_in(self, told):
        return {road for road, (_, text) in told.items() if "office visit" in text or '"resourceType":"Claim"' in text}

    def sees(self, who, visit, cid, eid, token="nurse"):
        """The roads agree, and say whether the bills are shown."""
        read = self.call("GET", "/fhir/Claim/" + cid, token=token)
        count = self.expect(200, self.call("GET", f"/fhir/Claim?patient={who}&_summary=count", token=token)).json["total"]
        whole = self.expect(200, self.call("GET", f"/fhir/Patient/{who}/$everything?_type=Claim,ExplanationOfBenefit", token=token))
        chained = self.expect(200, self.call("GET", f"/fhir/Patient?_id={who}&_has:Claim:patient:_id={cid}", token=token))
        lane = [x for x in self.call("GET", f"/fhir/Patient/{who}/$picture?days=30", token=token).json["lanes"]
                if x["lane"] == "claims"][0]
        shown = read.status == 200
        self.assertIn(read.status, (200, 404))
        self.assertEqual(1 if shown else 0, count)
        self.assertEqual(2 if shown else 0, sum(e["resource"]["resourceType"] in ("Claim", "ExplanationOfBenefit")
                                                for e in whole.json.get("entry", []) if "resource" in e))
        self.assertEqual(1 if shown else 0, chained.json["total"])
        self.assertEqual(2 if shown else 0, len(lane["entry"]))
        self.assertEqual([not shown, False, False], [lane["unshared"], lane["role"], lane["kept"]])
        return shown

    def test_nothing_tells_of_bills_that_are_not_shared(self):
        """Every road answers about a patient with bills as about one without, word for word."""
        who, visit, cid, eid = self.person()
        bare = self.make({"resourceType": "Patient", "name": [{"family": "Bill"}]})
        calm = self.make({"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
                          "subject": {"reference": "Patient/" + bare}})
        with_bills = self.answers(who, visit, cid, eid)
        self.assertEqual(set(), self.bills_in(with_bills))
        without = self.answers(bare, calm, "none-1", "none-2")
        for road, (status, text) in without.items():
            if road in ("batch", "graphql"):
                text = text.replace("none-1", cid).replace(bare, who)
            got = with_bills[road]
            same = lambda t: re.sub(r"_page=[^\"&]*", "_page", t)
            self.assertEqual((status, same(text)), (got[0], same(got[1])), road)
        unknown, hidden = self.call("GET", "/fhir/Claim/none"), self.call("GET", "/fhir/Claim/" + cid)
        self.assertEqual((404, unknown.text()), (hidden.status, hidden.text()))
        self.assertNotIn("break", hidden.text())
        for token in ("agent", "privacy"):  # no row, as before
            self.expect(403, self.call("GET", "/fhir/Claim/" + cid, token=token))

    def test_which_consents_share(self):
        who, visit, cid, eid = p = self.person()
        bo = self.call("PUT", "/fhir/Practitioner/bo", {"resourceType": "Practitioner", "id": "bo"}, token="system")
        self.assertIn(bo.status, (200, 201))
        team = self.make({"resourceType": "CareTeam", "status": "active", "subject": {"reference": "Patient/" + who},
                          "participant": [{"member": {"reference": "Practitioner/bo"}}]})
        named = lambda ref: {"actor": [{"role": {"text": "x"}, "reference": {"reference": ref}}]}
        treat = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}]
        pay = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HPAYMT"}]
        permit, lists = {"type": "permit"}, {"type": "permit", "class": BOTH}
        adr = {"coding": [{"system": SCOPE["coding"][0]["system"], "code": "adr"}]}
        for provision, more, nurse, of_bo in (
                (lists, {}, True, True), ({**lists, "purpose": treat}, {}, True, True),
                ({**lists, **named("Practitioner/bo")}, {}, False, True),
                ({**lists, **named("CareTeam/" + team)}, {}, False, True),
                ({**lists, "period": {"end": day(2)}}, {}, True, True),
                (permit, {}, False, False),  # everything, and nothing by name
                ({**permit, **named("Practitioner/bo")}, {}, False, False),
                ({**permit, "class": [{"code": "Coverage"}]}, {}, False, False),
                ({**lists, "purpose": pay}, {}, False, False),
                ({**lists, "period": {"end": day(-1)}}, {}, False, False),
                ({**lists, "period": {"start": day(2)}}, {}, False, False),
                ({**lists, "action": [{"coding": [{"code": "disclose"}]}]}, {}, False, False),
                ({"type": "deny", "class": BOTH}, {}, False, False),
                (lists, {"status": "proposed"}, False, False), (lists, {"status": "rejected"}, False, False),
                (lists, {"scope": adr}, False, False),
                (lists, {"modifierExtension": [{"url": "urn:unknown", "valueBoolean": True}]}, False, False)):
            made = self.consent(who, provision, **more)
            self.assertEqual((nurse, of_bo), (self.sees(*p), self.sees(*p, token="bo")), (provision, more))
            self.expect(204, self.call("DELETE", "/fhir/Consent/" + made, token="system"))
            self.assertFalse(self.sees(*p) or self.sees(*p, token="bo"))

    def test_taken_back_it_closes_at_once(self):
        who, visit, cid, eid = p = self.person()
        yes = self.share(who)
        self.assertTrue(self.sees(*p))
        page = self.expect(200, self.call("GET", "/fhir/Claim?patient.family=Bill&_count=1&_sort=created")).json
        body = self.call("GET", "/fhir/Consent/" + yes, token="system").json
        self.expect(200, self.call("PUT", "/fhir/Consent/" + yes, {**body, "status": "inactive"}, token="system"))
        self.assertFalse(self.sees(*p))
        for link in page["link"]:  # pages given out before show nothing now
            got = self.call("GET", link["url"][link["url"].index("/fhir"):])
            self.assertNotIn(cid, [e["resource"]["id"] for e in got.json.get("entry", [])
                                   if e["resource"]["resourceType"] == "Claim"])
        self.share(who)
        self.assertTrue(self.sees(*p))
        self.consent(who, {"type": "deny", "class": [{"code": "Claim"}]})  # beside the permission: the denial wins
        self.expect(404, self.call("GET", "/fhir/Claim/" + cid))
        self.expect(200, self.call("GET", "/fhir/ExplanationOfBenefit/" + eid))

    def test_one_patient_shares_for_nobody_else(self):
        p, other = self.person(), self.person()
        self.share(p[0])
        self.assertTrue(self.sees(*p))
        self.assertFalse(self.sees(*other))
        both = f"_id={p[2]},{other[2]}"
        for query in (both, both + "&_sort=created", both + "&_total=accurate", both + "&patient.family=Bill"):
            got = self.expect(200, self.call("GET", "/fhir/Claim?" + query)).json
            self.assertEqual([p[2]], [e["resource"]["id"] for e in got["entry"] if e["search"]["mode"] == "match"])
            self.assertEqual(1, got["total"])
        log = self.expect(200, self.call("GET", "/fhir/Claim/_history?_count=500")).json["entry"]
        ids = [e["resource"]["id"] for e in log if "resource" in e]
        self.assertTrue(p[2] in ids and other[2] not in ids)

    def test_a_label_hides_what_is_shared(self):
        who, *_ = p = self.person()
        self.share(who)
        for code in ("F11.20", "F32.1"):  # care for substance use, of the mind
            ill = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]}
            cid = self.make(claim(who, diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": ill}]))
            self.assertEqual(self.call("GET", "/fhir/Claim/none").text(), self.expect(404, self.call("GET", "/fhir/Claim/" + cid)).text())
        labelled = self.make(claim(who, meta={"security": [
            {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}))
        self.expect(404, self.call("GET", "/fhir/Claim/" + labelled))
        self.assertTrue(self.sees(*p))  # one, of four

    @staticmethod
    def lines(name):
        with open(os.path.join(SPEC, name), encoding="utf-8", newline="") as f:
            return [line for line in f.read().splitlines() if not line.startswith("#")]

    def test_no_amount_leaves(self):
        who, visit, cid, eid = p = self.person()
        self.share(who)
        for road, (status, text) in self.answers(*p).items():
            self.assertNotIn("4711", text, road)
            self.assertNotIn("USD", text, road)
        got = self.expect(200, self.call("GET", "/fhir/Claim/" + cid)).json
        self.assertEqual("X-ray", got["item"][0]["productOrService"]["text"])
        self.assertEqual("side view", got["item"][0]["detail"][0]["subDetail"][0]["productOrService"]["text"])
        self.assertEqual({"sequence", "productOrService", "servicedDate", "encounter", "detail"}, set(got["item"][0]))
        self.assertEqual("sprained ankle", got["diagnosis"][0]["diagnosisCodeableConcept"]["text"])
        self.assertIn("REDACTED", [x["code"] for x in got["meta"]["security"]])
        self.assertIn("4711.13", self.call("GET", "/fhir/Claim/" + cid, token="system").text())
        for q in ("Claim?encounter=Encounter/" + visit, "ExplanationOfBenefit?disposition=paid", "Claim?_content=4711.13",
                  "Claim?_text=4711.13", "Claim?payee=Patient/" + who, "Claim?_sort=encounter", "Claim?encounter.status=finished",
                  "Claim?_include=Claim:encounter", "Encounter?_revinclude=Claim:encounter",
                  f"Encounter?_has:Claim:encounter:_id={cid}", "ExplanationOfBenefit?coverage=Coverage/x"):
            self.expect(403, self.call("GET", "/fhir/" + q), "not shown")
        # every element of type Money, wherever R4 has one, is named by a row
        rows = {r["types"]: r["elements"].split() for r in csv.DictReader(self.lines("rules/redact.csv"))
                if r["id"] in ("REDACT-31", "REDACT-32")}
        checked = 0
        for line in self.lines("fhir/elements.tsv"):
            kind, *inner = line.split("\t")[0].split(".")
            if kind in rows and "Money" in line.split():
                self.assertTrue(inner[0] in rows[kind] or any(f"{inner[0]}.{x}" in rows[kind] for x in inner[1:]), line)
                checked += 1
        self.assertGreater(checked, 20)

    def test_purpose_scope_and_glass(self):
        who, visit, cid, eid = p = self.person()
        self.share(who)
        got = self.call("GET", "/fhir/Claim/" + cid, headers={"X-Purpose-Of-Use": "HOPERAT"})
        self.assertEqual(self.call("GET", "/fhir/Claim/none").text(), self.expect(404, got).text())
        self.expect(403, self.call("GET", "/fhir/Claim?patient=" + who, headers={"X-Purpose-Of-Use": "HOPERAT"}))
        self.expect(404, self.call("GET", "/fhir/Claim/" + cid, token="app"))  # an app without a scope for it
        for verb, path, body in (("POST", "Claim", claim(who)), ("PUT", "Claim/" + cid, {**claim(who), "id": cid}),
                                 ("PUT", "Claim/new-one", {**claim(who), "id": "new-one"}), ("DELETE", "Claim/" + cid, None)):
            self.expect(403, self.call(verb, "/fhir/" + path, body))
        kept = self.person()
        self.assertFalse(self.sees(*kept, token="eve"))
        self.expect(200, self.call("POST", f"/fhir/Patient/{kept[0]}/$break-glass", {"resourceType": "Parameters", "parameter": [
            {"name": "reason", "valueString": "Unconscious after a fall; no history known"}]}, token="eve"))
        self.assertTrue(self.sees(*kept, token="eve"))
        self.assertNotIn("4711", self.call("GET", "/fhir/Claim/" + kept[2], token="eve").text())
        self.assertFalse(self.sees(*kept))  # one person, not a role

    def beside(self, who, cid, eid):
        """What names bills: shown without them, or not at all. name → (id, what is named beside)."""
        subject, bill = {"reference": "Patient/" + who}, [{"reference": "Claim/" + cid}]
        seen = self.make({"resourceType": "Observation", "status": "final", "code": {"text": "pulse"}, "subject": subject})
        both = [{"item": {"reference": "Observation/" + seen}}, {"item": bill[0]}, {"item": {"reference": "ExplanationOfBenefit/" + eid}}]
        told = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">one office visit</div>'}
        lst = {"resourceType": "List", "status": "current", "mode": "working", "subject": subject}
        who_did = {"recorded": "2026-01-02T03:04:05Z", "agent": [{"who": {"display": "payer"}}]}
        part = {"list": {**lst, "entry": both, "text": told},
                "order": {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": subject, "supportingInfo": bill},
                "words": {"resourceType": "Communication", "status": "completed", "subject": subject, "about": bill,
                          "payload": [{"contentString": "My chest hurts"}]},
                "extended": {"resourceType": "Observation", "status": "final", "code": {"text": "weight"}, "subject": subject,
                             "extension": [{"url": "urn:bill", "valueReference": bill[0]}, {"url": "urn:x", "valueString": "stays"}]},
                "logical": {**lst, "entry": [both[0], {"item": {"type": "Claim", "identifier": {"value": "44"}}}]},
                "elsewhere": {**lst, "entry": [both[0], {"item": {"reference": "https://payer.example/fhir/Claim/9"}}]},
                "written": {"resourceType": "Provenance", "target": [{"reference": "Observation/" + seen}, bill[0]], **who_did}}
        whole = {"bills": {**lst, "entry": both[1:]},
                 "source": {"resourceType": "Provenance", "target": bill, **who_did},
                 "scan": {"resourceType": "DocumentReference", "status": "current", "subject": subject,
                          "content": [{"attachment": {"title": "t"}}], "context": {"related": bill}},
                 "about": {"resourceType": "Observation", "status": "final", "code": {"text": "price"}, "subject": subject, "focus": bill},
                 "inside": {**lst, "contained": [{**claim(who), "id": "c"}], "entry": [both[0], {"item": {"reference": "#c"}}]}}
        return seen, {k: (v["resourceType"], self.make(v)) for k, v in part.items()}, \
            {k: (v["resourceType"], self.make(v)) for k, v in whole.items()}

    def ids(self, path, token="nurse"):
        got = self.expect(200, self.call("GET", "/fhir/" + path, token=token)).json
        return {e["resource"]["id"] for e in got.get("entry", []) if e.get("search", {}).get("mode") != "outcome"}, got.get("total")

    def test_what_names_a_bill_does_not_tell_of_it(self):
        """Entry by entry where the rest is care; else the resource that names it does not exist, on any road."""
        who, visit, cid, eid = self.person()
        seen, part, whole = self.beside(who, cid, eid)
        gone = {i for _, i in whole.values()}
        ref = lambda named: "%s/%s" % named
        lists = {part[k][1] for k in ("list", "logical", "elsewhere")}
        self.assertNotIn("text", self.call("GET", "/fhir/" + ref(part["list"])).json)
        for kind, ident in whole.values():
            for road in ("", "/_history", "/_history/1", "/$meta"):
                if kind == "Provenance" and road.startswith("/_history"):
                    continue  # is no nurse's
                none, got = (self.expect(404, self.call("GET", f"/fhir/{kind}/{i}{road}")) for i in ("none", ident))
                self.assertEqual(none.text(), got.text(), (kind, road))
        other = self.make({"resourceType": "Patient"})
        self.consent(other, {"type": "deny", "class": [{"code": "Observation"}]})  # looked at for another reason, too
        for named in part.values():
            for road in ("", "/_history", "/_history/1") if named[0] != "Provenance" else ("",):
                text = self.expect(200, self.call("GET", "/fhir/" + ref(named) + road)).text()
                for word in ("Claim", cid, eid, "office visit", "REDACTED", "ExplanationOfBenefit", "payer.example"):
                    self.assertNotIn(word, text, (named, road))
        shown = self.call("GET", "/fhir/" + ref(part["list"])).json
        self.assertEqual(["Observation/" + seen], [e["item"]["reference"] for e in shown["entry"]])
        self.assertIn("stays", self.call("GET", "/fhir/" + ref(part["extended"])).text())
        self.assertIn("My chest hurts", self.call("GET", "/fhir/" + ref(part["words"])).text())
        for path, want in ((f"List?subject=Patient/{who}", lists), (f"List?subject=Patient/{who}&_sort=-date", lists),
                           (f"List?item=Claim/{cid}", set()), (f"List?item=Observation/{seen}", lists),
                           (f"List?subject=Patient/{who}&item:missing=true", set()), ("List?item:Claim.status=active", set()),
                           (f"List?item=ExplanationOfBenefit/{eid}", set()), (f"Provenance?target=Claim/{cid}", set()),
                           ("List?_text=office", set()), (f"Provenance?target=Observation/{seen}", {part["written"][1]}),
                           (f"Communication?subject=Patient/{who}", {part["words"][1]}),
                           (f"DocumentReference?patient={who}", set()), (f"DocumentReference?related=Claim/{cid}", set()),
                           (f"Observation?subject=Patient/{who}", {seen, part["extended"][1]}),
                           (f"Observation?focus=Claim/{cid}", set()), (f"Observation?_id={seen}&_has:List:item:status=current", {seen}),
                           (f"Patient?_id={who}&_has:DocumentReference:patient:status=current", set())):
            got, total = self.ids(path)
            self.assertEqual((want, len(want)), (got, total), path)
            for more in ("&_summary=count", "&_total=accurate&_count=0"):
                self.assertEqual(len(want), self.ids(path + more)[1], path + more)
        page = self.expect(200, self.call("GET", f"/fhir/List?subject=Patient/{who}&_count=3")).json
        self.assertNotIn("next", [x["relation"] for x in page["link"]])
        for path in (f"Patient/{who}/$everything", f"Patient?_id={who}&_revinclude=*", f"List?subject=Patient/{who}&_include=*",
                     f"Observation?_id={seen}&_revinclude=List:item&_revinclude=Provenance:target", "List/_history?_count=500", f"Patient/{who}/*", f"?_type=List,Provenance&_id={','.join(gone)}"):
            text = json.dumps(self.expect(200, self.call("GET", "/fhir/" + path)).json.get("entry", []))
            for word in (cid, eid, "payer.example", *gone):
                self.assertNotIn(word, text, path)
        for how in (f"Claim/{cid}", "Claim/none"):  # a guess at an id is told no more by writing
            a = self.call("POST", "/fhir/List", {"resourceType": "List", "status": "current", "mode": "working",
                                                 "subject": {"reference": "Patient/" + who}, "entry": [{"item": {"reference": how}}]})
            self.assertIn("does not exist", self.expect(422, a).text())
        self.expect(403, self.call("GET", "/fhir/List?_sort=item"), "not shown")
        self.share(who)
        for kind, ident in [*part.values(), *(v for k, v in whole.items() if k != "inside")]:
            text = self.expect(200, self.call("GET", f"/fhir/{kind}/{ident}")).text()
            self.assertIn("Claim", text, (kind, ident))
        self.assertEqual({part["list"][1], whole["bills"][1]}, self.ids(f"List?item=Claim/{cid}")[0])
        self.assertEqual(2, self.ids(f"Provenance?target=Claim/{cid}")[1])

    def test_a_write_loses_nothing_that_was_not_shown(self):
        who, visit, cid, eid = self.person()
        seen, part, whole = self.beside(who, cid, eid)
        for kind, ident in part.values():
            if kind == "Provenance":
                continue  # nobody's to write
            shown = self.call("GET", f"/fhir/{kind}/{ident}").json
            whole_one = self.call("GET", f"/fhir/{kind}/{ident}", token="system").json
            self.expect(200, self.call("PUT", f"/fhir/{kind}/{ident}", {**shown, "language": "en"}))
            now = self.call("GET", f"/fhir/{kind}/{ident}", token="system").json
            for name in ("entry", "supportingInfo", "about", "extension"):
                key = lambda x: json.dumps(x, sort_keys=True)
                self.assertEqual(sorted(whole_one.get(name, []), key=key), sorted(now.get(name, []), key=key), (kind, name))
            self.assertEqual((whole_one.get("text"), "en"), (now.get("text"), now["language"]))
        kind, ident = whole["scan"]
        body = self.call("GET", f"/fhir/{kind}/{ident}", token="system").json
        for verb, sent in (("PUT", {**body, "status": "superseded"}), ("DELETE", None)):
            self.assertIn(self.call(verb, f"/fhir/{kind}/{ident}", sent).status, (403, 404))
        self.assertEqual("current", self.call("GET", f"/fhir/{kind}/{ident}", token="system").json["status"])

    def test_open_screens_of_what_names_a_bill(self):
        who, visit, cid, eid = self.person()
        e = Events(self.server, self.nurse)
        self.addCleanup(e.close)
        e.wait(lambda x: x.get("event") == "hello")
        seen, part, whole = self.beside(who, cid, eid)
        last = self.make({"resourceType": "List", "status": "current", "mode": "working", "subject": {"reference": "Patient/" + who}})
        e.wait(lambda x: x.get("event") == "change" and json.loads(x["data"])["id"] == last)
        told = {json.loads(x["data"]).get("id") for x in e.events if x.get("event") == "change"}
        self.assertTrue(seen in told and {i for _, i in part.values()} <= told)
        self.assertEqual(set(), {i for _, i in whole.values()} & told)

    def test_open_screens(self):
        who = self.make({"resourceType": "Patient"})
        e = Events(self.server, self.nurse)
        self.addCleanup(e.close)
        e.wait(lambda x: x.get("event") == "hello")
        kept = self.make(claim(who))
        after = self.make({"resourceType": "List", "status": "current", "mode": "working",
                           "subject": {"reference": "Patient/" + who}})
        e.wait(lambda x: x.get("event") == "change" and json.loads(x["data"])["id"] == after)
        self.share(who)  # not before the stream is past the claim: it asks when it tells
        shown = self.make(claim(who))
        e.wait(lambda x: x.get("event") == "change" and json.loads(x["data"])["id"] == shown)
        self.assertNotIn(kept, [json.loads(x["data"]).get("id") for x in e.events if x.get("event") == "change"])


if __name__ == "__main__":
    main()
