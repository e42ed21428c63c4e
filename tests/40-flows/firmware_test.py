"""A firmware release goes out ring by ring to devices at a real broker: two people start it, what devices say is
counted, one failure too many halts it, two people let it go on; nobody is asked twice, whatever is killed."""
import hashlib
import os
import signal
import unittest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flows import main, wait_for
from kits import PLUGIN, KitCase

OWN = "https://weft.health/fhir/StructureDefinition/"
FILE = b"invented firmware"


@unittest.skipUnless(os.path.exists(PLUGIN), "mosquitto's dynamic security plugin is not installed")
class Firmware(KitCase):
    def model(self, name, implantable="no", **more):
        """A model of its own, so that a test's kits are all there are of it."""
        body = {"resourceType": "DeviceDefinition", "modelNumber": name,
                "extension": [{"url": OWN + "sbom", "valueUri": "https://elm-devices.example/x.cdx.json"},
                              {"url": OWN + "support-end", "valueDate": "2031-12-31"},
                              {"url": OWN + "patch-process", "valueString": "In rings"},
                              {"url": OWN + "implantable", "valueCode": implantable}]}
        for key, value in more.items():
            body["extension"].append({"url": OWN + key.replace("_", "-"), "valueString": value})
        return self.expect(201, self.call("POST", "/fhir/DeviceDefinition", body, "admin")).json["id"]

    def kits(self, model, n, patient="p0008"):
        """Opened, each with its line to the broker; in the order in which they are asked."""
        found = {}
        for i in range(n):
            one = self.post("/fleet", {"model": model, "serial": f"{model}-{i}"})
            for state in ("shipped", "delivered"):
                self.post(f"/fleet/{one['id']}/state", {"state": state, "patient": patient}, 200, "agent")
            code = self.post(f"/fleet/{one['id']}/code")["code"]
            found[one["id"]] = self.post("/fleet/provision", {"code": code}, user=None)
        place = lambda id: hashlib.blake2b(id.encode(), digest_size=16).digest()[:8]
        return [(id, found[id]) for id in sorted(found, key=place)]

    def release(self, of, version="2.0.0", status=201, user="admin", **more):
        body = {"model": of, "version": version, "digest": hashlib.sha256(FILE).hexdigest(),
                "url": f"https://elm-devices.example/{version}.bin", "size": len(FILE), "notes": "Mends the radio."}
        return self.post("/fleet/firmware", {**body, **more}, status, user)

    def move(self, id, step, status=200, user="nurse", **more):
        return self.expect(status, self.call("POST", f"/fleet/firmware/{id}/{step}", more, user)).json

    def shown(self, id):
        return self.get(f"/fleet/firmware/{id}")

    def ring(self, id, n=0):
        return self.shown(id)["rings"][n]

    def states(self, id):
        return {d["id"]: d["state"] for d in self.shown(id)["devices"]}

    def asked(self, device):
        return [c for c in self.get(f"/fleet/{device}")["commands"] if c["kind"] == "update"]

    def updated(self, keys, state="done", **more):
        """It wakes, takes what is for it, and says what came of it."""
        line = self.wakes(keys)
        name, message = self.told(line, 0)
        said = self.claims(message.decode(), keys)
        self.answer(line, keys, name, "accepted")
        self.answer(line, keys, name, state, **more)
        line.close()
        return said

    def later(self, hours):
        """The house goes on, hours later, having been killed."""
        self.house.stop(signal.SIGKILL)
        self.clock.offset += hours * 3600
        self.house.tokens = {}
        self.house.start()

    def test_ring_by_ring_and_nobody_twice(self):
        model = self.model("RING")
        kits = self.kits(model, 4)
        one = self.release(model)
        self.assertEqual(("waiting", 4), (one["state"], len(one["rings"])))
        self.assertEqual(["approve", "refuse", "withdraw"], self.shown(one["id"])["may"])  # a nurse's
        self.move(one["id"], "approve", 403, "admin")  # who asked is not the second person
        self.move(one["id"], "approve", 403, "agent")
        self.assertEqual("running", self.move(one["id"], "approve")["state"])
        self.release(model, "2.0.1", 409)
        first, rest = kits[0], kits[1:]
        wait_for(lambda: self.states(one["id"]).get(first[0]) == "sent", "the first ring's command")
        said = self.updated(first[1])
        self.assertEqual(("update", "2.0.0", "sha256:" + hashlib.sha256(FILE).hexdigest(), len(FILE)),
                         (said["cmd"], said["args"]["version"], said["args"]["digest"], said["args"]["size"]))
        wait_for(lambda: self.ring(one["id"])["done"] == 1, "its answer")
        self.assertEqual([first[0]], list(self.states(one["id"])))
        self.later(47)  # not yet
        self.assertEqual("open", self.ring(one["id"])["state"])
        self.later(2)
        wait_for(lambda: self.ring(one["id"])["state"] == "passed", "the first ring to pass")
        # A tenth of four is the one that did it already: nobody is asked there, the half is next.
        wait_for(lambda: self.states(one["id"]).get(rest[0][0]) == "sent", "the half's command")
        self.assertEqual({first[0], rest[0][0]}, set(self.states(one["id"])))
        self.updated(rest[0][1])
        wait_for(lambda: self.ring(one["id"], 2)["done"] == 1, "its answer")
        self.later(73)
        wait_for(lambda: len(self.states(one["id"])) == 4, "the last ring's commands")
        self.updated(rest[1][1])
        line = self.wakes(rest[2][1])  # its word was lost on the way; what it runs is one, too
        self.told(line, 0)
        line.publish(f"weft/v1/{rest[2][1]['user']}/status", {"firmware": "2.0.0", "count": 1})
        line.close()
        wait_for(lambda: self.ring(one["id"], 3)["done"] == 2, "their answers")
        self.later(337)
        wait_for(lambda: self.shown(one["id"])["state"] == "done", "the release to end")
        self.assertEqual([1, 0, 1, 2], [r["asked"] for r in self.shown(one["id"])["rings"]])
        for id, _ in kits:
            self.assertEqual(1, len(self.asked(id)))
        self.release(model, "2.0.1")

    def test_r508_a_ring_learns_from_somebody_before_it_passes(self):
        """The first in order runs it already: the next takes its place, and nobody else is asked."""
        model = self.model("PLACE")
        kits = self.kits(model, 5)
        line = self.wakes(kits[0][1])
        line.publish(f"weft/v1/{kits[0][1]['user']}/status", {"firmware": "2.0.0", "count": 1})
        line.close()
        wait_for(lambda: self.get(f"/fleet/{kits[0][0]}").get("firmware") == "2.0.0", "its word")
        one = self.release(model)
        self.move(one["id"], "approve")
        wait_for(lambda: self.states(one["id"]).get(kits[1][0]) == "sent", "the next one's command")
        self.later(49)
        self.assertEqual("open", self.ring(one["id"])["state"])
        self.assertEqual([kits[1][0]], list(self.states(one["id"])))

    def test_one_failure_too_many_halts_it(self):
        """In the first ring one is; what waits is held back, in the broker, too; two people let it go on."""
        model = self.model("HALT")
        kits = self.kits(model, 3)
        one = self.release(model)
        self.move(one["id"], "approve")
        wait_for(lambda: self.states(one["id"]).get(kits[0][0]) == "sent", "the first ring's command")
        by_hand = self.ask(kits[1][0], "update", release=one["id"])
        self.step(by_hand, "approve")
        self.until(kits[1][0], "sent")
        self.updated(kits[0][1], "failed", reason="the checksum is wrong")
        halted = wait_for(lambda: self.shown(one["id"])["state"] == "halted" and self.shown(one["id"]), "the halt")
        self.assertEqual(("first", 1, 5), tuple(halted["halt"][k] for k in ("ring", "failed", "limit")))
        self.assertIn("NIST", halted["halt"]["citation"])
        self.assertEqual({"failed": 1}, halted["rings"][0]["signs"])
        self.until(kits[1][0], "held")
        wait_for(lambda: self.kept(kits[1][1]) == [], "the broker to forget it")
        self.assertEqual([], self.as_device(kits[1][1], "GET", "/fleet/inbox").json["commands"])
        self.ask(kits[2][0], "update", 409, release=one["id"])
        self.move(one["id"], "approve", 409)
        self.move(one["id"], "resume", 400)
        self.move(one["id"], "resume", reason="one bad cable")
        for same in ("nurse", "nurse-again"):
            self.move(one["id"], "approve", 403, same)
        self.later(1)
        self.assertEqual("resuming", self.shown(one["id"])["state"])
        self.move(one["id"], "approve", user="nurse2")
        self.until(kits[1][0], "sent")
        said = self.updated(kits[1][1])
        self.assertEqual(by_hand["id"], said["jti"])  # the same command: it is not asked twice
        self.until(kits[1][0], "done")
        self.assertEqual(1, len(self.asked(kits[0][0])))
        steps = [(s["who"], s["what"]) for s in self.shown(one["id"])["steps"]]
        self.assertEqual([("nurse", "approve"), ("weft-fleet", "halt"), ("nurse", "resume"), ("nurse2", "approve")],
                         steps)
        self.move(one["id"], "withdraw", reason="replaced")
        self.assertEqual("withdrawn", self.shown(one["id"])["state"])
        self.move(one["id"], "resume", 409, reason="x")
        task = self.get(f"/fhir/Task/{one['id']}")
        self.expect(422, self.call("PUT", f"/fhir/Task/{one['id']}", {**task, "status": "in-progress"}))

    def test_a_repeat_by_hand_counts_once(self):
        """Asked for again by a person: the ring has it once."""
        model = self.model("AGAIN")
        (id, keys), = self.kits(model, 1)
        one = self.release(model)
        self.move(one["id"], "approve")
        wait_for(lambda: self.states(one["id"]).get(id) == "sent", "the command")
        self.updated(keys)
        wait_for(lambda: self.ring(one["id"])["done"] == 1, "its answer")

        def by_hand(release, **more):
            command = self.ask(id, "update", release=release)
            self.step(command, "approve")
            self.until(id, "sent")
            said = self.updated(keys, **more)
            self.assertEqual(command["id"], said["jti"])
            self.until(id, more.get("state", "done"))
        by_hand(one["id"])
        self.assertEqual((1, 1, 0), tuple(self.ring(one["id"])[k] for k in ("asked", "done", "failed")))
        by_hand(one["id"], state="failed", reason="the power went")
        wait_for(lambda: self.shown(one["id"])["state"] == "halted", "the halt")
        self.assertEqual((1, 1, 1), tuple(self.ring(one["id"])[k] for k in ("asked", "done", "failed")))

    def test_what_is_not_well_after_it_counts(self):
        """Done by its own word, but it runs the old one; a complaint about it; more tries than before."""
        for name, show in (("OLD", self.runs_the_old_one), ("MOAN", self.complaint), ("TRIES", self.tries)):
            model = self.model(name)
            (id, keys), = self.kits(model, 1)
            one = self.release(model)
            self.move(one["id"], "approve")
            wait_for(lambda one=one, id=id: self.states(one["id"]).get(id) == "sent", "the command")
            self.updated(keys)
            wait_for(lambda one=one: self.ring(one["id"])["done"] == 1, "its answer")
            sign = show(id, keys)
            wait_for(lambda one=one: self.shown(one["id"])["state"] == "halted", f"the halt ({name})")
            self.assertEqual({sign: 1}, self.ring(one["id"])["signs"])

    def test_taken_and_not_done(self):
        """DEV-FW-STUCK: it counts as failed after its hours; a day after it was taken support has a case."""
        model = self.model("STUCK")
        (id, keys), = self.kits(model, 1, "p0017")
        one = self.release(model)
        self.move(one["id"], "approve")
        line = self.wakes(keys)
        name, _ = self.told(line, 0)
        self.answer(line, keys, name, "accepted")
        self.until(id, "accepted")
        line.close()
        self.later(7)
        self.until(id, "failed")
        wait_for(lambda: self.shown(one["id"])["state"] == "halted", "the halt")
        self.assertNotIn("DEV-FW-STUCK", self.get(f"/fleet/{id}")["health"]["problems"])
        self.later(18)
        case = self.case("p0017", lambda t: "took an update" in t["description"])
        self.assertEqual("device-support", case["groupIdentifier"]["value"])
        self.assertIn("leave the kit plugged in", case["description"])
        self.assertIn("DEV-FW-STUCK", self.get(f"/fleet/{id}")["health"]["problems"])
        self.says(keys, firmware="2.0.0", count=1)
        wait_for(lambda: "DEV-FW-STUCK" not in self.get(f"/fleet/{id}")["health"]["problems"], "it to be done")

    def says(self, keys, **state):
        line = self.line(keys)
        line.publish(f"weft/v1/{keys['user']}/status", state)
        line.close()

    def runs_the_old_one(self, id, keys):
        self.says(keys, firmware="1.9.9", count=1)
        return "version"

    def complaint(self, id, keys):
        self.post("/complaints", {"patient": "p0008", "device": id, "words": "Since the update it shows nothing."})
        return "complaint"

    def tries(self, id, keys):
        self.says(keys, firmware="2.0.0", retries=9, count=1)
        return "DEV-RETRY"

    def test_who_may_and_what_is_a_release(self):
        model = self.model("WHO")
        for user in ("agent", "outreach", "privacy", "patient"):
            self.release(model, status=403, user=user)
        self.expect(200, self.call("GET", "/fleet/firmware", user="agent"))
        self.expect(403, self.call("GET", "/fleet/firmware", user="outreach"))
        for bad in ({"digest": "x"}, {"url": "http://elm-devices.example/x"}, {"size": 0}, {"version": "2 0"},
                    {"model": "a/b"}, {"signature": "ab"}, {"notes": "x" * 2001}):
            self.release(model, status=400, **bad)
        one = self.release(model)
        self.assertEqual("refused", self.move(one["id"], "refuse", reason="not tried in the clinic")["state"])
        self.move(one["id"], "melt", 404)
        self.expect(404, self.call("GET", "/fleet/firmware/none"))

    def test_the_maker_s_signature_is_asked_for(self):
        key = Ed25519PrivateKey.generate()
        model = self.model("KEY", firmware_key=key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex())
        digest = hashlib.sha256(FILE).hexdigest()
        sign = lambda version: key.sign(f"{model}\n{version}\n{digest}".encode()).hex()
        self.release(model, status=422)
        self.release(model, status=422, signature=sign("1.0.0"))  # of another version
        self.assertEqual("waiting", self.release(model, signature=sign("2.0.0"))["state"])

    def test_an_implant_s_is_its_maker_s_only(self):
        for said, status in (("yes", 403), ("perhaps", 422)):
            self.release(self.model("IMP" + said, said), status=status)


if __name__ == "__main__":
    main()
