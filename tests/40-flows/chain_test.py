"""Who watches when, and how a case goes up: a Friday's case over a weekend of kills and restarts, the hours of a team
changed while it serves, and what patient and nurse are told. The clock is moved between two lives of the server."""
import signal
import unittest

from flows import FlowCase, main, wait_for

FRIDAY = "2026-11-20T17:25:00Z"  # shortly before the table's closing, UTC
STEP = "https://weft.health/fhir/StructureDefinition/case-step"
SERVICE = {
    "resourceType": "HealthcareService", "active": True, "name": "Night team",
    "type": [{"coding": [{"system": "https://weft.health/fhir/service-type", "code": "remote-monitoring"}]}],
    "program": [{"coding": [{"system": "https://weft.health/fhir/programme", "code": "night"}]}],
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": "America/New_York"}],
    "availableTime": [{"daysOfWeek": ["mon"], "availableStartTime": "22:00:00", "availableEndTime": "06:00:00"}],
    "notAvailable": [{"description": "Moving", "during": {"start": "2026-12-24", "end": "2026-12-26"}}]}


class Chain(FlowCase):
    start_at = FRIDAY

    def open(self, patient, priority, programme):
        """A case as a person opens one by hand."""
        task = {"resourceType": "Task", "status": "requested", "intent": "order", "priority": priority,
                "code": {"coding": [{"system": "https://weft.health/fhir/task-code", "code": "case"}]},
                "groupIdentifier": {"system": "https://weft.health/fhir/programme", "value": programme},
                "for": {"reference": f"Patient/{patient}"}, "authoredOn": self.clock.stamp(), "description": "By hand."}
        return self.expect(201, self.call("POST", "/fhir/Task", task)).json["id"]

    def steps(self, id):
        task = self.get(f"/fhir/Task/{id}")
        return [next(p["valueId"] for p in x["extension"] if p["url"] == "row")
                for x in task.get("extension", []) if x["url"] == STEP]

    def goes_up(self, id, *rows):
        wait_for(lambda: sorted(self.steps(id)) == sorted(rows), f"{id} to have gone up by {rows}, not {self.steps(id)}")

    def later(self, seconds, kills=3):
        """The server is killed, the clock goes on, and it is killed again while it catches up."""
        for n in range(kills):
            self.house.stop(signal.SIGKILL)
            if n == 0:
                self.clock.offset += seconds
                self.house.tokens.clear()
            self.house.start()

    def test_a_weekend(self):
        high, mild = self.open("p0005", "asap", "weekend-a"), self.open("p0006", "urgent", "weekend-b")
        chain = self.get(f"/fhir/Task/{high}/$chain")
        self.assertTrue(chain["watching"])
        self.assertEqual(("P2-30", "lead"), (chain["next"]["row"], chain["next"]["to"]))
        self.assertEqual("2026-11-20T18:00:00.000Z", chain["until"])

        self.later(41 * 60)  # Friday 18:06: the team went home
        self.goes_up(high, "P2-CLOSED", "P2-CLOSED-5", "P2-30")
        self.goes_up(mild, "P3-CLOSED", "P3-CLOSED-5")
        unseen = [x["valuePeriod"] for x in self.get(f"/fhir/Task/{mild}")["extension"]
                  if x["url"].endswith("case-unwatched")]
        self.assertEqual([{"start": "2026-11-20T18:00:00.000Z", "end": "2026-11-23T08:00:00.000Z"}], unseen)

        self.later(40 * 3600)  # Sunday: all minutes count for the one, the team's for the other
        self.goes_up(high, "P2-CLOSED", "P2-CLOSED-5", "P2-30", "P2-60")
        self.goes_up(mild, "P3-CLOSED", "P3-CLOSED-5")

        self.later(-36 * 3600)  # the clock was wrong and is put back: nothing is made twice
        self.later(60 * 3600)  # Monday 10:06: 35 minutes on Friday, two hours now
        self.assertEqual(["P3-CLOSED", "P3-CLOSED-5"], self.steps(mild))
        self.later(2 * 3600)
        self.goes_up(mild, "P3-CLOSED", "P3-CLOSED-5", "P3-240")
        self.goes_up(high, "P2-CLOSED", "P2-CLOSED-5", "P2-30", "P2-60")
        self.assertIn(b"desk_steps_total", self.house.call("GET", "/metrics").body)

    def test_hours_are_changed_while_it_serves(self):
        made = self.expect(201, self.call("POST", "/fhir/HealthcareService", SERVICE, "admin")).json
        team = [t for t in self.get("/monitoring/hours") if t["service"] == made["id"]][0]
        self.assertEqual((False, "America/New_York"), (team["watching"], team["zone"]))
        self.assertEqual(SERVICE["availableTime"], team["availableTime"])
        self.assertEqual(SERVICE["notAvailable"], team["notAvailable"], "as it was said, so that a form gives it back")
        self.expect(403, self.call("PUT", f"/fhir/HealthcareService/{made['id']}", made, "nurse"))
        id = self.open("p0007", "urgent", "night")
        self.goes_up(id, "P3-CLOSED")
        made["availableTime"] = [{"allDay": True}]
        self.expect(200, self.call("PUT", f"/fhir/HealthcareService/{made['id']}", made, "admin"))
        self.assertTrue(self.get(f"/fhir/Task/{id}/$chain")["watching"])
        made["availableTime"] = [{"daysOfWeek": ["mon"]}]  # neither all day nor from and until
        self.expect(200, self.call("PUT", f"/fhir/HealthcareService/{made['id']}", made, "admin"))
        team = [t for t in self.get("/monitoring/hours") if t["service"] == made["id"]][0]
        self.assertIn("from and until", team["wrong"])
        self.assertEqual("", self.get(f"/fhir/Task/{id}/$chain")["service"], "the house's own hold then")

    def test_quality_hears_of_a_clock_that_ran_out(self):
        """Heard of three days ago, so its first clock is over: it goes to quality, once."""
        aware = self.clock.stamp(3 * 86400)
        one = self.expect(201, self.call("POST", "/complaints", {"patient": "p0009", "words": "The scale shows an error.",
                                                                 "aware": aware})).json

        def late():
            clocks = self.get(f"/complaints/{one['id']}")["clocks"]
            return [s["to"] for c in clocks for s in c.get("steps", []) if c["rule"] == "DEV-03"]
        wait_for(late, "the clock to go up")
        self.later(3600, kills=2)
        self.assertEqual(["quality"], late())

    def test_the_facts_are_the_desks(self):
        id = self.open("p0008", "routine", "facts")
        task = self.get(f"/fhir/Task/{id}")
        task["extension"] = [{"url": STEP, "valueString": "mine"}]
        self.expect(422, self.call("PUT", f"/fhir/Task/{id}", task), "by its own operations only")


if __name__ == "__main__":
    main()
