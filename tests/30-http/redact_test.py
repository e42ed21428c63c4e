"""What is absent inside of a resource (spec/rules/redact.csv), on every road: an agent sees that there is a visit and
not why; a helper is told no address; who sees a part of a List loses nothing of it by writing it back."""
import json
import time

from weft_http import Case, main

MARK = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED", "display": "redacted"}
SCOPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]}
NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">secretword</div>'}
WHY = {"coding": [{"system": "http://snomed.info/sct", "code": "84114007"}], "text": "secretword"}


class Redact(Case):
    roles = ("nurse", "agent", "outreach", "privacy", "system")

    @classmethod
    def before_start(cls):
        cls.helper = cls.server.token("helper", "--patient", "ana", "--reference", "RelatedPerson/bea")
        cls.apps = {s: cls.server.token("system" if s[0] == "s" else "nurse", "--scope", s) for s in (
            "user/*.rs purpose/HOPERAT", "user/*.rs purpose/TREAT", "system/*.rs")}
        cls.oracle = [cls.server.token("helper", "--patient", "ana", "--reference", "RelatedPerson/bea", "--scope", s) for s in (
            "user/Patient.rs?phone=5550100", "user/Encounter.rs?reason-code=84114007", "user/Encounter.rs?status=finished")]
        cls.ana = cls.server.token("patient", "--patient", "ana")

    def put(self, kind, rid, **body):
        a = self.call("PUT", f"/fhir/{kind}/{rid}", {"resourceType": kind, "id": rid, **body}, "system")
        self.assertIn(a.status, (200, 201), a.body)

    def share(self, *types):
        self.put("Consent", "share", status="active", scope=SCOPE, category=[{"text": "share"}],
                 policyRule={"text": "own"}, patient={"reference": "Patient/ana"},
                 provision={"type": "permit", "class": [{"code": t} for t in types],
                            "actor": [{"role": {"text": "helper"}, "reference": {"reference": "RelatedPerson/bea"}}]})

    def setUp(self):
        ana = {"reference": "Patient/ana"}
        self.put("Patient", "ana", text=NARRATIVE, name=[{"family": "Silva"}],
                 telecom=[{"system": "phone", "value": "5550100"}], address=[{"city": "hometown"}],
                 maritalStatus={"text": "single"})
        self.put("RelatedPerson", "bea", patient=ana)
        self.put("Condition", "c", subject=ana, code={"text": "x"})
        self.put("Encounter", "v", status="finished", **{"class": {"code": "AMB"}}, subject=ana, text=NARRATIVE,
                 reasonCode=[WHY], diagnosis=[{"condition": {"reference": "Condition/c"}}])
        self.put("Observation", "o", status="final", subject=ana, code={"text": "weight"}, note=[{"text": "secretword"}])
        self.share("Encounter", "Observation", "Patient")

    def get(self, path, token):
        return self.expect(200, self.call("GET", "/fhir/" + path, token=token))

    def test_roads(self):
        query = {"query": "{EncounterList(patient: \"ana\") {id status reasonCode {text} meta {security {code}}}}"}
        batch = {"resourceType": "Bundle", "type": "batch", "entry": [
            {"request": {"method": "GET", "url": u}} for u in ("Encounter/v", "Encounter?patient=ana", "Encounter/v/_history")]}
        for who in ("agent", "helper"):
            for path in ("Encounter/v", "Encounter/v/_history/1", "Encounter/v/_history", "Encounter?patient=ana",
                         "Encounter?_id=v&_include=Encounter:patient", "Encounter/v?_format=xml", "Encounter?_elements=reasonCode",
                         "Encounter/v/$everything", "Patient/ana/Encounter", "Encounter?_summary=text", "Patient/ana/$everything",
                         "Patient?_id=ana&_revinclude=Encounter:patient", "Encounter?_include=*", "Encounter/v/$meta"):
                got = self.call("GET", "/fhir/" + path, token=who)
                if "everything" not in path:
                    self.expect(200, got)
                self.assertNotIn(b"secretword", got.body, (who, path))
                self.assertNotIn(b"Condition/c", got.body, (who, path))
            for got in (self.call("POST", "/fhir/$graphql", query, who), self.call("POST", "/fhir", batch, who)):
                self.expect(200, got)
                self.assertIn(b"finished", got.body)
                self.assertNotIn(b"secretword", got.body, who)
        got = self.get("Encounter/v", "agent").json
        self.assertEqual([MARK], got["meta"]["security"])
        self.assertEqual({"resourceType", "id", "meta", "status", "class", "subject"}, set(got))
        self.assertIn("secretword", self.get("Encounter/v", "nurse").text())
        self.assertIn("secretword", self.get("Encounter/v", "ana").text())
        self.assertNotIn("REDACTED", self.get("Encounter/v", "nurse").text())
        self.assertNotIn("secretword", self.get("Patient/ana", "helper").text())
        self.assertNotIn("5550100", self.get("Patient/ana", "helper").text())
        self.assertIn("5550100", self.get("Patient/ana", "agent").text())

    def test_search_tells_nothing(self):
        for who, queries in (("agent", ("reason-code=84114007", "reason-code:not=1", "reason-code:missing=true", "_sort=reason-code",
                                        "diagnosis=Condition/c", "diagnosis.code=1", "_include=Encounter:diagnosis", "_text=secretword",
                                        "_content=secretword", "reason-code:text=x")),
                             ("helper", ("reason-code=84114007", "_sort=-reason-code", "_include=Encounter:diagnosis"))):
            for q in queries:
                for path in (f"Encounter?{q}", f"Encounter?{q}&_summary=count", f"Patient/ana/Encounter?{q}"):
                    self.expect(403, self.call("GET", "/fhir/" + path, token=who), "REDACT" if "clude" not in q else "leave")
        self.expect(403, self.call("GET", "/fhir/Patient?_has:Encounter:patient:reason-code=1", token="agent"))
        self.expect(403, self.call("GET", "/fhir/Observation?_revinclude=Encounter:reason-reference", token="helper"))
        self.expect(403, self.call("GET", "/fhir/Patient?phone=5550100", token="helper"))
        self.assertEqual(1, self.get("Patient?phone=5550100", "agent").json["total"])
        self.assertEqual(1, self.get("Encounter?reason-code=84114007", "nurse").json["total"])
        self.assertEqual(0, self.get("Encounter?_security=REDACTED", "agent").json["total"])

    def test_share_lifts(self):
        self.assertNotIn("secretword", self.get("Encounter/v", "helper").text())
        self.share("Encounter", "Observation", "Condition", "Patient")
        got = self.get("Encounter/v", "helper").json
        self.assertEqual("secretword", got["reasonCode"][0]["text"])
        self.assertEqual(1, self.get("Encounter?reason-code=84114007", "helper").json["total"])
        self.assertNotIn("secretword", self.get("Observation/o", "helper").text())

    def test_write_keeps(self):
        a = self.get("Encounter/v", "agent")
        seen = {**a.json, "status": "cancelled"}
        self.expect(200, self.call("PUT", "/fhir/Encounter/v", seen, "agent", headers={"If-Match": a.header("ETag")}))
        now = self.get("Encounter/v", "nurse").json
        self.assertEqual(("cancelled", [WHY], NARRATIVE), (now["status"], now["reasonCode"], now["text"]))
        self.assertEqual("Condition/c", now["diagnosis"][0]["condition"]["reference"])
        self.assertNotIn("security", now["meta"])
        for more in ({"reasonCode": []} if False else {"reasonCode": [WHY]}, {"text": NARRATIVE}, {"reasonCode": [{"text": "other"}]}):
            self.expect(403, self.call("PUT", "/fhir/Encounter/v", {**seen, **more}, "agent"), "stays")
        patch = [{"op": "add", "path": "/reasonCode", "value": [{"text": "mine"}]}]
        kind = {"Content-Type": "application/json-patch+json"}
        self.expect(403, self.call("PATCH", "/fhir/Encounter/v", json.dumps(patch), "agent", headers=kind), "stays")
        test = [{"op": "test", "path": "/reasonCode/0/text", "value": "secretword"}]
        self.assertNotEqual(200, self.call("PATCH", "/fhir/Encounter/v", json.dumps(test), "agent", headers=kind).status)
        patch = [{"op": "replace", "path": "/status", "value": "finished"}]
        self.expect(200, self.call("PATCH", "/fhir/Encounter/v", json.dumps(patch), "agent", headers=kind))
        now = self.get("Encounter/v", "nurse").json
        self.assertEqual(("finished", [WHY]), (now["status"], now["reasonCode"]))
        tag = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "seen"}]}}]}
        self.expect(200, self.call("POST", "/fhir/Encounter/v/$meta-add", tag, "agent"))
        now = self.get("Encounter/v", "nurse").json
        self.assertEqual(([WHY], "seen"), (now["reasonCode"], now["meta"]["tag"][0]["code"]))
        self.assertNotIn("security", now["meta"])

    def test_links_to_what_is_hidden(self):
        dora = {"reference": "Patient/dora"}
        self.put("Patient", "dora")
        for i in ("seen", "hidden"):
            self.put("Observation", "l-" + i, status="final", subject=dora, code={"text": i})
        self.put("List", "l", status="current", mode="working", subject=dora, text=NARRATIVE,
                 entry=[{"item": {"reference": f"Observation/l-{i}"}} for i in ("hidden", "seen")])
        self.assertIn("secretword", self.get("List/l", "nurse").text())
        self.put("Consent", "deny-dora", status="active", scope=SCOPE, category=[{"text": "no"}], policyRule={"text": "own"},
                 patient=dora, provision={"type": "deny", "data": [
                     {"meaning": "instance", "reference": {"reference": "Observation/l-hidden"}}]})
        for path in ("List/l", "List?_id=l", "List/l/_history", "List?item=Observation/l-seen", "Patient/dora/$everything"):
            got = self.get(path, "nurse")
            self.assertNotIn(b"l-hidden", got.body, path)
            self.assertNotIn(b"secretword", got.body, path)
            self.assertIn(b"l-seen", got.body, path)
        self.assertEqual(0, self.get("List?item=Observation/l-hidden&_total=accurate", "nurse").json["total"])
        seen = self.get("List/l", "nurse").json
        self.assertEqual([MARK], seen["meta"]["security"])
        self.expect(200, self.call("PUT", "/fhir/List/l", {**seen, "mode": "changes"}, "nurse"))
        whole = self.get("List/l", "system").json
        self.assertEqual({"Observation/l-seen", "Observation/l-hidden"}, {e["item"]["reference"] for e in whole["entry"]})
        self.assertEqual(NARRATIVE, whole["text"])
        only = {**seen, "entry": [{"item": {"reference": "Observation/l-hidden"}}]}
        self.assertIn(b"REDACTED", self.call("GET", "/fhir/List/l", token="nurse").body)
        self.put("List", "l", **{k: v for k, v in only.items() if k not in ("resourceType", "id", "meta")})
        self.assertEqual(1, self.get("List?_id=l&item:missing=true&_total=accurate", "nurse").json["total"])
        self.assertEqual(0, self.get("List?_id=l&item:missing=false&_total=accurate", "nurse").json["total"])

    def outcomes(self, who, path):
        got = self.get(path, who).json
        return [(i["code"], i["details"]["text"]) for e in got.get("entry", []) if e["search"]["mode"] == "outcome"
                for i in e["resource"]["issue"]]

    def test_says_what_is_hidden_where_it_may(self):
        self.put("Patient", "gil")
        for i, code in (("a", "8867-4"), ("b", "F11.20")):
            system = "http://loinc.org" if i == "a" else "http://hl7.org/fhir/sid/icd-10-cm"
            self.put("Observation" if i == "a" else "Condition", "g-" + i, **({"status": "final"} if i == "a" else {}),
                     subject={"reference": "Patient/gil"}, code={"coding": [{"system": system, "code": code}]})
        self.assertEqual([], self.outcomes("nurse", "Patient/gil/$everything"))
        self.put("Consent", "deny-gil", status="active", scope=SCOPE, category=[{"text": "no"}], policyRule={"text": "own"},
                 patient={"reference": "Patient/gil"}, provision={"type": "deny", "class": [{"code": "Observation"}, {"code": "Condition"}]})
        told = self.outcomes("nurse", "Patient/gil/$everything")
        self.assertEqual({"suppressed"}, {c for c, _ in told})
        self.assertIn("Hidden, because the patient asked for it (1): Observation", [t for _, t in told])
        self.assertNotIn("Condition", str(told))  # its label may not be named
        for code, text in self.outcomes("agent", "Encounter?_id=v&_include=Encounter:patient"):
            self.assertIn(text.split(":")[0], ("1 shown in part, without reasons", "1 shown in part, without narrative"))
        self.assertEqual([], self.outcomes("nurse", "Encounter?_id=v"))
        self.assertEqual([], self.outcomes("agent", "Encounter?_summary=count"))

    def test_graphql_and_documents_say_it_too(self):
        query = "/fhir/$graphql?query={EncounterList(_id:%22v%22){id}}"
        a = self.expect(200, self.call("GET", query, token="agent")).json
        said = json.dumps(a["extensions"]["suppressed"])
        self.assertEqual([{"id": "v"}], a["data"]["EncounterList"])
        self.assertIn("1 shown in part, without reasons", said)
        self.assertNotIn("secretword", said)
        self.assertNotIn("extensions", self.expect(200, self.call("GET", query, token="nurse")).json)
        self.put("Composition", "doc", status="final", type={"text": "note"}, subject={"reference": "Patient/ana"},
                 date="2026-01-01", author=[{"reference": "Patient/ana"}], title="t", encounter={"reference": "Encounter/v"})
        for token, told in (("helper", True), ("nurse", False)):
            self.share("Composition", "Encounter", "Patient")
            entries = self.expect(200, self.call("GET", "/fhir/Composition/doc/$document", token=token)).json["entry"]
            self.assertEqual("Composition", entries[0]["resource"]["resourceType"])
            outcome = [e for e in entries if e["resource"]["resourceType"] == "OperationOutcome"]
            self.assertEqual(told, bool(outcome))
            self.assertNotIn("search", str(outcome))

    def test_purpose_of_use(self):
        self.put("Patient", "fay")
        self.put("Observation", "plain", status="final", subject={"reference": "Patient/fay"}, code={"text": "x"}, note=[{"text": "secretword"}])
        self.put("Observation", "sud", status="final", subject={"reference": "Patient/fay"}, note=[{"text": "secretword"}],
                 code={"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}]})

        def get(who, said, path="Observation/sud"):
            return self.call("GET", "/fhir/" + path, token=who, headers={"X-Purpose-Of-Use": said} if said else {})
        v3 = "http://terminology.hl7.org/CodeSystem/v3-ActReason|"
        for said in ("", "TREAT", v3 + "TREAT"):
            self.assertIn("secretword", self.expect(200, get("nurse", said)).text())
        self.assertNotIn("secretword", self.expect(200, get("nurse", "HOPERAT")).text())
        self.assertIn("secretword", self.expect(200, get("nurse", "HOPERAT", "Observation/plain")).text())
        self.expect(400, get("nurse", "CURIOSITY"), "TREAT", "HOPERAT")
        for who, said in (("nurse", "BTG"), ("nurse", "ETREAT"), ("nurse", "HPAYMT"), ("agent", "TREAT"), ("ana", "TREAT"),
                          ("helper", "PATRQT"), ("outreach", "HPAYMT")):
            self.expect(403, get(who, said, "Patient/fay"), "purpose")
        self.put("Communication", "m", status="completed", subject={"reference": "Patient/fay"}, payload=[{"contentString": "secretword"}])
        self.assertIn("secretword", self.expect(200, get("agent", "", "Communication/m")).text())
        self.assertNotIn("secretword", self.expect(200, get("agent", "HPAYMT", "Communication/m")).text())
        told = self.expect(200, get("privacy", "", "AuditEvent?entity=Communication/m&_count=1")).text()
        self.assertIn('"HPAYMT"', told)
        for scope, ok, seen in (("user/*.rs purpose/HOPERAT", 200, False), ("user/*.rs purpose/TREAT", 200, True)):
            got = self.expect(ok, self.server.call("GET", "/fhir/Observation/sud", None, self.apps[scope]))
            self.assertEqual(seen, "secretword" in got.text())
        only = {"X-Purpose-Of-Use": "TREAT"}
        self.expect(403, self.server.call("GET", "/fhir/Observation/sud", None, self.apps["user/*.rs purpose/HOPERAT"], headers=only))
        self.put("Consent", "no-ops", status="active", scope=SCOPE, category=[{"text": "no"}], policyRule={"text": "own"},
                 patient={"reference": "Patient/fay"}, provision={"type": "deny", "class": [{"code": "Observation"}], "purpose": [
                     {"system": v3[:-1], "code": "HOPERAT"}]})
        self.expect(200, get("nurse", ""))
        self.expect(404, get("nurse", "HOPERAT"))
        self.assertEqual(0, get("nurse", "HOPERAT", "Observation?patient=fay").json["total"])
        self.put("Consent", "no-ops", status="inactive", scope=SCOPE, category=[{"text": "no"}], policyRule={"text": "own"},
                 patient={"reference": "Patient/fay"})

    def test_exports_heed_consents(self):
        """A service of the outside is no part of the house: what a patient denies is not in its files."""
        dora = {"reference": "Patient/eli"}
        self.put("Patient", "eli")
        self.put("Observation", "e-1", status="final", subject=dora, code={"text": "e-1"})
        self.put("Group", "g", type="person", actual=True, member=[{"entity": dora}])
        roads = ("/fhir/$export", "/fhir/Patient/$export", "/fhir/Group/g/$export", "/fhir/Patient/$export?_typeFilter=Observation%3Fstatus%3Dfinal&_type=Observation")
        self.assertEqual([True] * 4, [b'"e-1"' in self.exported(r) for r in roads])
        self.put("Consent", "deny-eli", status="active", scope=SCOPE, category=[{"text": "no"}], policyRule={"text": "own"},
                 patient=dora, provision={"type": "deny", "class": [{"code": "Observation"}]})
        self.assertEqual([False] * 4, [b'"e-1"' in self.exported(r) for r in roads])
        self.assertIn(b'"e-1"', self.call("GET", "/fhir/Observation/e-1", token="system").body)

    def test_r196_a_service_without_a_purpose_states_none(self):
        """A service registered without a purpose/ word stated TREAT and passed a denial of HOPERAT."""
        for said, status in (("TREAT", 403), ("PUBHLTH", 403), ("HOPERAT", 200)):
            self.expect(status, self.server.call("GET", "/fhir/Observation?_count=1", None, self.apps["system/*.rs"],
                                                 headers={"X-Purpose-Of-Use": said}))

    def test_R190_older_versions_have_the_labels_of_today(self):
        """A label that came later covers what was written before: versions, history, searches."""
        said, said_not = {"X-Purpose-Of-Use": "HOPERAT"}, {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SDV"}
        self.put("Patient", "hal")
        body = dict(status="final", subject={"reference": "Patient/hal"}, code={"text": "x"}, note=[{"text": "lateword"}])
        self.put("Observation", "late", **body)
        get = lambda path: self.expect(200, self.call("GET", "/fhir/" + path, token="nurse", headers=said)).text()
        self.assertIn("lateword", get("Observation/late/_history/1"))
        self.put("Observation", "late", **body, meta={"security": [said_not]})
        for path in ("Observation/late", "Observation/late/_history/1", "Observation/late/_history", "Observation?_id=late",
                     "Observation/_history?_count=500", "_history?_count=500"):
            self.assertNotIn("lateword", get(path), path)
        self.assertIn("lateword", self.get("Observation/late/_history/1", "nurse").text())
        self.expect(204, self.call("DELETE", "/fhir/Observation/late", token="system"))
        got = self.call("GET", "/fhir/Observation/late/_history/1", token="nurse", headers=said)
        self.assertNotIn(b"lateword", got.body)

    def test_R191_what_a_label_takes_is_not_included(self):
        """An Encounter's reason is absent by its label, so that an include does not follow it."""
        said = {"X-Purpose-Of-Use": "HOPERAT"}
        self.put("Patient", "ida")
        self.put("Condition", "why", subject={"reference": "Patient/ida"}, code={"text": "x"})
        self.put("Encounter", "sdv", status="finished", **{"class": {"code": "AMB"}}, subject={"reference": "Patient/ida"},
                 meta={"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SDV"}]},
                 reasonReference=[{"reference": "Condition/why"}])
        for include in ("Encounter:reason-reference", "Encounter:reason-reference:Condition"):
            path = f"/fhir/Encounter?_id=sdv&_include={include}"
            self.expect(403, self.call("GET", path, token="nurse", headers=said), "leave")
            self.assertIn("Condition/why", self.expect(200, self.call("GET", path, token="nurse")).text())
        got = self.expect(200, self.call("GET", "/fhir/Encounter?_id=sdv&_include=*", token="nurse", headers=said)).text()
        self.assertNotIn("Condition", got)

    def test_R192_scopes_of_an_app_tell_nothing(self):
        """A token restricted by what the person is not shown finds and shows nothing, guessed right or not."""
        for token, path, shown in zip(self.oracle, ("Patient/ana", "Encounter/v", "Encounter/v"), (False, False, True)):
            kind, rid = path.split("/")
            got = self.server.call("GET", "/fhir/" + path, None, token)
            self.assertEqual(shown, got.status == 200, (path, got.status))
            for more in ("", "&_summary=count", "&_total=accurate"):
                got = self.server.call("GET", f"/fhir/{kind}?_id={rid}{more}", None, token)
                self.assertEqual(shown, got.status == 200 and got.json["total"] == 1, (path, more, got.body[:300]))

    def test_R194_trees_tell_nothing_of_hidden_links(self):
        """:below and :above of a reference go by keys alone, and do not when a link may be hidden."""
        jo = {"reference": "Patient/jo"}
        self.put("Patient", "jo")
        self.put("Procedure", "p", status="completed", subject=jo, code={"text": "x"})
        self.put("List", "tree", status="current", mode="working", subject=jo, entry=[{"item": {"reference": "Procedure/p"}}])
        for m in ("below", "above"):
            self.assertEqual(1, self.get(f"List?patient=jo&item:{m}=Procedure/p&_total=accurate", "system").json["total"])
        self.put("Consent", "deny-jo", status="active", scope=SCOPE, category=[{"text": "no"}], policyRule={"text": "own"},
                 patient=jo, provision={"type": "deny", "class": [{"code": "Procedure"}]})
        for m in ("below", "above"):
            for more in ("", "&_summary=count"):
                self.expect(403, self.call("GET", f"/fhir/List?patient=jo&item:{m}=Procedure/p{more}", token="nurse"), "REDACT")

    def exported(self, path):
        a = self.server.call("GET", path, None, self.apps["system/*.rs"], headers={"Prefer": "respond-async"})
        job = self.expect(202, a).header("Content-Location").split("/", 3)[3]
        for _ in range(1000):
            a = self.server.call("GET", "/" + job, None, self.apps["system/*.rs"])
            if a.status != 202:
                break
            time.sleep(0.02)
        self.expect(200, a)
        return b"".join(self.server.call("GET", "/" + row["url"].split("/", 3)[3], None, self.apps["system/*.rs"]).body
                        for row in a.json["output"])


if __name__ == "__main__":
    main()
