"""A rule changes (walk W7): a sentence is tried on what was really decided, a second person approves, and what it
says holds at once, for messages and for reads, counts too; a trial ends by itself."""
import time

from flows import Events, FlowCase, main, wait_for

NARROW = "Nurses may see visits, not medicines, unless the patient has a visit in 14 days."


class Rules(FlowCase):
    @classmethod
    def prepare(cls):
        cls.house.tokens["system"] = cls.house.token("system")

    def propose(self, sentence):
        return self.expect(201, self.call("POST", "/rules/changes",
                                          {"sentence": sentence, "reason": "a test"}, "privacy")).json["id"]

    def step(self, id, step, user="privacy", body=None, status=200):
        return self.expect(status, self.call("POST", f"/rules/changes/{id}/{step}", body or {}, user)).json

    def end(self, id):
        self.assertEqual("end", self.step(id, "end", "admin")["asked"]["step"])
        self.step(id, "end", "admin", status=403)  # R138: nobody alone
        self.assertEqual("ended", self.step(id, "end", "privacy")["status"])

    def publish(self, id, body=None):
        self.step(id, "submit")
        self.step(id, "approve", "privacy", status=403)  # one's own
        self.step(id, "approve", "admin")
        return self.step(id, "publish", "admin", body)

    def test_a_text_that_went_would_not_have_gone(self):
        said = self.expect(201, self.send("p0004")).json["id"]
        self.message(said, "in-progress", "completed")
        id = self.propose("MSG-09: per_day = 0")
        tried = self.step(id, "try", body={"days": 90})
        self.assertEqual((0, 1, 0), tuple(tried[k] for k in ("refused", "held", "allowed")), tried)
        self.assertEqual("nurse", tried["who"][0]["user"])
        self.assertTrue(tried["complete"])
        self.assertEqual("allow", self.check("p0006")["verdict"]["decision"])
        self.publish(id, {"trialHours": 1})
        held = self.check("p0006")["verdict"]
        self.assertNotEqual("allow", held["decision"], held)
        self.end(id)
        self.assertEqual("allow", self.check("p0006")["verdict"]["decision"])

    def test_reads_that_were_would_not_have_been(self):
        count = lambda: self.get("/fhir/MedicationRequest?_summary=count")["total"]
        before = count()
        one = self.found("/fhir/MedicationRequest?_count=1")[0]
        patient = one["subject"]["reference"]
        for visit in self.found(f"/fhir/Encounter?patient={patient}&_count=100"):
            self.expect(204, self.call("DELETE", f"/fhir/Encounter/{visit['id']}", user="system"))
        for visit in self.found(f"/fhir/Appointment?patient={patient}&_count=100"):
            self.expect(204, self.call("DELETE", f"/fhir/Appointment/{visit['id']}", user="system"))
        path = f"/fhir/MedicationRequest/{one['id']}"
        self.get(path)
        id = self.propose(NARROW)
        tried = self.step(id, "try", body={"days": 1})
        self.assertGreaterEqual(tried["refused"], 1, tried)
        self.assertEqual(0, tried["allowed"])
        self.publish(id, {"trialHours": 1})
        self.expect(403, self.call("GET", path), "TENANT-", "visit in 14 days")
        self.expect(403, self.call("GET", path + "/_history/1"))
        self.assertEqual([], self.found(f"/fhir/MedicationRequest?patient={patient}"))
        self.assertEqual(0, self.get(f"/fhir/MedicationRequest?patient={patient}&_summary=count")["total"])
        self.assertLess(count(), before)
        self.assertFalse([e for e in self.get(f"/fhir/{patient}/$everything?_count=500").get("entry", [])
                          if e["resource"]["resourceType"] == "MedicationRequest"])
        self.assertEqual([], self.found(f"/fhir/Patient?_id={patient[8:]}&_has:MedicationRequest:patient:_id={one['id']}"))
        self.screen_is_told_nothing(one, patient)
        now = self.clock.stamp()
        for status in ("cancelled", "noshow", "entered-in-error"):  # R134: no visit
            self.expect(201, self.call("POST", "/fhir/Appointment", {
                "resourceType": "Appointment", "status": status, "start": now, "end": now,
                "participant": [{"actor": {"reference": patient}, "status": "accepted"}]}))
        time.sleep(1.5)  # as long as what was found out holds
        self.expect(403, self.call("GET", path), "TENANT-")
        visit = {"resourceType": "Encounter", "status": "planned", "subject": {"reference": patient},
                 "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                 "period": {"start": now}}
        made = self.expect(201, self.call("POST", "/fhir/Encounter", visit)).json  # R138: one's own visit
        time.sleep(1.5)
        self.expect(403, self.call("GET", path), "TENANT-")
        other = self.expect(201, self.call("POST", "/fhir/Encounter", {**visit, "period": {
            "start": "2001-01-01T10:00:00Z", "end": "2001-01-01T11:00:00Z"}}, "system")).json
        moved = {**other, "period": {"start": now}}  # nor one that the same nurse has moved here
        self.expect(200, self.call("PUT", f"/fhir/Encounter/{other['id']}", moved))
        time.sleep(1.5)
        self.expect(403, self.call("GET", path), "TENANT-")
        self.expect(200, self.call("PUT", f"/fhir/Encounter/{made['id']}",
                                   {**made, "status": "in-progress"}, "system"))  # somebody else confirms it
        wait_for(lambda: self.call("GET", path).status == 200, "the visit to open it", 10)
        self.end(id)
        self.assertEqual(before, count())

    def screen_is_told_nothing(self, hidden, patient):
        """R131: an open screen, neither."""
        screen = Events(self.house, self.house.tokens["nurse"])
        self.addCleanup(screen.close)
        screen.wait(lambda x: x.get("event") == "hello")
        shown = self.get("/fhir/" + patient)
        for r in (hidden, shown):
            self.expect(200, self.call("PUT", f"/fhir/{r['resourceType']}/{r['id']}",
                                       {**r, "language": "en"}, user="system"))
        screen.wait(lambda x: x.get("event") == "change" and '"type":"Patient"' in x["data"])
        self.assertFalse([x for x in screen.events if hidden["id"] in x["data"]])

    def test_a_trial_ends_by_itself(self):
        id = self.propose("Nurses may not see forms")
        end = self.clock.stamp(-9)
        self.publish(id, {"until": end})
        self.expect(403, self.call("GET", "/fhir/QuestionnaireResponse"))
        wait_for(lambda: self.call("GET", "/fhir/QuestionnaireResponse").status == 200, "the end of the trial", 40)
        self.step(id, "keep", "admin", status=409)

    def test_who_may(self):
        for user in ("nurse", "agent", "outreach"):
            self.expect(403, self.call("GET", "/rules/changes", user=user))
        self.expect(401, self.call("GET", "/rules/changes", user=None))


if __name__ == "__main__":
    main()
