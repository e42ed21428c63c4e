"""A reading brings somebody into a journey: a device's own number, by MQTT and by HTTP, says nothing of itself; the monitor
judges it, and its case is what the journey of a long illness begins with. The other journeys run beside it and take nobody for
a reading; a reading within the limits brings nobody anywhere."""
from flows import FlowCase, main, reading, wait_for

BY_MQTT, BY_HTTP, CALM = "p0013", "p0021", "p0006"
JOURNEYS = ("chronic", "new-medicine", "post-discharge", "pre-visit", "surgery")


class JourneyReading(FlowCase):
    broker = True
    config = "campaign.undo_minutes = 0\ncampaign.holdout = 0\n"

    @classmethod
    def prepare(cls):
        cls.ann, cls.bob = (cls.house.token("outreach", "--user", u) for u in ("ann", "bob"))

    def asked(self, method, path, body=None, token=None):
        a = self.house.call(method, path, body, token or self.ann)
        self.assertIn(a.status, (200, 201), a.body[:2000])
        return a.json

    def begin(self, code):
        """By one account, approved by another; *its* outline as it is shipped."""
        plans = {o["code"]: o["plan"] for o in self.asked("GET", "/campaign-outlines")["outlines"]}
        path = f"/campaigns/{self.asked('POST', '/campaigns', plans[code])['id']}"
        for token, step in ((self.ann, "submit"), (self.bob, "approve"), (self.ann, "schedule")):
            self.asked("POST", f"{path}/step", {"step": step}, token)
        wait_for(lambda: self.asked("GET", path)["state"] == "running", f"{code} runs")

    def journeys(self, patient):
        """What they are in, and what brought them there."""
        return [(p["instantiatesCanonical"][0].split("/")[-1].split("|")[0], p["supportingInfo"][0]["reference"])
                for p in self.found(f"/fhir/CarePlan?patient=Patient/{patient}&status=active&_count=50")
                if "instantiatesCanonical" in p and "supportingInfo" in p]

    def enters(self, patient, value):
        case = self.case(patient, lambda t: str(value) in t["description"])
        self.assertNotIn("interpretation", self.get(f"/fhir/{case['focus']['reference']}"))
        found = wait_for(lambda: self.journeys(patient), f"{patient} in a journey")
        self.assertEqual([("chronic", f"Task/{case['id']}")], found)

    def test_a_readings_verdict_brings_them_in(self):
        for code in JOURNEYS:
            self.begin(code)
        self.assertEqual([], [p for p in (BY_MQTT, BY_HTTP, CALM) if self.journeys(p)])
        device, calm = (self.house.mqtt(p) for p in (BY_MQTT, CALM))
        self.addCleanup(device.close)
        self.addCleanup(calm.close)
        calm.publish(f"weft/v1/hub-{CALM}/observation", reading("spo2", 97, self.clock.stamp(30)))
        device.publish(f"weft/v1/hub-{BY_MQTT}/observation", reading("spo2", 86, self.clock.stamp(60)))
        self.enters(BY_MQTT, 86)
        self.expect(201, self.call("POST", "/fhir/Observation", reading("spo2", 85, self.clock.stamp(40), BY_HTTP)))
        self.enters(BY_HTTP, 85)
        # The same case again, with another reading: they are in it already.
        device.publish(f"weft/v1/hub-{BY_MQTT}/observation", reading("spo2", 84, self.clock.stamp(5)))
        self.case(BY_MQTT, lambda t: "84" in t["description"])
        calm.publish(f"weft/v1/hub-{CALM}/observation", reading("spo2", 96, self.clock.stamp(2)))
        wait_for(lambda: len(self.found(f"/fhir/Observation?subject=Patient/{CALM}"
                                        f"&date=ge{self.clock.stamp(31)}&_count=10")) == 2, "the calm readings")
        # Whoever comes after them in the feed is in: what came before was looked at.
        last = self.house.mqtt("p0024")
        self.addCleanup(last.close)
        last.publish("weft/v1/hub-p0024/observation", reading("spo2", 83, self.clock.stamp(1)))
        self.enters("p0024", 83)
        self.assertEqual((1, 1, []), (len(self.journeys(BY_MQTT)), len(self.journeys(BY_HTTP)), self.journeys(CALM)))


if __name__ == "__main__":
    main()
