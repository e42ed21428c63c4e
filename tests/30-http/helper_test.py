"""A patient shares with a helper by category and until a day, takes it back at once; a parent's access
ends by the child's age; a look that seems wrong becomes a case."""
import http.client
import json
import time
from datetime import datetime, timedelta, timezone

from oauth_kit import App
from weft_http import Case, Events, main

WORDS = "correct horse battery 7"


def years_ago(n, days=0):
    """That day of the year; only for the 29th of February of a year that has none is it the day before."""
    today = datetime.now(timezone.utc).date() + timedelta(days=days)
    leap = (today.month, today.day) == (2, 29) and (today.year - n) % 4
    return today.replace(year=today.year - n, day=28 if leap else today.day).isoformat()


class Helper(Case):
    roles = ("nurse", "agent", "system", "privacy", "admin")

    @classmethod
    def before_start(cls):
        cls.ana = cls.server.token("patient", "--patient", "ana", "--user", "ana")
        cls.eva = cls.server.token("patient", "--patient", "eva", "--user", "eva")
        cls.other = cls.server.token("admin", "--user", "other.admin")
        cls.olga = cls.server.token("privacy", "--user", "olga", "--reference", "Practitioner/olga")

    def setUp(self):
        for name in ("ana", "eva"):
            self.put("Patient", name, {"name": [{"given": [name.title()], "family": "Silva"}]})
            who = {"reference": f"Patient/{name}"}
            self.put("MedicationRequest", f"m-{name}", {
                "status": "active", "intent": "order", "subject": who,
                "medicationCodeableConcept": {"text": "Furosemide"}})
            self.put("Appointment", f"a-{name}", {
                "status": "booked", "participant": [{"actor": who, "status": "accepted"}],
                "start": "2030-01-01T09:00:00Z", "end": "2030-01-01T09:30:00Z"})
            self.put("Observation", f"o-{name}", {
                "status": "final", "subject": who, "code": {"text": "weight"}})

    def until(self, days=90):
        return (datetime.now(timezone.utc) + timedelta(days=days)).isoformat()

    def share(self, what=("medicines", "visits"), token=None, **more):
        return self.ask("POST", "/auth/helpers", token or self.ana,
                        {"name": "Bea Silva", "email": "bea@example.org", "what": list(what),
                         "until": self.until(), **more})

    def join(self, secret, user):
        return self.expect(200, self.ask("POST", "/auth/join", None, {
            "secret": secret, "user": user, "password": WORDS})).json["token"]

    def seen(self, token):
        got = {}
        for kind in ("MedicationRequest", "Appointment", "Observation"):
            a = self.ask("GET", f"/fhir/{kind}", token)
            got[kind] = sum(e["search"]["mode"] == "match" for e in a.json.get("entry", [])) if a.status == 200 else a.status
        return got

    def test_share_join_stop_resume(self):
        told = self.expect(201, self.share()).json
        self.assertIn("/portal/join#" + told["secret"], told["link"])
        begin = self.expect(200, self.ask("POST", "/auth/join/begin", None, {"secret": told["secret"]})).json
        self.assertEqual(("Ana", ["medicines", "visits"]), (begin["patient"], begin["what"]))
        self.assertNotIn("Silva", begin["patient"])
        bea = self.join(told["secret"], "bea@example.org")
        self.assertEqual("helper", self.ask("GET", "/auth/me", bea).json["role"])
        mine = self.ask("GET", "/fhir/Consent?patient=ana", bea).json["entry"][0]["resource"]
        self.assertIn("provision", mine)  # a Consent that names the helper tells them so
        seen = self.seen(bea)
        self.assertEqual((1, 1), (seen["MedicationRequest"], seen["Appointment"]))
        self.assertIn(seen["Observation"], (0, 403))
        self.assertIn(self.ask("GET", "/fhir/Observation/o-ana", bea).status, (403, 404))
        self.assertEqual(404, self.ask("GET", "/fhir/MedicationRequest/m-eva", bea).status)
        row = self.expect(200, self.ask("GET", "/auth/helpers", self.ana)).json["helpers"][0]
        self.assertEqual(("Bea Silva", "active"), (row["name"], row["state"]))
        self.expect(204, self.ask("POST", "/auth/helpers/stop", self.ana, {"consent": told["consent"]}))
        self.assertTrue(all(v in (0, 403) for v in self.seen(bea).values()))
        self.assertEqual("stopped", self.ask("GET", "/auth/helpers", self.ana).json["helpers"][0]["state"])
        self.expect(204, self.ask("POST", "/auth/helpers/resume", self.ana, {"consent": told["consent"]}))
        self.assertEqual(1, self.seen(bea)["MedicationRequest"])

    def test_an_invitation_is_good_once(self):
        told = self.expect(201, self.share(["results"])).json
        for weak in ("short", "password123"):
            self.expect(400, self.ask("POST", "/auth/join", None, {
                "secret": told["secret"], "user": "cy", "password": weak}))
        self.join(told["secret"], "cy")
        for secret in (told["secret"], told["secret"][:-1] + "A", "", "x" * 60, "x" * 500):
            self.expect(404, self.ask("POST", "/auth/join", None, {
                "secret": secret, "user": "di", "password": WORDS}))
            self.expect(404, self.ask("POST", "/auth/join/begin", None, {"secret": secret}))
        again = self.expect(201, self.share(["results"])).json["secret"]
        self.expect(409, self.ask("POST", "/auth/join", None, {
            "secret": again, "user": "cy", "password": WORDS}))
        self.join(again, "cy2")

    def test_one_account_helps_two_and_mixes_nothing(self):
        eva = self.expect(201, self.share(token=self.eva)).json
        ana = self.expect(201, self.share()).json["secret"]
        gil = self.join(ana, "gil")
        self.expect(404, self.ask("POST", "/auth/join/more", gil, {"secret": ana}))
        self.expect(403, self.ask("POST", "/auth/join/more", self.ana, {"secret": eva["secret"]}))
        both = self.expect(200, self.ask("POST", "/auth/join/more", gil, {"secret": eva["secret"]})).json["token"]
        self.expect(401, self.ask("GET", "/auth/me", gil))  # one session, one record
        reads = lambda token: [self.ask("GET", "/fhir/MedicationRequest/" + m, token).status for m in ("m-ana", "m-eva")]
        self.assertEqual([404, 200], reads(both))
        rows = self.expect(200, self.ask("GET", "/auth/helping", both)).json["helping"]
        self.assertEqual([("Ana", False), ("Eva", True)], [(r["name"], r["current"]) for r in rows])
        choose = lambda token, ref: self.ask("POST", "/auth/helping", token, {"reference": ref})
        self.expect(404, choose(both, "RelatedPerson/nobody"))
        first = self.expect(200, choose(both, rows[0]["reference"])).json["token"]
        self.assertEqual([200, 404], reads(first))
        self.expect(401, self.ask("GET", "/auth/me", both))
        self.assertEqual([200, 404], reads(self.expect(200, self.ask("POST", "/auth/sign-in", None, {
            "user": "gil", "password": WORDS})).json["token"]))
        self.expect(204, self.ask("POST", "/auth/helpers/stop", self.eva, {"consent": eva["consent"]}))
        second = self.expect(200, choose(first, rows[1]["reference"])).json["token"]
        self.assertTrue(all(s in (403, 404) for s in reads(second)), reads(second))
        self.expect(403, self.ask("GET", "/auth/helping", self.ana))

    def test_r195_an_app_is_in_the_share_that_its_user_is_in(self):
        """An app opened by a helper of several people was always in the first one's record."""
        first = self.expect(201, self.share()).json
        ines = self.join(first["secret"], "ines")
        eva = self.expect(201, self.share(token=self.eva)).json
        both = self.expect(200, self.ask("POST", "/auth/join/more", ines, {"secret": eva["secret"]})).json["token"]
        app = App(self, "patient/MedicationRequest.rs offline_access")

        def reads(t):
            return [self.ask("GET", "/fhir/MedicationRequest/" + m, t["access_token"]).status for m in ("m-ana", "m-eva")]

        def taken():
            a = self.expect(200, app.exchange(app.code_of(app.allow()))).json
            return a, self.expect(200, app.refresh(a["refresh_token"])).json

        app.ask()
        app.step([("open", "1")], cookie=f"{app.cookie}; weft={both}")
        for t in taken():
            self.assertEqual(("eva", [404, 200]), (t["patient"], reads(t)))
        app.ask()  # who signs in here chooses
        app.sign_in("ines", WORDS)
        self.assertIn("Whose record?", app.text)
        app.step([("patient", "nobody")])
        self.assertNotIn('name="allow"', app.text)
        app.step([("patient", "ana")])
        for t in taken():
            self.assertEqual(("ana", [200, 404]), (t["patient"], reads(t)))
        rows = self.ask("GET", "/auth/helping", both).json["helping"]
        self.expect(204, self.ask("POST", "/auth/helpers/stop", self.eva, {"consent": eva["consent"]}))
        self.assertTrue(all(s in (403, 404) for s in reads(self.expect(200, app.refresh(t["refresh_token"])).json)[1:]))
        app.ask()
        app.sign_in("ines", WORDS)
        self.assertNotIn('value="eva"', app.text)
        self.r197(first, both, rows)

    def r197(self, first, token, rows):
        """The name of a patient whose share was taken back was told for ever."""
        names = lambda: [(r["name"], r["current"]) for r in self.ask("GET", "/auth/helping", token).json["helping"]]
        self.assertEqual([("Ana", False), ("Eva", True)], [(r["name"], r["current"]) for r in rows])
        self.assertEqual([("Ana", False), ("", True)], names())
        self.expect(204, self.ask("POST", "/auth/helpers/stop", self.ana, {"consent": first["consent"]}))
        self.assertEqual([("", True)], names())

    def test_r163_what_was_taken_back_lets_nobody_in(self):
        told = self.expect(201, self.share()).json
        begin = lambda: self.ask("POST", "/auth/join/begin", None, {"secret": told["secret"]})
        self.expect(200, begin())
        self.expect(204, self.ask("POST", "/auth/helpers/stop", self.ana, {"consent": told["consent"]}))
        self.expect(404, begin())
        self.expect(404, self.ask("POST", "/auth/join", None, {
            "secret": told["secret"], "user": "too.late", "password": WORDS}))
        self.expect(204, self.ask("POST", "/auth/helpers/resume", self.ana, {"consent": told["consent"]}))
        self.expect(200, begin())
        self.join(told["secret"], "in.time")

    def test_r164_an_invitation_tells_no_list_of_names(self):
        self.join(self.expect(201, self.share()).json["secret"], "dora")
        body = json.dumps({"secret": self.expect(201, self.share()).json["secret"], "user": "dora",
                           "password": WORDS})
        c = http.client.HTTPConnection("127.0.0.1", self.server.port, source_address=("127.0.0.77", 0))
        self.addCleanup(c.close)
        said = []
        for _ in range(120):
            c.request("POST", "/auth/join", body, {"Content-Type": "application/json"})
            a = c.getresponse()
            a.read()
            said.append(a.status)
        self.assertEqual([409] * 50, said[:50])
        self.assertIn(429, said[50:])

    def test_what_is_no_share(self):
        for bad in ({"what": []}, {"what": ["everything"]}, {"until": "2020-01-01"}, {"until": "soon"},
                    {"until": self.until(800)}, {"name": ""}, {"email": "nobody"}):
            self.expect(400, self.share(**bad))
        for token in (self.nurse, self.admin, self.privacy):
            self.expect(403, self.share(token=token))
            self.expect(403, self.ask("GET", "/auth/helpers", token))
        told = self.expect(201, self.share()).json
        stop = lambda t, c: self.ask("POST", "/auth/helpers/stop", t, {"consent": c})
        self.expect(404, stop(self.eva, told["consent"]))
        self.expect(404, stop(self.ana, "none"))
        bea = self.join(told["secret"], "bea3")
        self.expect(403, stop(bea, told["consent"]))
        self.expect(403, self.share(token=bea))

    def test_a_parent_by_age(self):
        """Under twelve all of it; twelve a little; eighteen nothing. The birthday changes it."""
        self.put("Patient", "kid", {"name": [{"given": ["Kid"]}], "birthDate": years_ago(8)})
        self.put("MedicationRequest", "m-kid", {
            "status": "active", "intent": "order", "subject": {"reference": "Patient/kid"},
            "medicationCodeableConcept": {"text": "x"}})
        self.put("MedicationRequest", "m-kid-secret", {
            "status": "active", "intent": "order", "subject": {"reference": "Patient/kid"},
            "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                                   "code": "R"}]},
            "medicationCodeableConcept": {"text": "confidential"}})
        for name, age, days in (("teen", 13, 0), ("grown", 18, -1), ("eve", 12, 1)):
            self.put("Patient", name, {"name": [{"given": [name]}], "birthDate": years_ago(age, days)})
            self.put("MedicationRequest", f"m-{name}", {
                "status": "active", "intent": "order", "subject": {"reference": f"Patient/{name}"},
                "medicationCodeableConcept": {"text": "x"}})
        invite = lambda p: self.guardian(p)
        seen = {}
        for name in ("kid", "teen", "eve"):
            told = self.expect(201, invite(name)).json
            parent = self.join(told["secret"], f"parent.{name}")
            a = self.ask("GET", "/fhir/MedicationRequest", parent)
            seen[name] = [e["resource"]["id"] for e in a.json.get("entry", [])
                          if e["search"]["mode"] == "match"] if a.status == 200 else []
        self.assertEqual({"kid": ["m-kid"], "teen": [], "eve": ["m-eve"]}, seen)
        self.expect(422, invite("grown"))
        self.expect(422, invite("ana"))
        self.expect(403, self.ask("POST", "/auth/proxies", self.nurse, {"patient": "kid", "name": "P"}))
        # One Consent a row of ages still to come, the later one with its own period.
        found = self.expect(200, self.call("GET", "/fhir/Consent?patient=Patient/kid", token="system")).json
        periods = sorted(e["resource"]["provision"]["period"]["start"] for e in found["entry"])
        self.assertEqual(2, len(periods))
        self.assertEqual(years_ago(8)[5:], periods[1][5:10])

    def test_r170_a_guardian_takes_two_administrators(self):
        self.put("Patient", "pip", {"name": [{"given": ["Pip"]}], "birthDate": years_ago(5)})
        people = lambda: self.call("GET", "/fhir/RelatedPerson?patient=Patient/pip&_summary=count", token="system").json["total"]
        told = self.expect(202, self.ask("POST", "/auth/proxies", self.admin, {"patient": "pip", "name": "P"}))
        self.assertEqual({"proposal", "expires"}, set(told.json))  # nothing to join with, nothing made
        self.assertEqual(0, people())
        say = lambda who, patient="pip": self.ask("POST", "/auth/proxies/confirm", who,
                                                  {"proposal": told.json["proposal"], "patient": patient})
        self.expect(403, say(self.admin))
        self.expect(403, say(self.nurse))
        self.expect(409, say(self.other, "ana"))
        self.assertEqual(404, self.ask("POST", "/auth/join/begin", None, {"secret": told.json["proposal"]}).status)
        self.assertEqual(0, people())
        self.join(self.expect(201, say(self.other)).json["secret"], "parent.pip")
        self.assertEqual(1, people())
        self.expect(404, say(self.other))

    def periods(self, kid):
        found = self.expect(200, self.call("GET", f"/fhir/Consent?patient=Patient/{kid}", token="system")).json
        return sorted((e["resource"]["provision"]["period"]["start"][:10], e["resource"]["provision"]["period"]["end"][:10])
                      for e in found["entry"])

    def test_r171_ends_move_with_the_day_of_birth(self):
        kid = {"name": [{"given": ["Max"]}], "birthDate": "2018-05-06"}
        self.put("Patient", "max", kid)
        self.put("Patient", "bob", kid)
        for name in ("max", "bob"):
            self.expect(201, self.guardian(name))
        self.assertEqual([("2018-05-06", "2030-05-06"), ("2030-05-06", "2036-05-06")], self.periods("max"))
        self.assertEqual(self.periods("max"), self.periods("bob"))
        late = self.expect(200, self.call("GET", "/fhir/Consent?patient=Patient/bob", token="system")).json["entry"]
        late = next(e["resource"] for e in late if e["resource"]["provision"]["period"]["end"] > "2036")
        late["provision"]["period"]["end"] = "2033-01-01T00:00:00Z"  # an officer's own word
        self.put("Consent", late["id"], late)
        for birth, want, bob in (("2016-02-29", [("2016-02-29", "2028-02-29"), ("2028-02-29", "2034-03-01")], "2033-01-01"),
                                 ("2019-01-02", [("2019-01-02", "2031-01-02"), ("2031-01-02", "2037-01-02")], "2033-01-01"),
                                 ("2012-01-02", [("2012-01-02", "2024-01-02"), ("2024-01-02", "2030-01-02")], "2030-01-02")):
            for name in ("max", "bob"):
                self.put("Patient", name, {**kid, "birthDate": birth})
            for _ in range(100):
                if self.periods("max") == want and self.periods("bob")[1][1] == bob:
                    break
                time.sleep(0.1)
            self.assertEqual(want, self.periods("max"))
            self.assertEqual(bob, self.periods("bob")[1][1])

    def guardian(self, patient):
        a = self.ask("POST", "/auth/proxies", self.admin, {"patient": patient, "name": "Parent"})
        if a.status != 202:
            return a
        return self.ask("POST", "/auth/proxies/confirm", self.other,
                        {"proposal": a.json["proposal"], "patient": patient})

    def test_this_looks_wrong(self):
        self.expect(200, self.call("GET", "/fhir/MedicationRequest/m-ana", token="nurse"))
        found = self.expect(200, self.ask("GET", "/fhir/AuditEvent?_sort=-date&_count=50", self.ana)).json
        line = next(e["resource"] for e in found["entry"]
                    if e["resource"]["agent"][0].get("altId") == "script.nurse")
        a = self.expect(201, self.ask("POST", f"/fhir/AuditEvent/{line['id']}/$report", self.ana, {}))
        task = self.expect(200, self.call("GET", f"/fhir/Task/{a.json['case']}", token="privacy")).json
        self.assertIn(line["id"], task["description"])
        self.assertEqual("requested", task["status"])
        self.assertEqual("Patient/ana", task["for"]["reference"])
        self.assertEqual(404, self.ask("POST", f"/fhir/AuditEvent/{line['id']}/$report", self.eva, {}).status)
        self.assertIn(self.call("POST", f"/fhir/AuditEvent/{line['id']}/$report", {}, "nurse").status, (403, 404))

    def report(self):
        self.expect(200, self.call("GET", "/fhir/MedicationRequest/m-ana", token="nurse"))
        found = self.expect(200, self.ask("GET", "/fhir/AuditEvent?_sort=-date&_count=50", self.ana)).json
        line = next(e["resource"]["id"] for e in found["entry"]
                    if e["resource"]["agent"][0].get("altId") == "script.nurse")
        return line, self.expect(201, self.ask("POST", f"/fhir/AuditEvent/{line}/$report", self.ana, {})).json["case"]

    def test_r130_who_was_reported_does_not_see_it(self):
        """R130: by no road; the privacy office works on it, and the patient follows it."""
        self.put("Practitioner", "olga", {})
        screen = Events(self.server, self.nurse)
        self.addCleanup(screen.close)
        screen.wait(lambda x: x.get("event") == "hello")
        first, case = self.report()
        second, again = self.report()
        self.assertEqual(case, again)
        said = self.expect(200, self.ask("GET", "/fhir/Task/" + case, self.ana)).json["description"]
        self.assertTrue(first in said and second in said, said)
        unknown = self.call("GET", "/fhir/Task/nothing", token="nurse").text()
        for role in ("nurse", "agent"):
            for road in (f"Task/{case}", f"Task/{case}/_history/1", f"Task/{case}/_history"):
                a = self.expect(404, self.call("GET", "/fhir/" + road, token=role))
                self.assertEqual(unknown.replace("nothing", case), a.text().replace("/_history/1", ""), road)
            for road in (f"Task?_id={case}", "Task?patient=ana&_summary=count", "Task?_security=PRIVACYCASE",
                         "Task?group-identifier=privacy", "Patient?_has:Task:patient:group-identifier=privacy"):
                self.assertEqual(0, self.expect(200, self.call("GET", "/fhir/" + road, token=role)).json["total"], road)
            for road in ("Task", "Task/_history", "Patient?_id=ana&_revinclude=Task:patient", "Patient/ana/$everything"):
                a = self.expect(200, self.call("GET", "/fhir/" + road, token=role))
                self.assertNotIn(case, a.text(), road)
            for road in ("Task/$meta", "$meta", "Patient/ana/Task", "Patient/ana/_history", "_history?_count=200"):
                a = self.call("GET", "/fhir/" + road, token=role)
                self.assertFalse(case in a.text() or "PRIVACYCASE" in a.text(), road)
            a = self.call("POST", "/fhir/$graphql", {"query": '{TaskList(patient: "ana") {id}}'}, role)
            self.assertNotIn(case, a.text())
            batch = {"resourceType": "Bundle", "type": "batch", "entry": [
                {"request": {"method": "GET", "url": u}} for u in (f"Task/{case}", "Task?patient=ana")]}
            self.assertNotIn('"PRIVACYCASE"', self.call("POST", "/fhir", batch, role).text())
            self.expect(404, self.call("POST", f"/fhir/Task/{case}/$claim", {}, role))
            seen = self.expect(200, self.ask("GET", "/fhir/Task/" + case, self.ana)).json
            seen.pop("meta")
            self.assertIn(self.call("PUT", "/fhir/Task/" + case, seen, role).status, (403, 404))
            self.assertIn(self.call("POST", f"/fhir/Task/{case}/$meta-delete", {
                "resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {
                    "security": [{"system": "https://weft.health/fhir/label", "code": "PRIVACYCASE"}]}}]},
                role).status, (403, 404))
        self.assertEqual(1, self.call("GET", f"/fhir/Task?_id={case}&_summary=count", token="privacy").json["total"])
        self.expect(200, self.call("POST", f"/fhir/Task/{case}/$claim", {}, "olga"))
        done = self.expect(200, self.call("POST", f"/fhir/Task/{case}/$resolve", {"outcome": "false-alarm"}, "olga"))
        self.assertEqual("completed", done.json["status"])
        last = self.patient()
        screen.wait(lambda x: last in x.get("data", ""))
        self.assertFalse([x for x in screen.events if case in x["data"]])
        self.expect(404, self.call("GET", "/fhir/Task/" + case, token="nurse"))

    def test_zz_a_helper_asks_in_the_patients_name(self):
        """When that is shared; a parent with the whole record stands for the child (45 CFR 164.502(g)(3))."""
        asked = lambda token: self.ask("POST", "/fhir/Patient/eva/$request", token, {"request": "access"})
        plain = self.join(self.expect(201, self.share(token=self.eva)).json["secret"], "kim")
        self.expect(403, asked(plain))
        told = self.expect(201, self.share(["requests"], token=self.eva)).json
        asks = self.join(told["secret"], "lou")
        self.expect(201, asked(asks))
        self.assertNotIn("right-access", json.dumps(self.ask("GET", "/fhir/Task?patient=eva", asks).json))
        self.expect(204, self.ask("POST", "/auth/helpers/stop", self.eva, {"consent": told["consent"]}))
        self.assertIn(asked(asks).status, (403, 404))
        for name, age, status in (("babe", 4, 201), ("youth", 14, 403)):
            self.put("Patient", name, {"name": [{"given": [name]}], "birthDate": years_ago(age)})
            parent = self.join(self.expect(201, self.guardian(name)).json["secret"], f"parent.{name}")
            self.expect(status, self.ask("POST", f"/fhir/Patient/{name}/$request", parent, {"request": "access"}))


main()
