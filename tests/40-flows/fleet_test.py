"""Connected devices: registered, shipped, let in by a code that works once, given new keys, and shut out at once
by REST, by the broker and by MQTT when one is revoked. The broker is mosquitto with its own account plugin."""
import os
import signal
import threading
import unittest
import urllib.parse

from flows import Mqtt, main, reading, wait_for
from kits import PLUGIN, KitCase


@unittest.skipUnless(os.path.exists(PLUGIN), "mosquitto's dynamic security plugin is not installed")
class Fleet(KitCase):
    def test_from_the_shelf_to_the_patient_and_back(self):
        one = self.registered("A-1")
        self.assertEqual(("stock", "H2", ["shipped", "revoked"]), (one["state"], one["model"], one["next"]))
        self.expect(409, self.call("POST", "/fleet", {"model": "hub-h2", "serial": "A-1"}))
        path = f"/fleet/{one['id']}/state"
        self.expect(400, self.call("POST", path, {"state": "shipped"}, "agent"))
        self.expect(409, self.call("POST", path, {"state": "delivered"}, "agent"))
        self.post(path, {"state": "shipped", "patient": "p0007", "tracking": "1Z-9"}, 200, "agent")
        self.assertEqual("in-progress", self.found("/fhir/SupplyDelivery?patient=Patient/p0007")[0]["status"])
        there = self.post(path, {"state": "delivered"}, 200, "agent")
        self.assertEqual([("completed", "1Z-9")], [(s["status"], s["tracking"]) for s in there["supply"]])
        self.expect(403, self.call("POST", path, {"state": "revoked", "reason": "x"}, "agent"))
        self.expect(400, self.call("POST", path, {"state": "lost"}, "agent"))
        self.post(path, {"state": "returned"}, 200, "agent")
        gone = self.post(path, {"state": "wiped"}, 200)
        self.assertEqual(["stock", "shipped", "delivered", "returned", "wiped"], [h["state"] for h in gone["history"]])
        again = [d for d in self.get("/fleet?state=stock")["devices"] if d["serial"] == "A-1"]
        self.assertEqual(1, len(again))
        self.assertNotIn("patient", again[0])
        self.assertNotEqual(one["id"], again[0]["id"])

    def test_who_may(self):
        for user, status in (("nurse", 200), ("agent", 200), ("admin", 200), ("outreach", 403), ("privacy", 403),
                             ("patient", 403)):
            self.assertEqual(status, self.call("GET", "/fleet", user=user).status, user)
        rows = self.get("/fleet", "admin")["devices"]
        self.assertFalse([d for d in rows if "patientName" in d], "an administrator reads no patient")
        self.assertTrue([d for d in self.get("/fleet")["devices"] if "patientName" in d])
        self.expect(400, self.call("GET", "/fleet?state=x"))
        bare = self.expect(201, self.call("POST", "/fhir/DeviceDefinition", {
            "resourceType": "DeviceDefinition", "modelNumber": "X1"}, "admin")).json
        self.expect(422, self.call("POST", "/fleet", {"model": bare["id"], "serial": "X"}), "DEV-11")

    def test_a_code_works_once(self):
        one = self.shipped("B-1")
        path = f"/fleet/{one['id']}/code"
        self.expect(403, self.call("POST", path, {}, "agent"))
        first = self.post(path)["code"]
        code = self.post(path)["code"]
        for bad in (first, "0" * 16, ""):
            self.expect(401, self.call("POST", "/fleet/provision", {"code": bad}, None))
        self.post("/fleet/provision", {"code": code}, user=None)
        self.expect(401, self.call("POST", "/fleet/provision", {"code": code}, None))
        self.assertEqual("active", self.get(f"/fleet/{one['id']}")["state"])

    def test_new_keys_end_the_old_ones(self):
        _, keys = self.opened("C-1")
        o = reading("pulse", 71, self.clock.stamp(30), "p0005")
        self.expect(201, self.as_device(keys, "POST", "/fhir/Observation", o))
        self.line(keys).close()
        self.expect(403, self.call("POST", "/fleet/rotate", {}))
        new = self.expect(201, self.as_device(keys, "POST", "/fleet/rotate", {})).json
        self.expect(401, self.as_device(keys, "POST", "/fhir/Observation", o))
        o["effectiveDateTime"] = self.clock.stamp(20)
        self.expect(201, self.as_device(new, "POST", "/fhir/Observation", o))
        self.line(new).close()
        with self.assertRaises(PermissionError):
            Mqtt(self.house.broker.port, keys["mqtt"]["user"], keys["mqtt"]["password"])

    def test_a_revoked_device_is_out_at_once(self):
        """Its next request, its open connection, its next connection and, were it to get a word in, its message."""
        id, keys = self.opened("D-1")
        line = self.line(keys)
        at = self.clock.stamp(15)
        line.publish(f"weft/v1/{keys['user']}/observation", reading("pulse", 66, at))
        wait_for(lambda: self.found(f"/fhir/Observation?subject=Patient/p0005&date={at}"), "the reading")
        self.post(f"/fleet/{id}/state", {"state": "revoked", "reason": "stolen"}, 200)
        self.expect(401, self.as_device(keys, "POST", "/fhir/Observation", reading("pulse", 67, at, "p0005")))
        wait_for(lambda: line.closed, "the broker to throw it out")
        with self.assertRaises(PermissionError):
            Mqtt(self.house.broker.port, keys["mqtt"]["user"], keys["mqtt"]["password"])
        server = Mqtt(self.house.broker.port, "weft-server", self.house.demo["broker"], client="forger")
        late = self.clock.stamp(5)
        server.publish(f"weft/v1/{keys['user']}/observation", reading("pulse", 68, late))
        _, other = self.opened("D-2", "p0006")
        after = self.line(other)
        own = self.clock.stamp(4)
        after.publish(f"weft/v1/{other['user']}/observation", reading("pulse", 69, own))
        wait_for(lambda: self.found(f"/fhir/Observation?subject=Patient/p0006&date={own}"), "the other's reading")
        self.assertEqual([], self.found(f"/fhir/Observation?subject=Patient/p0005&date={late}"))
        self.expect(409, self.call("POST", f"/fleet/{id}/code", {}))
        for l in (server, after):
            l.close()

    def test_r331_an_account_is_a_device_s_only_when_it_says_so(self):
        """Who may write Devices took over, or closed, any account by naming it in one."""
        victim, keys = self.opened("R-1", "p0008")
        bad = ("nurse", "weft-server", keys["user"], 'kit-x","a":"')
        for name in bad:
            own = self.expect(201, self.call("POST", "/fhir/Device", {
                "resourceType": "Device", "status": "active", "patient": {"reference": "Patient/p0009"},
                "identifier": [{"system": "https://weft.health/fhir/device-account", "value": name}]})).json
            self.expect(422, self.call("POST", f"/fleet/{own['id']}/code", {}))
            self.expect(422, self.call("POST", f"/fleet/{own['id']}/certificate", {"fingerprint": "ab" * 32}))
            self.post(f"/fleet/{own['id']}/state", {"state": "revoked", "reason": "x"}, 200)
        self.get("/fleet")
        self.expect(201, self.as_device(keys, "POST", "/fhir/Observation",
                                        reading("pulse", 70, self.clock.stamp(9), "p0008")))
        self.line(keys).close()
        self.assertEqual("active", self.get(f"/fleet/{victim}")["state"])

    def test_r332_revoked_while_it_changes_its_keys(self):
        """Its account was opened again when the two met."""
        for n in range(3):
            id, keys = self.opened(f"S-{n}", "p0009")
            last, begun = [keys], threading.Event()

            def change():
                while True:
                    a = self.as_device(last[-1], "POST", "/fleet/rotate", {})
                    begun.set()
                    if a.status != 201:
                        return
                    last.append(a.json)
            rotating = threading.Thread(target=change)
            rotating.start()
            begun.wait(60)
            self.post(f"/fleet/{id}/state", {"state": "revoked", "reason": "stolen"}, 200)
            rotating.join(60)
            self.assertFalse(rotating.is_alive(), "a revoked device still gets keys")
            for old in last[-2:]:
                self.expect(401, self.as_device(old, "POST", "/fleet/rotate", {}))
        self.expect(404, self.post_to_nobody())

    def post_to_nobody(self):
        one = self.registered("S-9")
        return self.call("POST", f"/fleet/{one['id']}/state", {"state": "shipped", "patient": "nobody"}, "agent")

    def test_r333_what_a_device_says_hurts_itself_alone(self):
        """Letters cut in two, the same state delivered twice, a reading in another's name."""
        id, keys = self.opened("T-1", "p0008")
        other, others = self.opened("T-2", "p0009")
        line, second = self.line(keys), self.line(others)
        o = reading("pulse", 71, self.clock.stamp(3), "p0008")
        self.expect(201, self.call("POST", "/fhir/Observation", {**o, "device": {"reference": f"Device/{other}"}}))
        state = {"firmware": "v" + "é" * 30, "serial": "T-1", "count": 1, "time": self.clock.stamp()}
        for _ in range(2):
            line.publish(f"weft/v1/{keys['user']}/status", state)
        self.expect(201, self.as_device(keys, "POST", "/fhir/Observation",
                                        reading("pulse", 72, self.clock.stamp(2), "p0008")))
        wait_for(lambda: self.get(f"/fleet/{id}").get("firmware"), "the firmware")
        self.assertEqual("v" + "é" * 19, self.get(f"/fleet/{id}")["firmware"])
        self.assertNotIn("heard", self.get(f"/fleet/{other}")["health"])
        second.publish(f"weft/v1/{others['user']}/status", {"serial": "T-2", "count": 1})
        wait_for(lambda: self.get(f"/fleet/{other}")["health"].get("heard"), "the other")
        self.assertNotIn("DEV-IDSWAP", self.get(f"/fleet/{id}")["health"]["problems"])
        line.publish(f"weft/v1/{keys['user']}/status", {"serial": "T-1", "count": 1})
        wait_for(lambda: "DEV-IDSWAP" in self.get(f"/fleet/{id}")["health"]["problems"], "an impostor")
        for l in (line, second):
            l.close()

    def test_a_device_problem_is_support_s_never_a_nurse_s(self):
        """It says how it is: one technical case with a script, and a text to the patient by the rulebook."""
        id, keys = self.opened("E-1", "p0003")
        line = self.line(keys)
        line.publish(f"weft/v1/{keys['user']}/status", {"battery": 9, "firmware": "3.1.0", "serial": "E-1",
                                                        "time": self.clock.stamp(-600), "count": 1})
        case = self.case("p0003", lambda t: t["groupIdentifier"]["value"] == "device-support")
        self.assertEqual("technical", case["code"]["coding"][1]["code"])
        for words in ("E-1: battery at 9 %.", "older than the least", "Ask the patient to charge"):
            self.assertIn(words, case["description"])
        seen = self.get(f"/fleet/{id}")
        self.assertEqual(("3.1.0", 9, {"DEV-BATT-20", "DEV-BATT-10", "DEV-FW-OLD", "DEV-CLOCK"}),
                         (seen["firmware"], seen["health"]["battery"], set(seen["health"]["problems"])))
        only = self.found("/fhir/Task?patient=Patient/p0003&code=https://weft.health/fhir/task-code%7Ccase"
                          "&code:not=https://weft.health/fhir/task-code%7Ctechnical")
        self.assertNotIn(case["id"], [t["id"] for t in only])
        asked = "/fhir/CommunicationRequest?patient=Patient/p0003&category=device-help"
        done = wait_for(lambda: [r for r in self.found(asked) if r["status"] in ("completed", "revoked")], "the text")
        self.assertEqual(1, len(done))
        if done[0]["status"] == "completed":
            texts = [p["contentString"] for c in self.found("/fhir/Communication?patient=Patient/p0003")
                     for p in c["payload"]]
            self.assertTrue([x for x in texts if "charge it today" in x], texts)
        line.publish(f"weft/v1/{keys['user']}/status", {"battery": 90, "firmware": "3.2.1", "serial": "E-1", "count": 2,
                                                        "time": self.clock.stamp()})
        wait_for(lambda: self.get(f"/fleet/{id}")["health"]["problems"] == [], "no problem")
        line.publish(f"weft/v1/{keys['user']}/status", {"serial": "Z-9", "count": 1})
        wait_for(lambda: self.get(f"/fleet/{id}")["health"]["problems"] == ["DEV-IDSWAP"], "an impostor")
        line.close()

    # ---- commands ----

    def test_a_command_waits_for_the_device_to_wake(self):
        """Signed, with an end; delivered when it wakes, also after the server was killed; told twice, done once."""
        id, keys = self.opened("K-1")
        one = self.ask(id, "restart")
        self.assertEqual(("restart", "nurse", ["withdraw"]), (one["kind"], one["by"], one["may"]))
        self.ask(id, "restart", 409)
        self.until(id, "sent")
        self.house.stop(signal.SIGKILL)
        self.house.start()
        line = self.wakes(keys)
        name, message = self.told(line, 0)
        said = self.claims(message.decode(), keys)
        self.assertEqual((name, f"Device/{id}", "restart", {}), (said["jti"], said["sub"], said["cmd"], said["args"]))
        self.assertEqual(24 * 3600, said["exp"] - said["iat"])
        for state in ("accepted", "accepted", "done", "done", "accepted"):
            self.answer(line, keys, name, state)
        self.until(id, "done")
        line.close()
        wait_for(lambda: self.kept(keys) == [], "the broker to forget it")
        line = self.wakes(keys)
        two = self.ask(id, "restart")
        other, message = self.told(line, 0)
        self.assertEqual(two["id"], other)
        self.answer(line, keys, other, "failed", reason="the battery is low")
        failed = self.until(id, "failed")
        self.assertEqual("the battery is low", failed["reason"])
        self.assertEqual("done", self.command(id, 1)["state"])
        line.close()

    def test_risky_ones_need_two_people(self):
        id, keys = self.opened("K-2", "p0006")
        self.ask(id, "schedule", 403, "admin", times=["08:00"])
        for times in ([], ["8:00"], ["24:00"], ["08:00"] * 7, "08:00"):
            self.ask(id, "schedule", 400, times=times)
        self.ask(id, "melt", 400)
        one = self.ask(id, "schedule", times=["08:00", "20:00"])
        self.assertEqual(("waiting", ["refuse", "withdraw"]), (one["state"], one["may"]))
        self.assertIn(one["id"], [w["id"] for w in self.get("/fleet", "nurse2")["waiting"]])
        self.step(one, "approve", 403, "nurse")
        self.step(one, "approve", 403, "agent")
        self.step(one, "approve", 403, "nurse-again")
        listed = {w["id"]: w["may"] for w in self.get("/fleet", "nurse-again")["waiting"]}
        self.assertNotIn("approve", listed[one["id"]])
        self.assertEqual([], self.as_device(keys, "GET", "/fleet/inbox").json["commands"])
        self.expect(404, self.as_device(keys, "POST", f"/fleet/inbox/{one['id']}", {"state": "done"}))
        self.step(one, "approve")
        self.step(one, "approve", 409)
        self.until(id, "sent")
        got = self.expect(200, self.as_device(keys, "GET", "/fleet/inbox")).json["commands"]
        self.assertEqual(["08:00", "20:00"], self.claims(got[0]["message"], keys)["args"]["times"])
        self.expect(200, self.as_device(keys, "POST", f"/fleet/inbox/{got[0]['id']}", {"state": "accepted"}))
        self.assertEqual([], self.as_device(keys, "GET", "/fleet/inbox").json["commands"])
        self.expect(200, self.as_device(keys, "POST", f"/fleet/inbox/{got[0]['id']}", {"state": "done"}))
        self.expect(400, self.as_device(keys, "POST", f"/fleet/inbox/{got[0]['id']}", {"state": "sent"}))
        self.assertEqual(("done", "nurse2"), (self.command(id)["state"], self.command(id)["approver"]))
        two = self.ask(id, "schedule", times=["09:00"])
        self.step(two, "refuse", reason="not agreed")
        self.assertEqual(("refused", "not agreed"), (self.command(id)["state"], self.command(id)["reason"]))
        self.step(self.ask(id, "restart"), "withdraw")
        self.until(id, "withdrawn")
        wait_for(lambda: self.kept(keys) == [], "the broker to forget it")

    def test_the_contact_centre_reads_only(self):
        id, _ = self.opened("K-3", "p0007")
        self.ask(id, "restart", 403, "agent")
        self.assertIn("Nobody may control a device", self.ask(id, "schedule", 403, "agent", times=["08:00"]).text())
        self.assertEqual("sync", self.ask(id, "sync", user="agent")["kind"])
        for user in ("outreach", "privacy", "patient"):
            self.ask(id, "sync", 403, user)
        self.ask("kit-1", "sync", 409)

    def test_a_device_hears_and_answers_its_own_only(self):
        id, keys = self.opened("K-4", "p0008")
        other, others = self.opened("K-5", "p0009")
        one = self.ask(id, "restart")
        self.until(id, "sent")
        ear = self.wakes(others, keys["user"])
        ear.publish(f"weft/v1/{keys['user']}/ack", {"id": one["id"], "state": "done"})  # in another's name
        ear.publish(f"weft/v1/{others['user']}/ack", {"id": one["id"], "state": "done"})  # not its own
        self.expect(404, self.as_device(others, "POST", f"/fleet/inbox/{one['id']}", {"state": "done"}))
        self.assertEqual([], self.as_device(others, "GET", "/fleet/inbox").json["commands"])
        self.expect(403, self.call("GET", "/fleet/inbox"))
        two = self.ask(other, "restart")
        self.until(other, "sent")
        self.answer(ear, others, two["id"], "done")
        self.until(other, "done")
        self.assertEqual([], self.commands(ear))
        self.assertEqual("sent", self.command(id)["state"])
        task = self.get(f"/fhir/Task/{one['id']}")
        self.expect(422, self.call("PUT", f"/fhir/Task/{one['id']}", {**task, "status": "completed"}))
        forged = {k: v for k, v in task.items() if k not in ("id", "meta")}
        self.expect(422, self.call("POST", "/fhir/Task", forged))
        ear.close()

    def test_a_device_in_use_no_more_gets_none(self):
        id, keys = self.opened("K-6", "p0008")
        self.ask(id, "restart")
        self.ask(id, "schedule", times=["08:00"])
        self.until(id, "sent", n=1)
        self.post(f"/fleet/{id}/state", {"state": "lost", "reason": "not found"}, 200)
        wait_for(lambda: [c["state"] for c in self.get(f"/fleet/{id}")["commands"]] == ["closed", "closed"],
                 "both to end")
        self.ask(id, "restart", 409)
        self.expect(401, self.as_device(keys, "GET", "/fleet/inbox"))

    def test_never_to_an_implant_but_by_its_maker(self):
        """The model's file says what it is; what a Device says of itself counts only as it was registered."""
        maker = self.expect(201, self.call("POST", "/fhir/Organization", {
            "resourceType": "Organization", "name": "Elm Devices"}, "admin")).json
        own = "https://weft.health/fhir/StructureDefinition/"
        model = {"resourceType": "DeviceDefinition", "modelNumber": "I1",
                 "manufacturerReference": {"reference": f"Organization/{maker['id']}"},
                 "extension": [{"url": own + "sbom", "valueUri": "https://elm-devices.example/i1.cdx.json"},
                               {"url": own + "support-end", "valueDate": "2031-12-31"},
                               {"url": own + "patch-process", "valueString": "In the clinic"}]}
        model = self.expect(201, self.call("POST", "/fhir/DeviceDefinition", model, "admin")).json
        one = self.post("/fleet", {"model": model["id"], "serial": "I-1"})
        for state in ("shipped", "delivered"):
            self.post(f"/fleet/{one['id']}/state", {"state": state, "patient": "p0009"}, 200, "agent")
        self.post("/fleet/provision", {"code": self.post(f"/fleet/{one['id']}/code")["code"]}, user=None)
        self.ask(one["id"], "sync", 422)  # it does not say
        model["extension"].append({"url": own + "implantable", "valueCode": "yes"})
        self.expect(200, self.call("PUT", f"/fhir/DeviceDefinition/{model['id']}", model, "admin"))
        for kind in ("sync", "restart"):
            self.ask(one["id"], kind, 403)
        device = self.get(f"/fhir/Device/{one['id']}")
        device["definition"] = {"reference": "DeviceDefinition/hub-h2"}
        device = self.expect(200, self.call("PUT", f"/fhir/Device/{one['id']}", device)).json
        self.ask(one["id"], "sync", 422)
        device["definition"] = {"reference": f"DeviceDefinition/{model['id']}"}
        self.expect(200, self.call("PUT", f"/fhir/Device/{one['id']}", device))
        self.expect(201, self.call("POST", "/fhir/PractitionerRole", {
            "resourceType": "PractitionerRole", "active": True,
            "practitioner": {"reference": "Practitioner/nurse"},
            "organization": {"reference": f"Organization/{maker['id']}"},
            "code": [{"coding": [{"system": "https://weft.health/fhir/service-role", "code": "device-service"}]}]},
            "admin"))
        self.ask(one["id"], "sync", 403, "nurse2")
        asked = self.ask(one["id"], "sync")
        self.assertEqual("waiting", asked["state"])  # of an implant each needs two
        self.step(asked, "approve", 403, "nurse")
        self.step(asked, "approve", 200, "nurse2")
        self.until(one["id"], "sent")

    def test_zz_a_command_ends_by_itself(self):
        """The last of the class: its clock goes on by a day."""
        id, keys = self.opened("K-7", "p0008")
        other, others = self.opened("K-8", "p0009")
        self.ask(id, "restart")
        self.until(id, "sent")
        taken = self.ask(other, "restart")
        self.expect(200, self.as_device(others, "POST", f"/fleet/inbox/{taken['id']}", {"state": "accepted"}))
        self.house.stop()
        self.clock.offset += 25 * 3600
        self.house.tokens = {}
        self.house.start()
        self.until(id, "expired")
        self.assertEqual("no-answer", self.until(other, "failed")["reason"])
        for state in ("done", "failed"):  # R400: what the device did is true also when we had given it up
            self.expect(200, self.as_device(others, "POST", f"/fleet/inbox/{taken['id']}", {"state": state}))
        self.assertEqual("done", self.command(other)["state"])
        wait_for(lambda: self.kept(keys) == [], "the broker to forget it")
        self.assertEqual([], self.as_device(keys, "GET", "/fleet/inbox").json["commands"])

    def complaints(self, patient, user="nurse"):
        return [c for c in self.get("/complaints", user)["complaints"] if c.get("patient") == patient]

    @staticmethod
    def programme(task):
        return task.get("groupIdentifier", {}).get("value")

    @staticmethod
    def running(c):
        return {k["rule"]: k for k in c["clocks"] if k["status"] == "requested"}

    def test_a_device_that_was_opened_complains_of_itself(self):
        """Tampering is a complaint with its clocks, of the device, and of its security; said again, it joins."""
        id, keys = self.opened("U-1", "p0004")
        line = self.line(keys)
        line.publish(f"weft/v1/{keys['user']}/status", {"serial": "U-1", "count": 1, "tamper": True})
        one, = wait_for(lambda: self.complaints("p0004"), "the complaint")
        self.assertEqual(("device", id, True), (one["source"], one["device"], one["cyber"]))
        line.publish(f"weft/v1/{keys['user']}/status", {"serial": "Z-2", "count": 2, "tamper": True})
        wait_for(lambda: len(self.complaints("p0004")[0]["told"]) == 2, "the second allegation")
        line.close()
        clocks = self.running(self.get(f"/complaints/{one['id']}"))
        self.assertEqual({"DEV-03", "DEV-06", "DEV-10"}, set(clocks))
        technical = self.case("p0004", lambda t: self.programme(t) == "device-support")
        self.assertEqual("technical", technical["code"]["coding"][1]["code"])

    def test_an_allegation_is_a_complaint_with_its_clocks(self):
        """Written down by an agent, judged by a nurse, closed by another; who knew when is the trail's."""
        kit = self.registered("V-1")
        told = {"patient": "p0010", "device": kit["id"], "words": "The cuff burned my arm, and now chest pain.",
                "aware": "2026-11-20T21:00:00Z"}
        self.expect(403, self.call("POST", "/complaints", told, "outreach"))
        self.expect(400, self.call("POST", "/complaints", {**told, "aware": "2099-01-01T00:00:00Z"}, "agent"))
        self.expect(400, self.call("POST", "/complaints", {"words": "whose?"}, "agent"))
        one = self.post("/complaints", told, user="agent")
        for programme in ("message-danger", "device-complaint"):
            self.case("p0010", lambda t, p=programme: self.programme(t) == p)
        path, clocks = f"/complaints/{one['id']}", self.running(one)
        self.assertEqual({"DEV-03": "2026-11-21T01:00:00.000Z",  # an emergency: four hours
                          "DEV-06": "2026-12-07T21:00:00.000Z"},  # ten work days, Thanksgiving not counted
                         {k: v["due"] for k, v in clocks.items()})
        judged = {"event": "serious_injury", "reason": "A burn of the second degree.", "complainant": "the patient, by text",
                  "nature": "burned by the cuff", "corrective": "none yet", "reply": "asked to keep it", "investigated": True}
        for user in ("agent", "privacy"):
            self.expect(403, self.call("POST", path + "/judge", judged, user))
        self.expect(422, self.call("POST", path + "/judge", {**judged, "reply": ""}), "DEV-02")
        self.expect(409, self.call("POST", path + "/close", {"note": "x"}, "privacy"))
        one = self.post(path + "/judge", {**judged, "fiveDay": True}, 200)
        self.assertEqual({"DEV-06"}, set(self.running(one)))
        one = self.post(path + "/clock", {"clock": self.running(one)["DEV-06"]["id"], "note": "sent, MW-1"}, 200, "privacy")
        self.expect(403, self.call("POST", path + "/close", {"note": "reported"}))
        one = self.post(path + "/close", {"note": "reported"}, 200, "privacy")
        self.assertEqual(("completed", {}), (one["status"], self.running(one)))
        self.expect(409, self.call("POST", path + "/judge", judged))
        who = {(k["role"], k["what"]) for k in self.get(path)["known"]}
        self.assertLessEqual({("agent", "complaint-opened"), ("nurse", "complaint-judged"),
                              ("privacy", "complaint-clock-met"), ("privacy", "complaint-closed")}, who)
        first = self.get(path)["known"][0]
        self.assertEqual(("agent", "complaint-opened"), (first["role"], first["what"]))

    def test_one_of_an_unknown_device_is_judged_all_the_same(self):
        """R400: without a device of the record none could be judged as reported; an earlier need left its clock late;
        plain FHIR went round the doors."""
        path = f"/complaints/{self.post('/complaints', {'patient': 'p0011', 'words': 'the pump stopped'})['id']}"
        judged = {"event": "serious_injury", "reason": "He fell.", "complainant": "his son", "nature": "it stopped",
                  "corrective": "none", "reply": "none", "correction": True, "needKnown": "2026-11-21T10:00:00Z"}
        self.expect(422, self.call("POST", path + "/judge", judged), "DEV-02")
        judged["which"] = "Unknown; asked three times."
        one = self.post(path + "/judge", judged, 200)
        self.assertEqual(judged["which"], one["judgement"]["which"])
        first = self.running(one)["DEV-15"]["due"]
        one = self.post(path + "/judge", {**judged, "needKnown": "2026-11-17T10:00:00Z"}, 200)
        self.assertLess(self.running(one)["DEV-15"]["due"], first)
        looks = [{"request": {"method": "GET", "url": f"Task/{one['id']}"}}] * 90
        for _ in range(6):  # R400: 500 later looks crowded out who knew first
            self.expect(200, self.call("POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": looks}, "agent"))
        self.assertEqual(("nurse", "complaint-opened"), tuple(self.get(path)["known"][0][k] for k in ("role", "what")))
        task = self.get(f"/fhir/Task/{one['id']}")
        for user in ("nurse", "agent"):
            self.expect(422, self.call("PUT", f"/fhir/Task/{one['id']}", {**task, "status": "completed"}, user))

    def test_danger_in_words_about_a_device_reaches_its_patient(self):
        """R400: with the device's id alone, no case was opened."""
        kit = self.shipped("V-2", "p0006")
        one = self.post("/complaints", {"device": kit["id"], "words": "It burned me, and now chest pain."}, user="agent")
        self.assertEqual("p0006", one["patient"])
        for programme in ("message-danger", "device-complaint"):
            self.case("p0006", lambda t, p=programme: self.programme(t) == p)

    def test_r408_one_nurse_with_two_accounts_does_not_judge_and_close(self):
        one = self.post("/complaints", {"patient": "p0011", "words": "the cuff is too loud"})
        path, note = f"/complaints/{one['id']}", {"note": "done"}
        self.post(path + "/judge", {"event": "none", "reason": "By design.", "noInvestigation": "known"}, 200)
        for user in ("nurse", "nurse-again"):
            self.expect(403, self.call("POST", path + "/close", note, user), "Somebody else")
        self.post(path + "/close", note, 200, "nurse2")

    def test_what_is_not_reported_has_its_reason(self):
        one = self.post("/complaints", {"patient": "p0011", "words": "the scale shows an error", "cyber": True})
        path = f"/complaints/{one['id']}"
        self.expect(422, self.call("POST", path + "/judge", {"event": "none"}))
        one = self.post(path + "/judge", {"event": "none", "reason": "A flat battery."}, 200)
        self.assertEqual({"DEV-10"}, set(self.running(one)))
        self.assertEqual({"DEV-06"}, {c["rule"] for c in one["clocks"] if c["status"] == "cancelled"})
        self.post(path + "/clock", {"clock": self.running(one)["DEV-10"]["id"], "note": "told"}, 200)
        self.expect(422, self.call("POST", path + "/close", {"note": "done"}, "privacy"), "DEV-17")
        self.post(path + "/judge", {"event": "none", "reason": "A flat battery.", "noInvestigation": "like CMP-1"}, 200)
        self.post(path + "/close", {"note": "done"}, 200, "privacy")


@unittest.skipUnless(os.path.exists(PLUGIN), "mosquitto's dynamic security plugin is not installed")
class ManyDevices(KitCase):
    """A house of their own: they fill pages."""

    def test_more_devices_than_a_page(self):
        """Whoever looks for one asks for the pages behind the first; how many there are is told."""
        before = self.get("/fleet")["total"]
        for i in range(6):
            self.expect(200, self.call("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [
                {"request": {"method": "POST", "url": "Device"},
                 "resource": {"resourceType": "Device", "serialNumber": f"PAGE-{i}-{k}"}} for k in range(90)]}, "admin"))
        first = self.get("/fleet")
        self.assertEqual((500, True, before + 540), (len(first["devices"]), first["more"], first["total"]))
        page, rows = first, list(first["devices"])
        while page["more"]:
            page = self.get("/fleet?after=" + urllib.parse.quote(page["after"]))
            self.assertEqual(([], first["total"]), (page["waiting"], page["total"]))
            rows += page["devices"]
        self.assertNotIn("after", page)
        self.assertEqual(first["total"], len({d["id"] for d in rows}))
        self.assertIn("PAGE-0-0", [d.get("serial") for d in rows])
        self.expect(400, self.call("GET", "/fleet?after=nowhere"))
        self.assertNotIn("stock", first)  # nobody reads it: a page's counts are no fleet's
        place = urllib.parse.quote(first["after"])
        self.expect(200, self.call("GET", f"/fleet?after={place}"))
        for path, user, status in ((f"/fleet?after={place}x", "nurse", 400),  # not as it was given
                                   (f"/fleet?after={place}", "agent", 400),  # another person's
                                   (f"/fleet?after={place}&state=stock", "nurse", 400),  # another search's
                                   (f"/fleet?after={place}", "outreach", 403), (f"/fleet?after={place}", "patient", 403),
                                   ("/fleet?after=nowhere", "outreach", 403)):
            self.expect(status, self.call("GET", path, user=user))

    def test_pages_of_one_state(self):
        """A state's pages hold that state alone; how many there are is told of the state."""
        tag = {"system": "https://weft.health/fhir/device-life", "code": "stock"}
        for i in range(6):
            self.expect(200, self.call("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [
                {"request": {"method": "POST", "url": "Device"},
                 "resource": {"resourceType": "Device", "serialNumber": f"STATE-{i}-{k}", "meta": {"tag": [tag]}}}
                for k in range(90)]}, "admin"))
        one = self.shipped("STATE-0")
        whole = self.get("/fleet")["total"]
        first = self.get("/fleet?state=stock")
        self.assertEqual((500, "stock"), (len(first["devices"]), first["devices"][0]["state"]))
        rows = self.states_page_by_page("stock")
        self.assertEqual({"stock"}, {d["state"] for d in rows})
        self.assertEqual(first["devices"], rows[:500])
        self.assertLessEqual({f"STATE-{i}-{k}" for i in range(6) for k in range(90)}, {d.get("serial") for d in rows})
        self.assertLess(first["total"], whole)
        self.assertNotIn(one["id"], [d["id"] for d in rows])

    def states_page_by_page(self, state):
        """Every page behind the other; each tells the same total."""
        path, rows, totals, after = f"/fleet?state={state}", [], set(), ""
        while after is not None:
            page = self.get(path + (f"&after={urllib.parse.quote(after)}" if after else ""))
            self.assertTrue(page["devices"] or not page["total"], "no page is empty before the last")
            rows += page["devices"]
            totals.add(page["total"])
            after = page.get("after")
        self.assertEqual({len({d["id"] for d in rows})}, totals, state)
        self.assertEqual(len(rows), len({d["id"] for d in rows}), state)
        return rows

    def test_what_is_shown_in_a_state_is_found_by_it(self):
        """Also what came without a state's tag, or with a word that is none, or with two of them."""
        system = "https://weft.health/fhir/device-life"
        kinds = [((), "active"), ((), "inactive"), ((), None), (("x",), "active"), (("Stock",), "inactive"),
                 (("stock", "lost"), "inactive"), (("returned", "delivered"), "active"), (("active", "stock"), "active"),
                 (("wiped",), "active")]
        entries = [{"resourceType": "Device", "serialNumber": f"BARE-{i}-{k}",
                    **({"status": status} if status else {}),
                    **({"meta": {"tag": [{"system": system, "code": code} for code in tags] + [
                        {"system": "https://weft.health/other", "code": "wiped"}]}} if tags else {})}
                   for i, (tags, status) in enumerate(kinds) for k in range(72)]
        for at in range(0, len(entries), 81):
            self.expect(200, self.call("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [
                {"request": {"method": "POST", "url": "Device"}, "resource": e} for e in entries[at:at + 81]]}, "admin"))
        shown, after = {}, ""
        while after is not None:
            page = self.get("/fleet" + (f"?after={urllib.parse.quote(after)}" if after else ""))
            shown.update({d["id"]: d["state"] for d in page["devices"]})
            after = page.get("after")
        want = {"stock", "shipped", "delivered", "active", "lost", "returned", "wiped", "revoked"}
        for state in sorted(want):
            rows = self.states_page_by_page(state)
            self.assertEqual({state} if rows else set(), {d["state"] for d in rows})
            self.assertEqual({id for id, s in shown.items() if s == state}, {d["id"] for d in rows}, state)
        self.assertLessEqual({"stock", "active", "lost", "returned", "wiped"}, set(shown.values()))
        for bad in ("state=stock&after=.x", "state=shipped&after=.", "after=."):
            self.expect(400, self.call("GET", f"/fleet?{bad}"))


if __name__ == "__main__":
    main()
