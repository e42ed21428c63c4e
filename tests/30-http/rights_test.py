"""A patient's requests about their own record: each has its clock by rule and place, goes to the privacy office,
is answered, and what is granted happens; the file is the patient's alone."""
import json
import re
from datetime import datetime, timedelta, timezone

from weft_http import Case, main

CODE = "https://weft.health/fhir/task-code"


def day(n):
    return (datetime.now(timezone.utc) + timedelta(days=n)).date().isoformat()


class Rights(Case):
    roles = ("nurse", "agent", "system")

    @classmethod
    def before_start(cls):
        cls.ana = cls.server.token("patient", "--patient", "ana", "--user", "ana")
        cls.eva = cls.server.token("patient", "--patient", "eva", "--user", "eva")
        cls.olga = cls.server.token("privacy", "--user", "olga", "--reference", "Practitioner/olga")
        cls.doc = cls.server.token("nurse", "--user", "doc", "--reference", "Practitioner/doc")

    def setUp(self):
        for name in ("olga", "doc"):
            self.put("Practitioner", name, {"name": [{"family": name.title()}]})
        for name, country in (("ana", "US"), ("eva", "DE")):
            self.put("Patient", name, {"name": [{"given": [name.title()], "family": "Silva"}],
                                       "address": [{"country": country}]})
            self.put("Observation", f"o-{name}", {
                "status": "final", "subject": {"reference": f"Patient/{name}"},
                "code": {"text": "body <weight>"}, "valueQuantity": {"value": 71, "unit": "kg"}})

    def request(self, who, kind, status=201, **more):
        token = getattr(self, who)
        return self.expect(status, self.ask("POST", f"/fhir/Patient/{who}/$request", token,
                                            {"request": kind, **more}))

    def step(self, task, what, token=None, status=200, **body):
        return self.expect(status, self.ask("POST", f"/fhir/Task/{task}/${what}", token or self.olga, body))

    def claimed(self, who, kind, **more):
        task = self.request(who, kind, **more).json["id"]
        self.step(task, "claim")
        return task

    def due(self, task):
        return task["restriction"]["period"]["end"][:10]

    def test_the_clock_is_that_of_the_place(self):
        for who, kind, days, rule in (("ana", "access", 30, "PRIV-09"), ("ana", "accounting", 60, "PRIV-12"),
                                      ("eva", "access", 28, "GDPR-12"), ("ana", "portability", 30, "PRIV-09")):
            task = self.request(who, kind).json
            self.assertEqual((day(days), rule), (self.due(task), task["reasonCode"]["text"]))
        self.put("Patient", "ana", {"name": [{"family": "Silva"}]})
        self.assertEqual(day(28), self.due(self.request("ana", "access").json))
        self.request("ana", "nonsense", 422)

    def test_access_from_request_to_file(self):
        task = self.request("ana", "access", text="All of it, please").json["id"]
        self.expect(404, self.ask("GET", f"/fhir/Task/{task}", self.nurse))
        shown = self.expect(200, self.ask("GET", f"/fhir/Task?code={CODE}|right-access", self.olga)).json
        self.assertIn(task, [e["resource"]["id"] for e in shown["entry"]])
        self.expect(404, self.ask("GET", f"/fhir/Task/{task}", self.eva))
        self.expect(409, self.ask("GET", f"/fhir/Task/{task}/$file", self.ana))
        self.step(task, "decide", status=409, decision="granted")
        self.step(task, "claim")
        self.step(task, "resolve", status=422, outcome="advice-given")
        self.step(task, "extend", status=422, reason=" ")
        more = self.step(task, "extend", reason="The archive is in the cellar.").json
        self.assertEqual(day(60), self.due(more))
        self.step(task, "extend", status=409, reason="Once more")
        self.step(task, "decide", self.ana, 403, decision="granted")
        self.step(task, "decide", status=422, decision="denied")
        done = self.step(task, "decide", decision="granted").json
        self.assertEqual("completed", done["status"])
        lines = self.expect(200, self.ask("GET", f"/fhir/Task/{task}/$file", self.ana)).body.splitlines()
        types = [json.loads(line)["resourceType"] for line in lines]
        self.assertEqual("Patient", types[0])
        self.assertIn("Observation", types)
        page = self.expect(200, self.ask("GET", f"/fhir/Task/{task}/$file?as=html", self.ana))
        self.assertIn(b"body &lt;weight&gt;", page.body)
        for language, words in (("es", ("lang=es", "Su expediente")), ("ar", ("dir=rtl", "\u0633\u062c\u0644\u0651\u0643"))):
            a = self.expect(200, self.ask("GET", f"/fhir/Task/{task}/$file?as=html&language={language}", self.ana))
            for word in words:
                self.assertIn(word, a.body.decode())
        pdf = self.expect(200, self.ask("GET", f"/fhir/Task/{task}/$file?as=pdf&language=es", self.ana))
        self.assertEqual((b"%PDF", "application/pdf"), (pdf.body[:4], pdf.header("Content-Type")))
        self.expect(200, self.ask("GET", f"/fhir/Task/{task}/$file?as=pdf&language=ar", self.ana))
        self.expect(400, self.ask("GET", f"/fhir/Task/{task}/$file?as=html&language=xx", self.ana))
        self.assertIn("attachment", page.header("Content-Disposition"))
        for other in (self.eva, self.olga, self.nurse, self.system):
            self.assertIn(self.ask("GET", f"/fhir/Task/{task}/$file", other).status, (403, 404))
        said = json.dumps(self.ask("GET", "/fhir/Communication?patient=ana", self.ana).json)
        for words in ("We have your request", "The archive is in the cellar.", "We said yes"):
            self.assertIn(words, said)
        trail = json.dumps(self.ask("GET", f"/fhir/AuditEvent?entity=Task/{task}&_count=100", self.olga).json)
        for code in ("right-asked", "right-extended", "right-decided", "right-fetched"):
            self.assertIn(code, trail)
        self.assertIn("extension_notice_sent", trail)  # the rules of the clock were asked (request.tick)

    def test_who_may_ask(self):
        self.expect(404, self.ask("POST", "/fhir/Patient/ana/$request", self.eva, {"request": "access"}))
        by_staff = self.expect(201, self.ask("POST", "/fhir/Patient/ana/$request", self.doc, {"request": "access"}))
        self.assertEqual("Practitioner/doc", by_staff.json["requester"]["reference"])
        task = self.request("ana", "accounting").json["id"]
        self.assertEqual("cancelled", self.step(task, "withdraw", self.ana).json["status"])
        self.step(task, "withdraw", self.ana, 409)

    def test_amendment_and_disagreement(self):
        self.request("ana", "amendment", 422, text="It was 70")
        self.request("ana", "amendment", 404, text="It was 70", about=["Observation/o-eva"])
        task = self.claimed("ana", "amendment", text="It was 70 kg", about=["Observation/o-ana"])
        self.step(task, "decide", decision="granted")
        kept = self.expect(200, self.ask("GET", "/fhir/Provenance?target=Observation/o-ana", self.nurse)).json
        self.assertIn("It was 70 kg", json.dumps(kept))
        self.assertIn("It was 70 kg", json.dumps(self.ask("GET", "/fhir/Patient/ana/$everything", self.ana).json))
        task = self.claimed("ana", "amendment", text="I am 30", about=["Observation/o-ana"])
        self.step(task, "disagree", self.ana, 409, text="But")
        self.step(task, "decide", decision="denied", reason="The record is right.")
        self.step(task, "disagree", self.ana, text="I still say so.")
        kept = self.ask("GET", "/fhir/Provenance?target=Observation/o-ana", self.nurse).json
        self.assertIn("I still say so.", json.dumps(kept))

    def test_restriction_is_enforced(self):
        self.request("eva", "restriction", 422, text="x")
        task = self.claimed("eva", "restriction", types=["Observation"], **{"from": "Practitioner/doc"})
        self.assertEqual(200, self.ask("GET", "/fhir/Observation/o-eva", self.doc).status)
        self.step(task, "decide", decision="granted")
        self.expect(403, self.ask("GET", "/fhir/Observation/o-eva", self.doc))
        self.assertEqual(200, self.ask("GET", "/fhir/Observation/o-eva", self.nurse).status)
        self.assertEqual(200, self.ask("GET", "/fhir/Observation/o-eva", self.eva).status)

    def test_r172_from_is_somebody_and_no_json(self):
        wish = {"types": ["Observation"]}
        for bad in ('Practitioner/doc"}}],"type":"permit","x":[{"y":{"z":"', "Practitioner/nobody", "Observation/o-eva",
                    "https://elsewhere.example/Practitioner/doc", "Practitioner/doc/_history/1"):
            self.request("ana", "restriction", 422, **wish, **{"from": bad})
        task = self.claimed("ana", "restriction", about=["Observation/o-ana"], **{"from": "Practitioner/doc"})
        self.step(task, "decide", decision="granted")
        kept = self.call("GET", "/fhir/Consent?patient=ana", None, "system").json["entry"]
        rule = next(e["resource"]["provision"] for e in kept if "data" in e["resource"].get("provision", {}))
        self.assertEqual(("deny", "Practitioner/doc", "Observation/o-ana"), (
            rule["type"], rule["actor"][0]["reference"]["reference"], rule["data"][0]["reference"]["reference"]))
        consent = next(e["resource"] for e in kept if "data" in e["resource"].get("provision", {}))
        self.put("Consent", consent["id"], {**consent, "status": "inactive"})

    def test_r180_no_request_by_a_plain_write(self):
        """Only $request makes one, and what was asked stays as it was asked."""
        forged = {"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": "Patient/ana"},
                  "code": {"coding": [{"system": CODE, "code": "case"}, {"system": CODE, "code": "right-restriction"}]}}
        for token in (self.doc, self.olga):
            self.expect(422, self.ask("POST", "/fhir/Task", token, forged), "$request")
        task = self.request("ana", "access").json["id"]
        a = self.ask("GET", f"/fhir/Task/{task}", self.olga)
        for change in ({"for": {"reference": "Patient/eva"}}, {"input": []}, {"reasonCode": {"text": "none"}}):
            b = self.call("PUT", f"/fhir/Task/{task}", {**a.json, **change}, None, headers={
                "Authorization": "Bearer " + self.olga, "If-Match": a.header("ETag")})
            self.assertIn(b.status, (400, 422), change)

    def test_reached_another_way(self):
        self.put("Patient", "ana", {"name": [{"family": "Silva"}], "telecom": [
            {"system": "phone", "value": "+1 202 555 0100", "rank": 1}]})
        task = self.claimed("ana", "confidential-communications", to="ana@example.org")
        self.step(task, "decide", decision="granted")
        first = self.ask("GET", "/fhir/Patient/ana", self.ana).json["telecom"]
        self.assertEqual([("ana@example.org", 1), ("+1 202 555 0100", 2)], [(t["value"], t["rank"]) for t in first])

    def test_outreach_uses_no_other_way(self):
        """Outreach is told the address that was asked for: PRIV-07 lets that one pass and no other."""
        draft = {"patient": "ana", "channel": "email", "text": "Please call us."}
        self.put("Patient", "ana", {"name": [{"family": "Silva"}], "address": [{"country": "US"}], "telecom": [
            {"system": "phone", "value": "+1 202 555 0100", "rank": 1}]})
        task = self.claimed("ana", "confidential-communications", to="ana@example.org")
        self.step(task, "decide", decision="granted")
        fired = {}
        for channel in ("email", "sms"):
            a = self.expect(200, self.ask("POST", "/fhir/Communication/$check", self.doc,
                                          {**draft, "channel": channel}))
            fired[channel] = "PRIV-07" in a.body.decode()
        self.assertEqual({"email": False, "sms": True}, fired)

    def test_a_day_in_arabic_keeps_its_order(self):
        """It was read as 24-12-2026: after Arabic letters a phone turns the parts of 2026-12-24 round (UAX #9, W2)."""
        ana = {"name": [{"family": "Silva"}], "address": [{"country": "US"}]}
        self.put("Patient", "ana", {**ana, "communication": [{"language": {"coding": [{"code": "ar"}]}, "preferred": True}]})
        self.request("ana", "access")
        self.put("Patient", "ana", ana)
        said = [e["resource"]["payload"][0]["contentString"] for e in self.ask(
            "GET", "/fhir/Communication?patient=ana&_count=200", self.ana).json["entry"]]
        self.assertTrue([w for w in said if re.search("[\u0621-\u064a] \u200e\\d{4}-\\d\\d-\\d\\d\u200f\\.", w)], said)

    def test_the_patient_sets_how_they_are_reached(self):
        self.put("Patient", "ana", {"name": [{"family": "Silva"}], "address": [{"country": "US"}], "telecom": [
            {"system": "phone", "value": "+12025550100", "rank": 1},
            {"system": "email", "value": "ana@example.org", "rank": 2}],
            "communication": [{"language": {"coding": [{"code": "en"}]}, "preferred": True}]})
        wish = {"language": "es", "first": "ana@example.org", "email": True, "sms": False}
        self.expect(204, self.ask("POST", "/fhir/Patient/ana/$preferences", self.ana, wish))
        p = self.ask("GET", "/fhir/Patient/ana", self.ana).json
        self.assertEqual(["es", "en"], [c["language"]["coding"][0]["code"] for c in p["communication"]])
        self.assertEqual([2, 1], [t["rank"] for t in p["telecom"]])
        said = self.ask("GET", "/fhir/Consent?patient=ana&_sort=-_lastUpdated", self.ana).json["entry"][:2]
        said = {e["resource"]["provision"]["code"][0]["coding"][0]["code"]: e["resource"]["provision"]["type"]
                for e in said}
        self.assertEqual({"sms": "deny", "email": "permit"}, said)
        self.expect(422, self.ask("POST", "/fhir/Patient/ana/$preferences", self.ana, {"first": "x@example.org"}))
        many = [f"t{i}" for i in range(21)]  # more than fit on a page: each of them can be taken back
        for some in (many, many[1:]):
            self.expect(204, self.ask("POST", "/fhir/Patient/ana/$preferences", self.ana,
                                      {"refused": some, "noCalls": some}))
            w = self.expect(200, self.ask("GET", "/fhir/Patient/ana/$preferences", self.ana)).json
            self.assertEqual((sorted(some), sorted(some)), (sorted(w["refused"]), sorted(w["noCalls"])))
        self.expect(204, self.ask("POST", "/fhir/Patient/ana/$preferences", self.ana, {"refused": [], "noCalls": []}))
        for token in (self.nurse, self.olga):
            self.expect(403, self.ask("POST", "/fhir/Patient/ana/$preferences", token, wish))
        self.expect(404, self.ask("POST", "/fhir/Patient/ana/$preferences", self.eva, wish))

    def test_accounting_tells_what_left(self):
        empty = self.expect(200, self.ask("GET", "/fhir/Patient/eva/$disclosures", self.eva)).json
        self.assertEqual([], [d for d in empty["disclosures"] if d["how"] != "export"])
        self.expect(202, self.ask("GET", "/fhir/Patient/$export", self.system))
        told = self.expect(200, self.ask("GET", "/fhir/Patient/eva/$disclosures", self.olga)).json["disclosures"]
        self.assertEqual("export", told[0]["how"])
        self.expect(201, self.ask("POST", "/fhir/Communication", self.nurse, {
            "resourceType": "Communication", "status": "completed", "subject": {"reference": "Patient/eva"},
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IDSCL"}]}],
            "recipient": [{"display": "County health department"}], "sent": f"{day(0)}T08:00:00Z",
            "reasonCode": [{"text": "Public health, 45 CFR 164.512(b)"}],
            "payload": [{"contentString": "A notifiable finding"}]}))
        by_hand = self.expect(200, self.ask("GET", "/fhir/Patient/eva/$disclosures", self.eva)).json["disclosures"][0]
        self.assertEqual(("disclosure", "County health department", "A notifiable finding", "Public health, 45 CFR 164.512(b)"),
                         tuple(by_hand[k] for k in ("how", "who", "what", "purpose")))
        whole = self.ask("GET", "/fhir/Patient/eva/$disclosures", self.eva).json
        self.assertIn("45 CFR 164.528(a)(1)(ii)", [x["citation"] for x in whole["leftOut"]])
        for _ in range(520):  # more lines than one answer looks at
            self.ask("GET", "/fhir/Patient/eva", self.nurse)
        got, page, pages = [], "", 0
        for _ in range(9):
            a = self.expect(200, self.ask("GET", f"/fhir/Patient/eva/$disclosures?_count=500{page}", self.eva)).json
            got += a["disclosures"]
            pages += 1
            page = "&_page=" + a["next"] if "next" in a else ""
            if not page:
                break
        self.assertEqual((True, whole["disclosures"]), (pages > 1, got))
        self.assertEqual([], self.ask("GET", f"/fhir/Patient/eva/$disclosures?_since={day(1)}", self.eva).json["disclosures"])
        self.expect(400, self.ask("GET", "/fhir/Patient/eva/$disclosures?_page=x", self.eva))
        for token, status in ((self.nurse, 403), (self.ana, 404)):
            self.expect(status, self.ask("GET", "/fhir/Patient/eva/$disclosures", token))
        task = self.claimed("eva", "accounting")
        self.step(task, "decide", decision="granted")
        line = self.expect(200, self.ask("GET", f"/fhir/Task/{task}/$file", self.eva)).body.splitlines()[0]
        self.assertEqual("disclosure", json.loads(line)["how"])
        self.assertIn(b"<td>export", self.ask("GET", f"/fhir/Task/{task}/$file?as=html", self.eva).body)

    def test_erasure_and_legal_hold(self):
        hold = {"resourceType": "Task", "status": "requested", "intent": "order",
                "for": {"reference": "Patient/eva"},
                "code": {"coding": [{"system": CODE, "code": "legal-hold"}]}}
        held = self.expect(201, self.ask("POST", "/fhir/Task", self.olga, hold)).json
        task = self.claimed("eva", "erasure")
        self.step(task, "decide", status=409, decision="granted")
        self.expect(200, self.ask("PUT", f"/fhir/Task/{held['id']}", self.olga, {**held, "status": "completed"}))
        self.assertEqual("accepted", self.step(task, "decide", decision="granted").json["status"])

    def lab(self, rid, value=71, **more):
        self.put("Observation", rid, {
            "status": "final", "subject": {"reference": "Patient/ana"}, "code": {"text": "lab"},
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                                      "code": "laboratory"}]}], "valueQuantity": {"value": value}, **more})

    def choose(self, **how):
        return self.expect(200, self.ask("POST", "/fhir/Patient/ana/$release", self.ana, how)).json

    def found(self, token, query="code:text=lab"):
        a = self.expect(200, self.ask("GET", f"/fhir/Observation?patient=ana&{query}", token)).json
        return {e["resource"]["id"] for e in a.get("entry", [])}, a.get("total")

    def test_results_wait_as_the_patient_wished(self):
        self.lab("l0")
        self.assertEqual("now", self.choose(lab="now")["choices"][2]["how"])
        self.lab("l1")
        self.assertEqual(200, self.ask("GET", "/fhir/Observation/l1", self.ana).status)
        self.choose(lab="phone")
        self.lab("l2")
        self.expect(404, self.ask("GET", "/fhir/Observation/l2", self.ana))
        self.expect(404, self.ask("GET", "/fhir/Observation/l2/_history/1", self.ana))
        self.assertEqual({"l0", "l1"}, self.found(self.ana, "category=laboratory")[0])
        count = self.ask("GET", "/fhir/Observation?patient=ana&category=laboratory&_summary=count", self.ana).json
        self.assertEqual(2, count["total"])
        self.assertNotIn("Observation/l2", json.dumps(self.ask("GET", "/fhir/Patient/ana/$everything", self.ana).json))
        self.assertEqual(200, self.ask("GET", "/fhir/Observation/l2", self.nurse).status)
        self.assertEqual(1, self.ask("GET", "/fhir/Patient/ana/$release", self.ana).json["waiting"])
        shown = self.expect(200, self.ask("GET", "/fhir/Patient/ana/$release", self.nurse)).json
        self.assertEqual(("phone", 0), (shown["choices"][2]["how"], shown["waiting"]))
        told = self.ask("POST", "/fhir/Observation/l2/$told", self.ana, {"how": "phone"})
        self.assertIn(told.status, (403, 404))
        self.expect(422, self.ask("POST", "/fhir/Observation/l2/$told", self.doc, {"how": "written"}))
        self.expect(200, self.ask("POST", "/fhir/Observation/l2/$told", self.doc, {"how": "phone"}))
        self.assertEqual(200, self.ask("GET", "/fhir/Observation/l2", self.ana).status)
        self.lab("l3")
        self.expect(404, self.ask("GET", "/fhir/Observation/l3", self.ana))
        self.choose(lab="now")
        self.assertEqual(200, self.ask("GET", "/fhir/Observation/l3", self.ana).status)

    def test_r185_what_was_told_stays_told(self):
        """A corrected version, written without the tag, hid the result from the patient again."""
        self.choose(lab="phone")
        self.lab("told")
        self.expect(200, self.ask("POST", "/fhir/Observation/told/$told", self.doc, {"how": "phone"}))
        self.lab("told", 72)
        shown = self.expect(200, self.ask("GET", "/fhir/Observation/told", self.ana)).json
        self.assertEqual(72, shown["valueQuantity"]["value"])
        self.choose(lab="now")
        self.call("DELETE", "/fhir/Observation/told", None, "system")

    def note(self, about, token, medium="WRITTEN", to="ana", **more):
        return self.expect(201, self.ask("POST", "/fhir/Communication", token, {
            "resourceType": "Communication", "status": "completed", "subject": {"reference": "Patient/ana"},
            "recipient": [{"reference": f"Patient/{to}"}], "about": [{"reference": f"Observation/{about}"}],
            "medium": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode", "code": medium}]}],
            "payload": [{"contentString": "Your result is fine."}], **more}))

    def shown(self, rid, status):
        self.expect(status, self.ask("GET", f"/fhir/Observation/{rid}", self.ana))

    def test_a_clinicians_own_message_ends_the_wait(self):
        self.choose(lab="written")
        self.addCleanup(lambda: [self.call("DELETE", f"/fhir/Observation/{o}", None, "system") for o in ("w1", "w2", "w3")])
        self.lab("w1")
        self.lab("w2")
        self.note("w1", self.agent)  # an agent interprets no result, and ends no wait
        self.note("w1", self.doc, to="eva")
        self.note("w1", self.doc, status="preparation")
        self.shown("w1", 404)
        self.note("w1", self.doc)
        self.shown("w1", 200)
        self.shown("w2", 404)
        trail = json.dumps(self.ask("GET", "/fhir/AuditEvent?patient=ana&_count=50", self.olga).json)
        self.assertIn("result-told", trail)
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{
            "request": {"method": "POST", "url": "Communication"}, "resource": {
                "resourceType": "Communication", "status": "completed", "subject": {"reference": "Patient/ana"},
                "recipient": [{"reference": "Patient/ana"}], "about": [{"reference": "Observation/w2"}],
                "payload": [{"contentString": "Come in."}]}}]}
        self.expect(200, self.ask("POST", "/fhir", self.doc, bundle))
        self.shown("w2", 200)
        self.choose(lab="phone")
        self.lab("w3")
        self.note("w3", self.doc)  # they wished for a call
        self.shown("w3", 404)
        self.note("w3", self.doc, medium="PHONE")
        self.shown("w3", 200)
        self.choose(lab="now")

    def test_an_exception_to_release_has_a_name_a_reason_and_an_end(self):
        self.choose(lab="now")
        self.addCleanup(lambda: self.call("DELETE", "/fhir/Observation/x1", None, "system"))
        self.lab("x1")
        hold = lambda status, token=self.doc, **more: self.expect(status, self.ask(
            "POST", "/fhir/Observation/x1/$withhold", token, {k: v for k, v in {
                "exception": "preventing_harm_individual", "reason": "secret reason: risk to life", "checked": True,
                "until": day(7), "tell": "We talk about it on Monday.", **more}.items() if v is not None}))
        for token in (self.agent, self.olga, self.system):
            hold(403, token)
        hold(422, exception="clinician_review")
        hold(422, checked=False)
        hold(422, reason="")
        hold(422, until=day(60))
        hold(422, until=day(-1))
        hold(400, until=None)
        self.shown("x1", 200)
        hold(204)
        self.shown("x1", 404)
        self.assertNotIn("x1", self.found(self.ana, "category=laboratory")[0])
        self.choose(lab="phone")  # the patient's own choice takes nothing of it away
        told = self.ask("GET", "/fhir/Patient/ana/$release", self.ana).json
        self.assertEqual({"preventing_harm_individual": 30, "privacy_exception": 30},
                         {x["code"]: x["days"] for x in told["exceptions"]})
        mine = told["withheld"]
        self.assertEqual(("45 CFR 171.201", day(7), "We talk about it on Monday.", "Practitioner/doc"),
                         (mine[0]["citation"], mine[0]["until"][:10], mine[0]["tell"], mine[0]["by"]))
        self.note("x1", self.doc, medium="PHONE")
        self.shown("x1", 404)
        everything = [self.ask("GET", path, self.ana).body for path in (
            "/fhir/QuestionnaireResponse?patient=ana", "/fhir/Patient/ana/$release", "/fhir/AuditEvent?patient=ana&_count=100")]
        self.assertFalse(any(b"secret reason" in b for b in everything))
        self.assertIn(b"secret reason", self.ask("GET", "/fhir/AuditEvent?patient=ana&_count=100", self.olga).body)
        hold(204, end=True)
        self.shown("x1", 200)
        hold(409, end=True)
        self.assertEqual([], self.ask("GET", "/fhir/Patient/ana/$release", self.ana).json["withheld"])
        self.choose(lab="now")

    def test_r186_what_was_asked_is_told_to_the_patient(self):
        """The request is hidden from the desk and from helpers; so is the note that says what it was."""
        self.request("ana", "restriction", types=["Observation"])
        for token, sees in ((self.ana, True), (self.olga, True), (self.agent, False)):
            said = json.dumps(self.ask("GET", "/fhir/Communication?patient=ana", token).json)
            self.assertEqual(sees, "We have your request" in said)
        self.request("ana", "confidential-communications", 422, to="x" * 201)

    def test_nobody_else_puts_results_off(self):
        form = {"resourceType": "QuestionnaireResponse", "status": "completed",
                "questionnaire": "https://weft.health/fhir/Questionnaire/result-release",
                "subject": {"reference": "Patient/eva"}, "author": {"reference": "Patient/eva"}}
        for token in (self.nurse, self.agent, self.eva):
            self.expect(422, self.ask("POST", "/fhir/QuestionnaireResponse", token, form))
        self.expect(200, self.ask("POST", "/fhir/Patient/eva/$release", self.eva, {"lab": "phone"}))
        mine = self.ask("GET", "/fhir/QuestionnaireResponse?patient=eva", self.nurse).json["entry"][0]["resource"]
        other = {**mine, "questionnaire": "https://example.org/other"}
        self.expect(422, self.ask("PUT", f"/fhir/QuestionnaireResponse/{mine['id']}", self.nurse, other))
        for token in (self.nurse, self.agent, self.olga, self.system):
            self.expect(403, self.ask("POST", "/fhir/Patient/eva/$release", token, {"lab": "phone"}))
        self.expect(404, self.ask("POST", "/fhir/Patient/ana/$release", self.eva, {"lab": "phone"}))
        self.expect(400, self.ask("POST", "/fhir/Patient/eva/$release", self.eva, {"lab": "never"}))


if __name__ == "__main__":
    main()
