"""What staff looked at and should not have: cases by rules, innocent explanations first, over a kill; what becomes
an incident has scope, clocks and letters."""
import signal
import subprocess
import time
from datetime import datetime, timedelta, timezone

from weft_http import Case, main, observation, weft


class Incident(Case):
    roles = ("nurse", "agent", "system", "privacy", "admin")

    @classmethod
    def before_start(cls):
        make = cls.server.token
        cls.ada = make("nurse", "--user", "ada", "--reference", "Practitioner/ada")
        cls.olga = make("privacy", "--user", "olga", "--reference", "Practitioner/olga")
        cls.pavel = make("privacy", "--user", "pavel", "--reference", "Practitioner/pavel")
        cls.olga2 = make("privacy", "--user", "olga.two", "--reference", "Practitioner/olga")
        cls.cora = make("agent", "--user", "cora", "--reference", "Practitioner/cora")
        cls.cleo = make("agent", "--user", "cleo", "--reference", "Practitioner/cleo")
        cls.dora = make("agent", "--user", "dora")
        cls.device = make("device", "--reference", "Device/scale", "--patient", "eva")
        cls.eva = make("patient", "--patient", "eva", "--user", "eva")

    def setUp(self):
        home = {"line": ["12 Elm Street"], "postalCode": "02139", "state": "MA", "country": "US"}
        for name in ("ada", "olga", "pavel", "cora", "cleo"):
            self.put("Practitioner", name, {"name": [{"given": [name.title()], "family": name.title() + "son"}],
                                            **({"address": [home]} if name == "ada" else {})})
        self.put("Patient", "eva", {"name": [{"given": ["Eva"], "family": "Silva"}], "address": [{
            **home, "line": ["16 Elm Street"]}]})

    def cases(self, token, query):
        a = self.ask("GET", "/fhir/Task?code=case&_count=200" + query, token)
        return [e["resource"] for e in self.expect(200, a).json.get("entry", [])]

    def soon(self, look):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if got := look():
                return got
            time.sleep(0.1)
        self.fail("nothing came")

    def about(self, user, group):
        return [t for t in self.cases(self.olga, "") if
                t["groupIdentifier"]["value"] == f"look-{group}/{user}"]

    def test_a_look_becomes_a_case_once(self):
        self.expect(200, self.ask("GET", "/fhir/Patient/eva", self.ada))
        self.server.stop(signal.SIGKILL)  # before, while or after it is judged
        self.server.start()
        case, = self.soon(lambda: self.about("ada", "person"))
        self.assertIn("LOOK-NEIGHBOUR: they live in the same street, house numbers 4 apart.", case["description"])
        self.assertNotIn("Elm", case["description"])
        self.expect(200, self.ask("GET", "/fhir/Patient/eva", self.ada))
        self.server.stop(signal.SIGKILL)
        self.server.start()
        time.sleep(2.5)
        again, = self.about("ada", "person")
        self.assertEqual(case["description"], again["description"])
        for token in (self.ada, self.eva):  # neither who looked nor whose record it was
            a = self.ask("GET", f"/fhir/Task/{case['id']}", token)
            self.assertEqual(404, a.status)
            self.assertEqual([], [t for t in self.cases(token, "") if t["id"] == case["id"]])
        done = {"outcome": "explained", "note": "Called the ward; she stood in for a colleague."}
        self.expect(200, self.ask("POST", f"/fhir/Task/{case['id']}/$claim", self.olga))
        self.assertEqual(422, self.ask("POST", f"/fhir/Task/{case['id']}/$resolve", self.olga,
                                       {"outcome": "no-answer"}).status)
        a = self.expect(200, self.ask("POST", f"/fhir/Task/{case['id']}/$resolve", self.olga, done))
        self.assertEqual("completed", a.json["status"])

    def test_an_officer_does_not_judge_herself(self):
        self.put("Patient", "namesake", {"name": [{"family": "Olgason"}]})
        self.expect(200, self.ask("GET", "/fhir/Patient/namesake", self.olga))
        case, = self.soon(lambda: self.about("olga", "person"))
        self.assertIn("LOOK-SURNAME", case["description"])
        self.assertEqual(403, self.ask("POST", f"/fhir/Task/{case['id']}/$claim", self.olga).status)
        self.expect(200, self.ask("POST", f"/fhir/Task/{case['id']}/$claim", self.pavel))

    def when(self, days):
        return (datetime.now(timezone.utc) - timedelta(days=days)).isoformat(timespec="seconds")

    def incident(self, token, body):
        return self.expect(201, self.ask("POST", "/incidents", token, {"what": "A list was taken home.", **body})).json

    def act(self, token, one, verb, body=None, status=200):
        return self.expect(status, self.ask("POST", f"/incidents/{one['id']}/{verb}", token, body or {})).json

    FORM = {"nature": "Names and readings", "recipient": "A former employee", "acquired": "Opened on a screen",
            "mitigation": "The screen was locked", "reason": "Nobody attests that nothing was kept."}
    NOTICE = {"happened": "A nurse opened records.", "steps": "Look at your bills.", "doing": "We train staff.",
              "contact": "Call 1-800-555-0100."}

    def clocks(self, one):
        return {(c["rule"], c.get("place")): c for c in one["clocks"] if c["status"] == "requested"}

    def test_scope_clocks_letters(self):
        self.put("Patient", "col", {"name": [{"family": "Reyes", "given": ["Luz"]}], "communication": [{"language": {
            "coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}, "preferred": True}], "address": [{
                "line": ["=1 Plaza"], "city": "Denver", "state": "Colorado", "country": "US"}]})
        self.put("Patient", "wien", {"name": [{"family": "Huber"}], "telecom": [{
            "system": "email", "value": "huber@example.org", "rank": 1}], "address": [{"city": "Wien", "country": "AT"}]})
        self.put("Patient", "away", {"name": [{"family": "Away"}]})
        begin = self.when(0)
        for name in ("col", "wien"):
            self.expect(200, self.ask("GET", f"/fhir/Patient/{name}", self.cora))
        one = self.incident(self.olga, {"user": "cora", "from": self.when(1), "discovered": self.when(10)})
        self.assertEqual((2, ["Patient"], True),
                         (one["scope"]["people"], one["scope"]["kinds"], one["scope"]["complete"]))
        self.assertEqual([("cora", "agent", 2)],
                         [(a["user"], a["role"], a["entries"]) for a in one["scope"]["accounts"]])
        self.assertEqual({"US-CO": 1, "EU": 1}, {p["place"]: p["people"] for p in one["scope"]["places"]})
        due = {k: datetime.fromisoformat(c["due"]) - datetime.fromisoformat(one["discovered"])
               for k, c in self.clocks(one).items()}
        self.assertEqual({("BRN-01", None), ("BRN-02", None), ("BRN-05", None), ("BRN-08", "US-CO"), ("GDPR-33", None),
                          ("GDPR-34", None)}, set(due))
        self.assertEqual([60, 30, 3], [due[k].days for k in (("BRN-02", None), ("BRN-08", "US-CO"), ("GDPR-33", None))])
        self.assertTrue(self.clocks(one)["GDPR-33", None]["late"])
        listed = self.expect(200, self.ask("GET", "/incidents", self.olga)).json["incidents"]
        self.assertEqual({"due": self.clocks(one)["GDPR-33", None]["due"], "late": True},
                         next(i for i in listed if i["id"] == one["id"])["next"])
        year = datetime.fromisoformat(one["discovered"]).year + 1  # 60 days after its end
        self.assertEqual(f"{year}-03-0{1 if year % 4 == 0 else 2}", self.clocks(one)["BRN-05", None]["due"][:10])
        self.expect(200, self.ask("GET", "/fhir/Patient/away", self.cora))
        again = self.act(self.olga, one, "scope")  # it grows with the trail; no clock twice
        self.assertEqual((3, len(one["clocks"])), (again["scope"]["people"], len(again["clocks"])))
        self.expect(422, self.ask("POST", f"/incidents/{one['id']}/assess", self.olga, {**self.FORM, "reason": " "}))
        self.expect(422, self.ask("POST", f"/incidents/{one['id']}/assess", self.olga, self.FORM), "happened")
        self.expect(409, self.ask("POST", f"/incidents/{one['id']}/letters", self.olga, {"patient": "col", "state": "sent"}))
        self.act(self.olga, one, "assess", {**self.FORM, "notice": {**self.NOTICE, "es": {
            **self.NOTICE, "happened": "Una enfermera abrió datos."}}})
        self.letters(one)
        self.closing(one)

    def police(self, one, mark):
        """BRN-07: a spoken wish holds notices for 30 days at most; who asked is kept; clocks of HIPAA end with it."""
        wish = lambda status, **more: self.expect(status, self.ask("POST", f"/incidents/{one['id']}/delay", self.olga, {
            "by": "Denver police, Sgt. Roe", "written": False, "until": self.when(-20), **more})).json
        due = lambda o, rule: self.clocks(o)[rule, None]["due"][:10]
        before = due(self.ask("GET", f"/incidents/{one['id']}", self.olga).json, "BRN-02")
        wish(422, by=" ")
        wish(422, until=self.when(1))
        self.assertIn("30 days", str(wish(422, until=self.when(-40))))
        wish(409, end=True)
        told = wish(200)
        self.assertEqual((True, "Denver police, Sgt. Roe", "olga"), tuple(told["delay"][k] for k in ("inForce", "by", "noted")))
        self.assertEqual((self.when(-20)[:10], before), (due(told, "BRN-07"), due(told, "BRN-02")))
        self.assertIn("164.412", str(self.expect(409, self.ask("POST", f"/incidents/{one['id']}/send", self.olga, {})).json))
        self.expect(409, self.ask("POST", f"/incidents/{one['id']}/letters", self.olga, mark))
        told = wish(200, written=True, until=self.when(-90))
        self.assertEqual([self.when(-90)[:10]] * 2, [due(told, "BRN-07"), due(told, "BRN-02")])
        told = wish(200, end=True)
        self.assertEqual((False, before), (told["delay"]["inForce"], due(told, "BRN-02")))
        self.assertNotIn(("BRN-07", None), self.clocks(told))

    def printed(self, one):
        """The letters by post as somebody else's reader sees them."""
        pdf = self.expect(200, self.ask("GET", f"/incidents/{one['id']}/letters.pdf", self.olga)).body
        return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, check=True, timeout=60,
                              capture_output=True).stdout.decode()

    def letters(self, one):
        a = self.expect(200, self.ask("GET", f"/incidents/{one['id']}/letters", self.olga)).json
        rows = {r["patient"]: r for r in a["letters"]}
        self.assertEqual({"col": ("es", "letter"), "wien": ("en", "email"), "away": ("en", "substitute")},
                         {k: (r["language"], r["channel"]) for k, r in rows.items()})
        for word in ("Luz Reyes", "Qué pasó", "Una enfermera", "Nombre y datos de contacto", "1-800"):
            self.assertIn(word, rows["col"]["text"])
        sheet = self.ask("GET", f"/incidents/{one['id']}/letters.csv", self.olga)
        self.assertEqual((200, 4), (sheet.status, sheet.body.count(b"\r\n")))
        self.assertIn(b'"\'=1 Plaza, Denver, Colorado, US"', sheet.body)
        mark = {"patient": "col", "state": "sent"}
        self.police(one, mark)
        self.expect(409, self.ask("POST", f"/incidents/{one['id']}/letters", self.olga, mark))  # nobody asked for it
        self.assertEqual({"queued": 2}, self.act(self.olga, one, "send"))
        self.assertEqual({"queued": 0}, self.act(self.olga, one, "send", {"patient": "col"}))
        rows = {r["patient"]: r["status"] for r in self.ask("GET", f"/incidents/{one['id']}/letters", self.olga).json["letters"]}
        self.assertEqual({"col": "queued", "wien": "queued", "away": "open"}, rows)
        page = self.printed(one)
        self.assertEqual((1, True), (page.count("\f"), "Una enfermera abri\u00f3" in page), page)
        self.assertRegex(page, r"Luz Reyes\n+=1 Plaza\n+Denver\n+Colorado\n+US\n")
        asked = self.call("GET", "/fhir/CommunicationRequest?subject=Patient/col", None, "system").json["entry"][0]["resource"]
        for token in (self.ada, self.admin):  # R304: cleared for labels is not of the office
            self.assertIn(self.ask("GET", f"/fhir/CommunicationRequest/{asked['id']}", token).status, (403, 404))
        self.assertEqual(("active", "letter"), (asked["status"], asked["medium"][0]["coding"][0]["code"]))
        self.assertEqual("sent", self.act(self.olga, one, "letters", mark)["status"])
        self.expect(409, self.ask("POST", f"/incidents/{one['id']}/letters", self.olga, mark))
        kept = self.call("GET", "/fhir/Communication?subject=Patient/col", None, "system").json["entry"][0]["resource"]
        self.assertIn("Una enfermera", kept["payload"][0]["contentString"])
        self.assertIn("CommunicationRequest/" + asked["id"], kept["basedOn"][0]["reference"])
        for kind in ("Communication", "CommunicationRequest"):  # a notice is not the desk's to read
            self.assertNotIn("Una enfermera", self.ask("GET", f"/fhir/{kind}?subject=Patient/col", self.cora).text())
        self.assertEqual("returned", self.act(self.olga, one, "letters", {**mark, "state": "returned"})["status"])
        a = self.expect(200, self.ask("GET", f"/incidents/{one['id']}/letters", self.olga)).json
        self.assertEqual((1, False), (a["returned"], a["substitute"]))
        self.expect(404, self.ask("POST", f"/incidents/{one['id']}/letters", self.olga, {**mark, "patient": "eva"}))

    def closing(self, one):
        def close(token, status):
            return self.expect(status, self.ask("POST", f"/incidents/{one['id']}/close", token, {"note": "All told."}))
        close(self.pavel, 409)
        one = self.expect(200, self.ask("GET", f"/incidents/{one['id']}", self.pavel)).json
        self.assertNotIn(("BRN-01", None), self.clocks(one))  # assessed
        pack = self.ask("GET", "/audit/pack", self.olga).json["pack"]
        self.assertIn(("BRN-02", False), [(c.get("rule"), c["late"]) for c in pack["openClocks"]])
        self.assertIn((one["id"], 3), [(i["id"], i["people"]) for i in pack["incidents"]])
        for c in self.clocks(one).values():
            one = self.act(self.olga, one, "clock", {"clock": c["id"], "note": "Written."})
        close(self.olga, 403)
        close(self.olga2, 403)  # R408: her other account
        self.assertEqual("completed", close(self.pavel, 200).json["status"])
        self.expect(409, self.ask("POST", f"/incidents/{one['id']}/scope", self.olga, {}))

    def test_low_probability_stops_the_clocks(self):
        case = self.incident(self.olga, {"patients": ["eva"], "discovered": self.when(2)})
        self.assertEqual(1, case["scope"]["people"])
        self.assertIn(("BRN-02", None), self.clocks(case))
        done = self.act(self.olga, case, "assess", {**self.FORM, "lowProbability": True})
        self.assertEqual({}, self.clocks(done))
        self.assertEqual({"cancelled"}, {c["status"] for c in done["clocks"]})
        self.assertEqual(self.FORM["reason"], done["assessment"]["reason"])

    def test_many_people_and_everybody(self):
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{
            "request": {"method": "PUT", "url": f"Patient/many{i}"}, "resource": {
                "resourceType": "Patient", "id": f"many{i}", "address": [{"state": "TX", "country": "US"}]}}
            for i in range(501)]}
        self.expect(200, self.call("POST", "/fhir", bundle, "system"))
        one = self.incident(self.olga, {"everybody": True})
        self.assertLessEqual(501, one["scope"]["people"])
        rules = {k[0] for k in self.clocks(one)}
        self.assertTrue({"BRN-03", "BRN-04"} <= rules and "BRN-05" not in rules, rules)
        page = self.expect(200, self.ask("GET", f"/incidents/{one['id']}/letters", self.olga)).json
        self.assertEqual((500, 500), (len(page["letters"]), page["next"]))

    def test_incidents_are_the_privacy_office_s(self):
        one = self.incident(self.olga, {"patients": ["eva"]})
        for token in (self.ada, self.admin, self.eva, self.agent):
            self.assertIn(self.ask("GET", f"/incidents/{one['id']}", token).status, (403, 404))
            self.expect(403, self.ask("GET", "/incidents", token))
            self.expect(403, self.ask("POST", "/incidents", token, {"what": "x", "everybody": True}))
            for task in [one["id"]] + [c["id"] for c in one["clocks"]]:
                self.assertIn(self.ask("GET", f"/fhir/Task/{task}", token).status, (403, 404))
        task = self.ask("GET", f"/fhir/Task/{one['id']}", self.olga)
        a = self.call("PUT", f"/fhir/Task/{one['id']}", {**task.json, "status": "completed"}, None, headers={
            "Authorization": "Bearer " + self.olga, "If-Match": task.header("ETag")})
        self.expect(422, a, "/incidents")
        self.expect(422, self.ask("POST", "/incidents", self.olga, {"what": "x"}))
        self.expect(422, self.ask("POST", "/incidents", self.olga, {"what": "x", "patients": ["nobody"]}))

    def test_r181_nobody_forges_an_incident_or_its_clocks(self):
        """One Task of a nurse's made the whole list unreadable; an officer could rewrite who opened it."""
        one = self.incident(self.olga, {"patients": ["eva"]})
        system = "https://weft.health/fhir/task-code"
        for code, more in (("incident", {}), ("clock", {"partOf": [{"reference": f"Task/{one['id']}"}]})):
            self.expect(422, self.ask("POST", "/fhir/Task", self.ada, {
                "resourceType": "Task", "status": "requested", "intent": "order",
                "code": {"coding": [{"system": system, "code": code}]}, **more}), "/incidents")
        self.put("Task", f"odd{one['id'][:8]}", {"status": "requested", "intent": "order", "code": {"coding": [{
            "system": system, "code": "incident"}]}, "meta": {"security": [{
                "system": "https://weft.health/fhir/label", "code": "OFFICERCASE"}]}})
        a = self.expect(200, self.ask("GET", "/incidents", self.olga)).json
        self.assertIn(one["id"], [i["id"] for i in a["incidents"]])
        self.call("DELETE", f"/fhir/Task/odd{one['id'][:8]}", None, "system")
        a = self.ask("GET", f"/fhir/Task/{one['id']}", self.olga)
        task = a.json
        task["input"][0]["valueString"] = task["input"][0]["valueString"].replace("olga", "pavel")
        self.expect(422, self.call("PUT", f"/fhir/Task/{one['id']}", task, None, headers={
            "Authorization": "Bearer " + self.olga, "If-Match": a.header("ETag")}), "/incidents")

    def test_r243_nobody_forges_a_notice(self):
        """A CommunicationRequest of a nurse's stood as the notice: nobody was asked to write, and its words went out."""
        one = self.incident(self.olga, {"patients": ["eva"]})
        ask = {"resourceType": "CommunicationRequest", "status": "active", "subject": {"reference": "Patient/eva"},
               "groupIdentifier": {"system": "https://weft.health/fhir/incident", "value": one["id"]},
               "payload": [{"contentString": "Nothing happened."}]}
        notice = {"category": [{"coding": [{"system": "https://weft.health/fhir/task-code", "code": "breach-notice"}]}]}
        for token in (self.ada, self.olga):
            self.assertIn(self.ask("POST", "/fhir/CommunicationRequest", token, {**ask, **notice}).status, (403, 422))
        self.expect(422, self.ask("POST", "/fhir/CommunicationRequest", self.ada, {**ask, **notice}), "/incidents")
        self.expect(422, self.ask("POST", "/fhir/Communication", self.ada, {
            "resourceType": "Communication", "status": "completed", "subject": {"reference": "Patient/eva"},
            "partOf": [{"reference": f"Task/{one['id']}"}], **notice}), "/incidents")
        self.expect(201, self.ask("POST", "/fhir/CommunicationRequest", self.ada, ask))
        a = self.expect(200, self.ask("GET", f"/incidents/{one['id']}/letters", self.olga)).json
        self.assertEqual(["open"], [r["status"] for r in a["letters"]])

    def test_r244_what_is_printed_is_what_is_kept(self):
        """Assessed anew after the notices were asked for, the page had other words than the record keeps as sent."""
        one = self.incident(self.olga, {"patients": ["eva"]})
        say = lambda what: self.act(self.olga, one, "assess", {**self.FORM, "notice": {**self.NOTICE, "happened": what}})
        say("The first words.")
        self.act(self.olga, one, "send")
        say("Other words.")
        page = self.printed(one)
        self.assertEqual((True, False), ("The first words." in page, "Other words." in page))

    def test_r182_no_officer_judges_an_incident_of_their_own_looks(self):
        self.expect(200, self.ask("GET", "/fhir/Patient/eva", self.pavel))
        one = self.incident(self.olga, {"user": "pavel", "from": self.when(1)})
        low = {**self.FORM, "lowProbability": True}
        self.act(self.pavel, one, "assess", low, 403)
        clock = one["clocks"][0]["id"]
        self.act(self.pavel, one, "clock", {"clock": clock, "note": "Done."}, 403)
        self.act(self.olga, one, "assess", low)

    def test_r183_the_erased_stop_neither_letters_nor_counting(self):
        for name in ("gone", "stays"):
            self.put("Patient", name, {"name": [{"family": "Gone"}]})
        one = self.incident(self.olga, {"patients": ["gone", "stays"]})
        self.expect(201, self.ask("POST", "/fhir/Task", self.olga, {
            "resourceType": "Task", "status": "accepted", "intent": "order", "for": {"reference": "Patient/gone"},
            "code": {"coding": [{"system": "https://weft.health/fhir/task-code", "code": "erase-record"}]}}))
        weft("key", "erase", "--data", self.server.data, "--patient", "gone", "--reason", "asked for")
        a = self.expect(200, self.ask("GET", f"/incidents/{one['id']}/letters", self.olga)).json
        self.assertEqual(["stays"], [r["patient"] for r in a["letters"]])
        self.assertEqual(2, self.act(self.olga, one, "scope")["scope"]["people"])

    def test_r184_a_message_of_ones_own_explains_nothing(self):
        self.put("Patient", "quiet", {"name": [{"family": "Cleoson"}]})
        self.expect(201, self.ask("POST", "/fhir/Communication", self.cleo, {
            "resourceType": "Communication", "status": "completed", "subject": {"reference": "Patient/quiet"}}))
        self.expect(200, self.ask("GET", "/fhir/Patient/quiet", self.cleo))
        self.soon(lambda: [t for t in self.about("cleo", "person") if "LOOK-SURNAME" in t["description"]])

    def test_one_decision_is_explained(self):
        self.expect(200, self.ask("GET", "/fhir/Patient/eva", self.dora))
        self.expect(403, self.ask("GET", "/fhir/Condition?patient=eva", self.dora))
        lines = self.ask("GET", "/fhir/AuditEvent?altid=dora&_count=20", self.olga).json["entry"]
        told = [self.expect(200, self.ask("GET", f"/fhir/AuditEvent/{e['resource']['id']}/$explain", self.olga)).json
                for e in lines]
        yes = next(t for t in told if t["allowed"] and t["facts"]["type"] == "Patient")
        no = next(t for t in told if not t["allowed"])
        self.assertEqual(("ACCESS-AGENT-01", 0), (yes["rule"], yes["rulebookVersion"]))
        self.assertIn("45 CFR 164", yes["citation"])
        self.assertIn("dora (agent) was allowed read of Patient, because the role agent may", yes["sentence"])
        self.assertIn("was refused search-type of Condition, because", no["sentence"])
        mine = self.expect(200, self.ask("GET", f"/fhir/AuditEvent/{yes['entry']}/$explain", self.eva)).json
        self.assertEqual({"entry", "allowed", "sentence"}, set(mine))
        self.assertNotIn("dora", mine["sentence"])
        self.assertIn(self.ask("GET", f"/fhir/AuditEvent/{yes['entry']}/$explain", self.ada).status, (403, 404))
        for lang, allowed, refused, own in (
                ("es", "pudo leer (", "no pudo buscar (", "Alguien que trabaja aquí miró"),
                ("ar", "سُمح لـ", "مُنع", "اطلع شخص يعمل هنا")):
            said = [self.server.call("GET", f"/fhir/AuditEvent/{t['entry']}/$explain", None, who,
                                     {"Accept-Language": lang}).json["sentence"]
                    for t, who in ((yes, self.olga), (no, self.olga), (yes, self.eva))]
            for text, wanted in zip(said, (allowed, refused, own)):
                self.assertIn(wanted, text)
                self.assertNotRegex(text.replace("dora", "").replace("ACCESS-DENY", ""), "[A-Za-z]{2,}" if lang == "ar"
                                    else r"\b(the|and|was|because|their|role|of)\b")

    def test_a_patient_is_told_who_acted(self):
        """A device is nobody who works here, and what was written was no look."""
        reading = {**observation("eva"), "effectiveDateTime": datetime.now(timezone.utc).isoformat(timespec="seconds")}
        self.put("Device", "scale", {"patient": {"reference": "Patient/eva"}})
        said = {}
        for who in ("nurse", "device", "system"):
            made = self.expect(201, self.ask("POST", "/fhir/Observation", getattr(self, who), reading)).json["id"]
            lines = self.ask("GET", f"/fhir/AuditEvent?entity=Observation/{made}", self.olga).json["entry"]
            entry = next(e["resource"]["id"] for e in lines if e["resource"]["action"] == "C")
            said[who] = [self.server.call("GET", f"/fhir/AuditEvent/{entry}/$explain", None, self.eva,
                                          {"Accept-Language": lang}).json["sentence"] for lang in ("en", "es", "ar")]
        self.assertEqual("Somebody who works here did this to care for you. Their work allows this.", said["nurse"][0])
        self.assertIn("A device sent this", said["device"][0])
        self.assertIn("A system did this", said["system"][0])
        for who, (_, spanish, arabic) in said.items():
            self.assertNotRegex(spanish, r"\b(the|this|care|works)\b", who)
            self.assertNotRegex(arabic, "[A-Za-z]{2,}", who)


if __name__ == "__main__":
    main()
