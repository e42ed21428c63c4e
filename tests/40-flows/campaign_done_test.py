"""A flu campaign and a shot given meanwhile: the message that waits is taken back, nothing more goes to that person, also after
days and a new start of the server, and the trail says why; a shot of the season before, one noted by mistake and somebody
else's end nothing."""
import os
import subprocess
import sys
import unittest

from flows import WEFT, FlowCase, main, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import postgres  # noqa: E402

HAD, OPEN = "p0002", "p0003"
FLU = {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "150"}]}
DAYS = 4.2 * 86400  # the second message is due


class CampaignDone(FlowCase):
    config = "campaign.undo_minutes = 0\ncampaign.holdout = 0\noutreach.undo_seconds = 600\n"

    @classmethod
    def prepare(cls):
        cls.ann, cls.bob, cls.house_itself = (cls.house.token(role, "--user", u) for role, u in
                                              (("outreach", "ann"), ("outreach", "bob"), ("system", "feed")))

    def asked(self, method, path, body=None, token=None):
        a = self.house.call(method, path, body, token or self.ann)
        self.assertIn(a.status, (200, 201), a.body[:2000])
        return a.json

    def shot(self, patient, status="completed", date="2026-11-24"):
        self.asked("POST", "/fhir/Immunization",
                   {"resourceType": "Immunization", "status": status, "vaccineCode": FLU,
                    "patient": {"reference": f"Patient/{patient}"}, "occurrenceDateTime": date}, self.house_itself)

    def begin(self):
        group = self.asked("POST", "/fhir/Group", {
            "resourceType": "Group", "type": "person", "actual": True, "name": "Two",
            "member": [{"entity": {"reference": f"Patient/{p}"}} for p in (HAD, OPEN)]}, self.house_itself)["id"]
        plan = next(o["plan"] for o in self.asked("GET", "/campaign-outlines")["outlines"]
                    if o["code"] == "immunisation")
        url = "https://weft.health/fhir/StructureDefinition/plan-"
        for e in plan["extension"]:
            if e["url"] == url + "spread":
                e["valueDuration"] |= {"value": 1, "unit": "min", "code": "min"}
        plan["extension"].append({"url": url + "audience", "valueReference": {"reference": f"Group/{group}"}})
        path = f"/campaigns/{self.asked('POST', '/campaigns', plan)['id']}"
        for token, step in ((self.ann, "submit"), (self.bob, "approve"), (self.ann, "schedule")):
            self.asked("POST", f"{path}/step", {"step": step}, token)
        return path

    def later(self, seconds):
        self.house.stop()
        self.clock.offset += seconds
        self.ann, self.house_itself = (self.house.token(role, "--user", u)
                                       for role, u in (("outreach", "ann"), ("system", "feed")))
        self.house.tokens.clear()
        self.house.start()

    def messages(self, patient):
        return self.asked("GET", f"/fhir/Communication?recipient=Patient/{patient}&_count=50",
                          token=self.house_itself).get("entry", [])

    def said(self, patient):
        """Of the campaign: status by text."""
        return {m["resource"]["payload"][0]["contentString"]: m["resource"]["status"] for m in self.messages(patient)
                if "vacuna" in str(m) or "yearly shot" in str(m)}

    def test_the_shot_ends_it(self):
        path = self.begin()
        for patient in (HAD, OPEN):
            wait_for(lambda p=patient: self.said(p), f"the first message of {patient}")
        self.assertEqual(["preparation"], list(self.said(HAD).values()))
        self.shot(OPEN, "entered-in-error")
        self.shot(OPEN, date="2026-05-02")
        self.shot(HAD)
        wait_for(lambda: list(self.said(HAD).values()) == ["not-done"], "what waits is taken back")
        self.assertNotIn("not-done", self.said(OPEN).values())
        self.assertNotIn("done", self.asked("GET", f"{path}/report"))  # of two it would tell who
        why = wait_for(lambda: [e for e in self.found("/fhir/AuditEvent?_count=200&_sort=-date", "privacy")
                                if "campaign-done" in str(e)], "the trail says why")
        self.assertEqual(1, len(why))
        self.later(900)
        wait_for(lambda: "preparation" not in self.said(OPEN).values(), "the first message left")
        self.later(DAYS)
        wait_for(lambda: len(self.said(OPEN)) == 2, "the second message of who had none")
        self.assertEqual(["not-done"], list(self.said(HAD).values()))


@unittest.skipIf(postgres.missing(), "PostgreSQL is not installed")
class InPostgres(CampaignDone):
    """The same house, its record moved into a PostgreSQL by a copy."""

    @classmethod
    def prepare(cls):
        cluster = postgres.Cluster()
        cls.addClassCleanup(cluster.remove)
        copy, moved = cls.house.folder + "/copy", cls.house.folder + "/moved"
        for words in (("backup", "--data", cls.house.data, "--out", copy),
                      ("restore", "--from", copy, "--keys", cls.house.data, "--data", moved,
                       "--database", cluster.database())):
            subprocess.run([WEFT, *words], check=True, capture_output=True, timeout=120, env=cls.clock.env())
        cls.house.data = moved
        super().prepare()


if __name__ == "__main__":
    main()
