"""A device's line breaks: the broker says so by the device's will (DEV-LWT), a short drop is nothing, one that stays away
is a technical case. Many that share a network break at once: one incident, no case and no text for each (FLEET-STORM).
The devices are mosquitto's own client, killed."""
import os
import signal
import subprocess
import unittest

from flows import main, wait_for
from kits import PLUGIN, KitCase

STEP = 150  # seconds a jump: shorter than what counts as a house that was away


class Kit:
    """A device that keeps its line open with mosquitto_pub, and leaves a will with the broker."""

    def __init__(self, house, id, keys, retain=False):
        self.id, self.topic = id, f"weft/v1/{keys['user']}/status"
        self.count = 0
        self.args = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.broker.port), "-u", keys["mqtt"]["user"],
                     "-P", keys["mqtt"]["password"], "-i", keys["user"], "-q", "1", "-l", "-t", self.topic,
                     "--will-topic", self.topic, "--will-payload", '{"will":true}', "--will-qos", "1"]
        self.args += ["--will-retain"] if retain else []
        self.process = None

    def says(self):
        if not self.process:
            self.process = subprocess.Popen(self.args, stdin=subprocess.PIPE, text=True)
        self.count += 1
        self.process.stdin.write('{"count":%d,"firmware":"3.2.1"}\n' % self.count)
        self.process.stdin.flush()

    def breaks(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process = None

    def leaves(self):
        """With a goodbye: no will."""
        if self.process:
            self.process.stdin.close()
            self.process.wait(60)


@unittest.skipUnless(os.path.exists(PLUGIN), "mosquitto's dynamic security plugin is not installed")
class Outage(KitCase):
    def kit(self, serial, patient, network="LTE-M", gateway="", **more):
        one = self.post("/fleet", {"model": "hub-h2", "serial": serial, "network": network, "gateway": gateway})
        for state in ("shipped", "delivered"):
            self.post(f"/fleet/{one['id']}/state", {"state": state, "patient": patient}, 200, "agent")
        code = self.post(f"/fleet/{one['id']}/code")["code"]
        keys = self.post("/fleet/provision", {"code": code}, user=None)
        self.line(keys).close()  # the broker knows the account
        kit = Kit(self.house, one["id"], keys, **more)
        self.addCleanup(kit.leaves)
        kit.says()
        wait_for(lambda: self.health(kit).get("heard"), "its first word")
        return kit

    def health(self, kit):
        return self.get(f"/fleet/{kit.id}")["health"]

    def problems(self, kit):
        return self.health(kit)["problems"]

    def broken(self, kit):
        return wait_for(lambda: self.health(kit).get("broken"), "the broker to say that it is gone")

    def supports(self, patient):
        return [t for t in self.cases(patient) if t["groupIdentifier"]["value"] == "device-support"]

    def jump(self, seconds=STEP):
        self.house.stop(signal.SIGKILL)
        self.clock.offset += seconds
        self.house.tokens = {}
        self.house.start()

    def until(self, wanted, what, seconds=STEP):
        """The house goes on, step by step, until it is so."""
        for _ in range(12):
            self.jump(seconds)
            try:
                return wait_for(wanted, what, timeout=10)
            except AssertionError:
                pass
        return wait_for(wanted, what)

    def storms(self, network):
        return [t for t in self.found("/fhir/Task?code=https://weft.health/fhir/task-code%7Ctechnical&_count=100"
                                      "&status=requested,in-progress,on-hold", "agent")
                if t["groupIdentifier"]["value"].startswith("device-storm/") and f"({network})" in t["description"]]

    def test_a_line_that_breaks_and_stays_broken(self):
        back, away = self.kit("L-1", "p0003", retain=True), self.kit("L-2", "p0004")
        heard = self.health(away)["heard"]
        for kit in (back, away):
            kit.breaks()
            self.broken(kit)
        self.assertEqual(heard, self.health(away)["heard"], "a will is no word of the device's")
        self.assertEqual([], self.problems(away))
        back.says()
        wait_for(lambda: "broken" not in self.health(back), "it to be back")
        case = self.until(lambda: self.supports("p0004"), "the technical case")[0]
        self.assertIn("L-2: its line broke", case["description"])
        self.assertIn("Its connection broke without a goodbye", case["description"])
        self.assertEqual("technical", case["code"]["coding"][1]["code"])
        self.assertEqual(["DEV-LWT"], self.problems(away))
        self.assertEqual([], self.found("/fhir/CommunicationRequest?patient=Patient/p0004&category=device-help"))
        # Who was back in time is no case; nor what the broker kept of its will, said again at each start of the house.
        back.says()
        wait_for(lambda: back.count and self.health(back)["heard"] > heard, "its word")
        self.assertEqual(([], []), (self.supports("p0003"), self.problems(back)))
        away.says()
        wait_for(lambda: self.problems(away) == [], "it to be well")

    def test_one_outage_is_one_incident(self):
        patients = [f"p00{n:02}" for n in range(10, 17)]
        kits = [self.kit(f"N-{p}", p, "Lake-LTE") for p in patients[:6]]
        other = self.kit("N-other", patients[6], "Hill-LTE")
        for kit in kits:
            kit.breaks()
        for kit in kits:
            self.broken(kit)
        one, = self.until(lambda: self.storms("Lake-LTE"), "the incident")
        self.assertIn("One outage: 6 of 6 devices on one network (Lake-LTE)", one["description"])
        self.assertEqual("FLEET-STORM", one["reasonCode"]["text"])
        self.assertNotIn("for", one)
        for kit in kits:
            wait_for(lambda kit=kit: "FLEET-STORM" in self.problems(kit), "it to be part of it")
        # Another breaks that shares nothing of it but the model: a matter of its own.
        other.breaks()
        self.broken(other)
        self.until(lambda: self.supports(patients[6]), "its own case")
        self.assertEqual(1, len(self.storms("Lake-LTE")))
        for p in patients[:6]:
            self.assertEqual([], self.supports(p))
            self.assertEqual([], self.found(f"/fhir/CommunicationRequest?patient=Patient/{p}&category=device-help"))
        for kit in kits[:-1]:
            kit.says()
            wait_for(lambda kit=kit: self.problems(kit) == [], "it to be back")
        self.assertNotIn("over", self.storms("Lake-LTE")[0]["description"])
        # A person closes it; the one that is still away is a matter of its own from now on.
        self.post(f"/fhir/Task/{one['id']}/$claim", status=200, user="agent")
        self.post(f"/fhir/Task/{one['id']}/$resolve", {"outcome": "device-problem", "note": "it is back"},
                  200, "agent")
        case = self.until(lambda: self.supports(patients[5]), "its own case", 3700)[0]
        self.assertIn("N-p0015: its line broke", case["description"])
        self.assertEqual([], self.storms("Lake-LTE"))

    def person(self, **address):
        """A patient who lives there."""
        body = {"resourceType": "Patient", "name": [{"given": ["Out"], "family": "Age"}], "address": [address]}
        return self.expect(201, self.call("POST", "/fhir/Patient", body, "agent")).json["id"]

    def breaks(self, kits, shared):
        """They break at once; the one incident, and nothing of each."""
        for kit in kits:
            kit.breaks()
        for kit in kits:
            self.broken(kit)
        one, = self.until(lambda: self.storms(shared), "the incident")
        for kit in kits:
            wait_for(lambda kit=kit: "FLEET-STORM" in self.problems(kit), "it to be part of it")
        return one

    def test_what_speaks_through_one_gateway(self):
        hub = self.kit("G-hub", self.person(state="RI", country="US"), "Gate-hub")
        # Each on a network of its own, in a state of its own: the gateway is all that these share, and no other.
        patients = [self.person(state=state, country="US") for state in ("AK", "HI", "ME", "VT", "WY")]
        kits = [self.kit(f"G-{n}", p, f"Gate-{n}", gateway=hub.id) for n, p in enumerate(patients)]
        self.assertEqual(hub.id, self.get(f"/fleet/{kits[0].id}")["gateway"])
        alone = self.kit("G-alone", self.person(state="AK"), "Gate-alone")
        self.expect(400, self.call("POST", "/fleet", {"model": "hub-h2", "serial": "G-none", "gateway": "none"}, "nurse"))
        one = self.breaks(kits, "G-hub")
        self.assertIn("One outage: 5 of 5 devices behind one gateway (G-hub)", one["description"])
        self.assertEqual(([], []), (self.problems(hub), self.problems(alone)))
        for p in patients:
            self.assertEqual([], self.supports(p))
        for kit in kits:
            kit.says()
        wait_for(lambda: "The outage is over: 5 devices" in self.storms("G-hub")[0]["description"], "the end of it")

    def test_what_is_in_one_region_of_another_country(self):
        # One region of the post, five towns, each written as somebody writes; and two who live elsewhere in the country.
        here = [self.person(country="DE" if n % 2 else "DEU", postalCode=f" 79{n}98", city=f"Town {n}", **{"state": "BW"} if n % 3 else {})
                for n in range(5)]
        there = [self.person(country="DE", postalCode="10115", city="Berlin") for _ in range(2)]
        kits = [self.kit(f"R-{n}", p, f"Post-{n}") for n, p in enumerate(here)]
        others = [self.kit(f"R-far-{n}", p, f"Post-far-{n}") for n, p in enumerate(there)]
        one = self.breaks(kits, "DE-79")
        self.assertIn("One outage: 5 of 5 devices in one region (DE-79)", one["description"])
        self.assertEqual([[], []], [self.problems(kit) for kit in others])
        for p in here:
            self.assertEqual([], self.supports(p))
            self.assertEqual([], self.found(f"/fhir/CommunicationRequest?patient=Patient/{p}&category=device-help"))

    def test_an_outage_ends_with_its_devices_back(self):
        patients = [f"p00{n:02}" for n in range(20, 25)]
        kits = [self.kit(f"B-{p}", p, "Bay-LTE") for p in patients]
        for kit in kits:
            kit.breaks()
        for kit in kits:
            self.broken(kit)
        self.until(lambda: self.storms("Bay-LTE"), "the incident")
        for kit in kits:
            kit.says()
        wait_for(lambda: "The outage is over: 5 devices" in self.storms("Bay-LTE")[0]["description"], "the end of it")
        for kit in kits:
            wait_for(lambda kit=kit: self.problems(kit) == [], "it to be well")


if __name__ == "__main__":
    main()
