"""Readings by MQTT: whose they are is the broker's and the server's business, what is sent twice is
kept once, late and early ones are charted and raise nothing, units are brought together, nonsense is
answered, and neither a broken broker nor a killed server loses one."""
import json
import os
import signal
import subprocess
import time

from flows import WEFT, FlowCase, Mqtt, main, reading, wait_for

NOTE = "https://weft.health/fhir/reading-note"


def topic(device):
    return f"weft/v1/hub-{device}/observation"


class Devices(FlowCase):
    broker = True

    def setUp(self):
        self.lines = {}

    def tearDown(self):
        for line in self.lines.values():
            line.close()

    def line(self, patient):
        if patient not in self.lines:
            self.lines[patient] = self.house.mqtt(patient)
        return self.lines[patient]

    def count(self, patient, at):
        return len(self.observations(patient, at))

    def observations(self, patient, at):
        return self.found(f"/fhir/Observation?subject=Patient/{patient}&date={at}&_count=100")

    def arrives(self, patient, at):
        return wait_for(lambda: self.observations(patient, at), f"a reading of {patient}")[0]

    def publish(self, patient, kind, value, ago=60, **more):
        o = reading(kind, value, self.clock.stamp(ago), **more)
        self.line(patient).publish(topic(patient), o)
        return self.arrives(patient, o["effectiveDateTime"])

    def test_what_the_device_left_out_is_filled(self):
        o = self.publish("p0005", "pulse", 70)
        self.assertEqual("Patient/p0005", o["subject"]["reference"])
        self.assertEqual("Device/p0005-hub", o["device"]["reference"])

    def test_the_broker_lets_a_device_publish_only_as_itself(self):
        stamp = self.clock.stamp(50)
        self.line("p0005").publish(topic("p0006"), reading("pulse", 71, stamp))
        self.line("p0005").publish("weft/v1/hub-p0006/refused", "{}")
        self.line("p0006").publish(topic("p0006"), reading("pulse", 72, self.clock.stamp(49)))
        wait_for(lambda: self.found("/fhir/Observation?subject=Patient/p0006&code=8867-4&_sort=-date"
                                    "&_count=1")[0]["valueQuantity"]["value"] == 72, "the own one")
        self.assertEqual(0, self.count("p0006", stamp))
        with self.assertRaises(PermissionError):
            Mqtt(self.house.broker.port, "hub-p0005", "not the password")

    def test_the_server_believes_no_device_about_another_patient(self):
        """Also when the broker would let it through; and in one batch with readings that are right."""
        device = self.line("p0007")
        device.subscribe("weft/v1/hub-p0007/refused")
        foreign = reading("spo2", 70, self.clock.stamp(40), "p0006")
        good = reading("spo2", 96, self.clock.stamp(39), "p0007")
        other = reading("spo2", 97, self.clock.stamp(38), "p0005")
        device.publish(topic("p0007"), foreign, wait=False)
        device.publish(topic("p0007"), good, wait=False)
        self.line("p0005").publish(topic("p0005"), other)
        self.arrives("p0007", good["effectiveDateTime"])
        self.arrives("p0005", other["effectiveDateTime"])
        device.until(lambda: device.messages, "refusal")
        outcome = json.loads(device.messages[0][1])
        self.assertEqual("OperationOutcome", outcome["resourceType"])
        self.assertEqual(0, self.count("p0006", foreign["effectiveDateTime"]))
        self.assertEqual([], self.cases("p0006"))
        trail = self.found("/fhir/AuditEvent?agent=Device/p0007-hub&_count=50", "privacy")
        self.assertTrue([e for e in trail if e.get("outcome", "0") != "0"], "the refusal is told")
        self.assertTrue([e for e in trail if e.get("outcome", "0") == "0"], "the device wrote it")

    def test_an_account_that_is_no_device(self):
        with open(os.path.join(self.house.broker.folder, "acl"), encoding="utf-8") as f:
            self.assertNotIn("write weft/v1/+/observation", f.read())
        a = self.call("POST", "/fhir/Observation", reading("spo2", 70, self.clock.stamp(5), "p0006"),
                      "patient")
        self.assertIn(a.status, (403, 404, 422))

    def test_resent_is_kept_once(self):
        o = reading("pulse", 75, self.clock.stamp(30))
        device = self.line("p0021")
        for _ in range(5):
            device.publish(topic("p0021"), o, wait=False)
        device.publish(topic("p0021"), json.dumps(o, indent=3))
        self.arrives("p0021", o["effectiveDateTime"])
        device.publish(topic("p0021"), o)
        named = reading("pulse", 76, self.clock.stamp(29), identifier=[
            {"system": "urn:maker", "value": "reading-7"}])
        device.publish(topic("p0021"), named, wait=False)
        device.publish(topic("p0021"), {**named, "note": [{"text": "sent again"}]})
        self.arrives("p0021", named["effectiveDateTime"])
        self.publish("p0021", "pulse", 77, 28)
        self.assertEqual(1, self.count("p0021", o["effectiveDateTime"]))
        self.assertEqual(1, self.count("p0021", named["effectiveDateTime"]))

    def test_late_and_early_readings_are_kept_marked_and_raise_nothing(self):
        for patient, ago, tag in (("p0018", 26 * 3600, "late"), ("p0018", -3600, "future-dated")):
            o = self.publish(patient, "spo2", 80, ago)
            self.assertIn({"system": NOTE, "code": tag}, o["meta"]["tag"])
        self.publish("p0018", "spo2", 97, 5)
        time.sleep(1)
        self.assertFalse([t for t in self.cases("p0018") if "80 %" in t["description"]])

    def test_units(self):
        """The same bad value in another unit is the same case; a good one is none."""
        self.publish("p0020", "temperature", 98.6, 20, unit="[degF]")
        self.publish("p0020", "glucose", 5.5, 19, unit="mmol/L")
        self.publish("p0020", "weight", 180, 18, unit="[lb_av]")
        pressure = {"resourceType": "Observation", "status": "final", "code": {"coding": [
            {"system": "http://loinc.org", "code": "85354-9"}]}, "component": [
                {"code": {"coding": [{"system": "http://loinc.org", "code": c}]}, "valueQuantity": {
                    "value": v, "unit": "kPa", "system": "http://unitsofmeasure.org", "code": "kPa"}}
                for c, v in (("8480-6", 16.0), ("8462-4", 10.6))],
            "effectiveDateTime": self.clock.stamp(17)}
        self.line("p0020").publish(topic("p0020"), pressure)
        self.publish("p0020", "pulse", 70, 16)
        time.sleep(1)
        self.assertEqual([], self.cases("p0020"))
        self.publish("p0020", "glucose", 2.5, 15, unit="mmol/L")
        case = self.case("p0020")
        self.assertIn("45 mg/dL", case["description"])
        for i, c in enumerate(pressure["component"]):
            c["valueQuantity"]["value"] = (26.0, 17.0)[i]
        for ago in (14, 13):
            pressure["effectiveDateTime"] = self.clock.stamp(ago)
            self.line("p0015").publish(topic("p0015"), pressure)
        self.case("p0015", lambda t: "195 mmHg" in t["description"])  # it may have had one before

    def test_many_readings_at_once_are_all_evidence_and_hide_nothing(self):
        """A device that was offline sends two hundred at once, the worst one last."""
        entry = [{"resource": reading("pulse", 112, self.clock.stamp(20000 - 60 * i), "p0018"),
                  "request": {"method": "POST", "url": "Observation"}} for i in range(200)]
        entry += [{"resource": reading("spo2", v, self.clock.stamp(100 - 20 * i), "p0018"),
                   "request": {"method": "POST", "url": "Observation"}}
                  for i, v in enumerate((84, 83))]
        self.expect(200, self.call("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction",
                                                     "entry": entry}))
        case = self.case("p0018", lambda t: "Oxygen" in t["description"])
        self.assertEqual("stat", case["priority"])
        self.assertIn("83", case["description"])
        self.expect(200, self.call("POST", f"/fhir/Task/{case['id']}/$claim", {}))
        self.expect(200, self.call("POST", f"/fhir/Task/{case['id']}/$resolve",
                                   {"outcome": "contacted-ok"}))

    def test_open_mhealth_documents(self):
        """On the same topic; checked against the published schema; sent again, known again."""
        device, stamp = self.line("p0024"), self.clock.stamp(45)
        device.subscribe("weft/v1/hub-p0024/refused")
        point = {"header": {"id": "point-1", "creation_date_time": stamp, "schema_id": {
            "namespace": "omh", "name": "oxygen-saturation", "version": "2.0"}},
            "body": {"oxygen_saturation": {"value": 95, "unit": "percent"},
                     "effective_time_frame": {"date_time": stamp}}}
        device.publish(topic("p0024"), point)
        device.until(lambda: device.messages, "refusal")
        self.assertIn("body.oxygen_saturation.unit", json.dumps(json.loads(device.messages[0][1])))
        point["body"]["oxygen_saturation"]["unit"] = "%"
        for _ in range(3):
            device.publish(topic("p0024"), point)
        o = self.arrives("p0024", stamp)
        self.assertEqual(["59408-5", "2708-6"], [c["code"] for c in o["code"]["coding"][:2]])
        self.assertEqual("%", o["valueQuantity"]["code"])
        self.publish("p0024", "pulse", 71, 44)
        self.assertEqual(1, self.count("p0024", stamp))

    def test_other_limits_are_tried_on_the_last_weeks(self):
        """The patient with lung disease: at 92 the last weeks bring more alerts, at 70 as few as the safest
        limit of the table leaves; nothing is changed by asking."""
        patient = next(p for p, t in self.house.truth.items() if t["planted"] == "live-oxygen")

        def trial(query, user="nurse"):
            return self.call("GET", f"/fhir/Patient/{patient}/$what-if?metric=spo2&{query}", user=user)
        limits = self.get(f"/fhir/Patient/{patient}/$limits")
        strict, loose = (self.expect(200, trial(f"low={v}&days=28")).json for v in (96, 70))
        self.assertGreater(strict["readings"], 50)
        self.assertEqual(strict["before"], loose["before"])
        self.assertGreater(strict["after"]["alerts"], loose["after"]["alerts"])
        self.assertEqual((96, 83), (strict["low"], loose["low"]), "no looser than the loosest safe one")
        self.assertLessEqual(strict["events"]["after"], strict["events"]["n"])
        self.assertEqual(limits, self.get(f"/fhir/Patient/{patient}/$limits"))
        for query, word in (("days=28", "limit"), ("low=90&days=27", "days"), ("low=90&days=366", "days"),
                            ("low=ninety", "number"), ("metric=mood&low=2", "metric")):
            bad = self.call("GET", f"/fhir/Patient/{patient}/$what-if?{'' if 'metric' in query else 'metric=spo2&'}"
                            + query)
            self.expect(400, bad, word)
        self.expect(404, self.call("GET", "/fhir/Patient/none/$what-if?metric=spo2&low=90"))
        other = self.call("GET", "/fhir/Patient/p0005/$what-if?metric=spo2&low=90", user="patient")
        self.expect(404, other)

    def test_another_limit_is_tried_on_a_whole_programme(self):
        """Asked part by part it is the sum of each patient's own trial; who may not see them learns nothing."""
        query = "metric=systolic&high=120&days=90"

        def part(more="", user="nurse", of="heart-failure"):
            return self.call("GET", f"/monitoring/what-if?programme={of}&{query}{more}", user=user)
        enrolled = {r["patient"] for r in self.get("/programmes/enrolled?programme=heart-failure")
                    if r["status"] != "planned"}
        parts = [self.expect(200, part()).json]
        while parts[-1].get("next"):
            parts.append(self.expect(200, part(f"&after={parts[-1]['next']}")).json)
        self.assertEqual(len(enrolled), parts[-1]["people"])
        self.assertEqual(len(enrolled), sum(p["n"] + p["unseen"] for p in parts))
        self.assertEqual(0, sum(p["unseen"] for p in parts))
        self.assertGreater(sum(p["after"]["cases"] for p in parts), sum(p["before"]["cases"] for p in parts))
        changed = [c for p in parts for c in p["changed"]]
        self.assertLessEqual({c["patient"] for c in changed}, enrolled)
        self.assertEqual(sum(p["after"]["cases"] - p["before"]["cases"] for p in parts),
                         sum(c["after"] - c["before"] for c in changed))
        for p in parts:
            self.assertEqual([p["before"]["cases"], p["after"]["cases"]],
                             [sum(p["daily"][k]) for k in ("before", "after")])
        most = max(changed, key=lambda c: c["after"])
        alone = self.get(f"/fhir/Patient/{most['patient']}/$what-if?{query}")
        self.assertLessEqual(most["after"], alone["after"]["cases"])
        for bad, word in (("&after=x", "after"),):
            self.expect(400, part(bad), word)
        self.expect(404, part(of="none"))
        for user in ("agent", "patient"):
            told = part(user=user)
            self.assertTrue(told.status == 403 or told.json["n"] == 0, told.body)

    def test_each_rule_says_how_often_it_helped(self):
        def hit():
            told = self.expect(200, self.call("GET", "/monitoring/rules")).json
            self.assertGreaterEqual(len(told["rules"]), 51)
            return told, next(r for r in told["rules"] if r["id"] == "TEMP-HIGH")
        before = hit()[1]
        quiet = [p for p, t in self.house.truth.items()
                 if not t["planted"] and "hub-" + p in self.house.devices][-2:]
        for outcome, patient in zip(("advice-given", "false-alarm"), quiet):
            self.publish(patient, "temperature", 39.4, 20)
            case = self.case(patient, lambda t: "39.4" in t["description"])
            self.assertEqual("TEMP-HIGH", case["reasonCode"]["text"])
            self.expect(200, self.call("POST", f"/fhir/Task/{case['id']}/$claim", {}))
            self.expect(200, self.call("POST", f"/fhir/Task/{case['id']}/$resolve", {"outcome": outcome}))
        told, after = hit()
        self.assertEqual((before["closed"] + 2, before["acted"] + 1, before["unexplained"] + 1),
                         (after["closed"], after["acted"], after["unexplained"]))
        self.assertFalse(after["flagged"], "two cases say nothing")
        self.assertGreater(told["patients"], 0)
        trial = self.get(f"/fhir/Patient/{quiet[0]}/$what-if?metric=temperature&high=39.5&days=365")
        self.assertEqual((1, 0), (trial["before"]["alerts"], trial["after"]["alerts"]))
        self.assertEqual((1, 1, 0), tuple(trial["events"][k] for k in ("n", "before", "after")))
        self.assertEqual(["case"], [e["what"] for e in trial["events"]["lost"]])

    def test_a_sensors_hours_sent_at_once(self):
        """One SampledData of two hours: its mean is well, the minutes below what the sensor can tell are an emergency."""
        patient = next(p for p, t in self.house.truth.items() if not t["planted"] and "hub-" + p in self.house.devices
                       and not self.cases(p))
        o = reading("pulse", 1, self.clock.stamp(60))
        del o["valueQuantity"], o["effectiveDateTime"]
        o["code"] = {"coding": [{"system": "http://loinc.org", "code": "99504-3"}]}
        o["effectivePeriod"] = {"start": self.clock.stamp(7260), "end": self.clock.stamp(60)}
        o["valueSampledData"] = {
            "origin": {"value": 0, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
            "period": 300000, "lowerLimit": 40, "dimensions": 1, "data": " ".join(["150"] * 22 + ["E", "60", "L"])}
        self.line(patient).publish(topic(patient), o)
        case = self.case(patient, lambda t: "40 mg/dL" in t["description"])
        self.assertEqual("stat", case["priority"])

    def test_a_sensors_fortnight(self):
        """Times in ranges, indices, episodes, the profile and the days, of a day sent as samples, its resend one by one,
        and a day of the other unit; each number by its published formula."""
        patient, end = "p0019", self.clock.now() // 300 * 300 - 300
        day = [100] * 60 + [50] * 6 + [65] * 6 + [120] * 192 + [200] * 12 + [300] * 12

        def sensor(code, **more):
            return {"resourceType": "Observation", "status": "final", "subject": {"reference": f"Patient/{patient}"},
                    "code": {"coding": [{"system": "http://loinc.org", "code": code}]}, **more}

        def unit(code):
            return {"unit": code, "system": "http://unitsofmeasure.org", "code": code}

        def stamp(i):
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end - 300 * (287 - i)))

        def sampled(values, days_ago, code, of, factor):
            start = end - 300 * 287 - 86400 * days_ago
            return sensor(code, effectivePeriod={"start": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start))},
                          valueSampledData={"origin": {"value": 0, **unit(of)}, "period": 300000, "factor": factor,
                                            "dimensions": 1, "data": " ".join(map(str, values))})
        for o in (sampled(day, 0, "99504-3", "mg/dL", 1), sampled([70] * 144 + ["E"] * 144, 2, "105272-9", "mmol/L", 0.1),
                  *(sensor("99504-3", effectiveDateTime=stamp(i), valueQuantity={"value": day[i], **unit("mg/dL")})
                    for i in (0, 100, 287))):
            self.expect(201, self.call("POST", "/fhir/Observation", o))
        said = self.get(f"/fhir/Patient/{patient}/$glucose?days=7")
        values = day + [7 * 18.0156] * 144
        n = len(values)
        self.assertEqual((n, 5), (said["readings"], said["intervalMinutes"]))
        share = {"veryLow": 6, "low": 6, "inRange": 252 + 144, "high": 12, "veryHigh": 12}
        for k, many in share.items():
            self.assertAlmostEqual(100 * many / n, said["percent"][k], 1, k)
        mean = sum(values) / n
        sd = (sum((v - mean) ** 2 for v in values) / (n - 1)) ** 0.5
        gri = (3.0 * 6 + 2.4 * 6 + 1.6 * 12 + 0.8 * 12) * 100 / n
        for k, v, places in (("mean", mean, 1), ("sd", sd, 1), ("cv", 100 * sd / mean, 1), ("gmi", 3.31 + 0.02392 * mean, 2),
                             ("gri", gri, 1)):
            self.assertAlmostEqual(v, said[k], delta=0.6 * 10 ** -places, msg=k)
        self.assertEqual("A", said["zone"])
        self.assertEqual({"n": 1, "prolonged": 0, "minutes": 60}, said["episodes"]["low"])
        self.assertEqual({"n": 1, "prolonged": 0, "minutes": 30}, said["episodes"]["veryLow"])
        self.assertEqual((1, 1), (said["episodes"]["high"]["n"], said["episodes"]["veryHigh"]["n"]))
        self.assertEqual(96, len(said["profile"]))
        self.assertTrue(all(x is None or x == sorted(x) for x in said["profile"]))
        self.assertEqual(n, sum(d["readings"] for d in said["daily"]))
        self.assertEqual(sorted(d["day"] for d in said["daily"]), [d["day"] for d in said["daily"]])
        self.assertLess(said["captured"], 36)  # a day and a half of at most seven, at least of six and a bit
        self.assertGreater(said["captured"], 20)
        none = self.get(f"/fhir/Patient/{patient}/$glucose?days=1")["daily"]
        self.assertLessEqual(len(none), 1)
        for bad in ("0", "91", "x"):
            self.expect(400, self.call("GET", f"/fhir/Patient/{patient}/$glucose?days={bad}"))
        self.assertIn(self.call("GET", f"/fhir/Patient/{patient}/$glucose", user="agent").status, (403, 404))
        self.expect(404, self.call("GET", f"/fhir/Patient/{patient}/$glucose", user="patient"))

    def test_pounds_gained_are_kilograms(self):
        """A heart-failure patient two kilograms up in a day, told in pounds."""
        patient = next(p for p, t in self.house.truth.items() if t["planted"] == "fluid")
        last = self.found(f"/fhir/Observation?subject=Patient/{patient}&code=29463-7&_sort=-date"
                          "&_count=1")[0]["valueQuantity"]["value"]
        self.publish(patient, "weight", round((last + 2.5) * 2.2046226, 1), 10, unit="[lb_av]")
        case = self.case(patient, lambda t: f"{last + 2.5:.1f}" in t["description"])
        self.assertEqual("heart-failure", case["groupIdentifier"]["value"])
        self.assertIn("kg", case["description"])

    def test_what_is_said_of_a_day_grades_what_was_measured(self):
        """A weight alone is one level; with a symptom told on a call, or by the patient behind a link, it is graver."""
        patient = "p0014"
        last = self.found(f"/fhir/Observation?subject=Patient/{patient}&code=29463-7&_sort=-date"
                          "&_count=1")[0]["valueQuantity"]["value"]
        for ago in (20, 10):  # the second as it is asked for
            self.publish(patient, "weight", last + 1.5, ago)
        case = self.case(patient, lambda t: "weight" in t["description"].lower() and "measured again" in t["description"]
                         and t["code"]["coding"][0]["code"] == "case")
        fit = self.get(f"/fhir/Patient/{patient}/$daily")
        self.assertIn("heart-day", [d["survey"] for d in fit])
        self.expect(422, self.call("POST", f"/fhir/Patient/{patient}/$said",
                                   {"survey": "heart-day", "answers": {}}))
        self.expect(201, self.call("POST", f"/fhir/Patient/{patient}/$said", {
            "survey": "heart-day", "answers": {"more-breathless": "yes", "dizzy": "no", "taken": "all"}}))
        graver = self.case(patient, lambda t: t["id"] == case["id"] and t["priority"] != case["priority"])
        self.assertEqual(("urgent", "asap"), (case["priority"], graver["priority"]))
        self.assertIn("short of breath", graver["description"])
        told = self.found(f"/fhir/QuestionnaireResponse?patient={patient}&_sort=-authored&_count=1")[0]
        self.assertTrue(told["author"]["reference"].startswith("Practitioner/"))
        self.assertEqual(f"Patient/{patient}", told["source"]["reference"])
        # The same by the page that the text's link opens, in the patient's own hands.
        task = self.expect(201, self.call("POST", f"/fhir/Patient/{patient}/$ask",
                                          {"survey": "heart-day", "by": "portal"})).json["task"]
        link = self.expect(201, self.call("POST", f"/task-links/{task}", {})).json["path"]
        self.expect(200, self.house.call("POST", link, b"send=1&woke-breathless=yes&water-tablet=no",
                                         headers={"Content-Type": "application/x-www-form-urlencoded"}))
        self.case(patient, lambda t: t["id"] == case["id"] and "woke up short of breath" in t["description"])

    def test_the_whole_picture_is_one_read(self):
        """Each lane as the reader may see it; a lane that is not shown says by whose word."""
        patient, stamp = "p0015", self.clock.stamp(30)
        medicine = {"text": "furosemide 40 mg"}
        for r in ({"resourceType": "MedicationStatement", "status": "not-taken", "effectiveDateTime": stamp},
                  {"resourceType": "MedicationDispense", "status": "completed", "whenHandedOver": stamp}):
            self.expect(201, self.call("POST", "/fhir/" + r["resourceType"], {
                **r, "subject": {"reference": f"Patient/{patient}"}, "medicationCodeableConcept": medicine}))
        self.expect(201, self.call("POST", f"/fhir/Patient/{patient}/$said", {
            "survey": "pressure-day", "answers": {"dizzy": "yes"}}))
        for code in ("99504-3", "8331-1", "8480-6"):  # a sensor's glucose, a temperature by mouth, half a blood pressure
            self.expect(201, self.call("POST", "/fhir/Observation", {
                "resourceType": "Observation", "status": "final", "subject": {"reference": f"Patient/{patient}"},
                "effectiveDateTime": self.clock.stamp(3 * 86400),  # charted: so late it raises nothing
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "valueQuantity": {"value": 120 if code != "8331-1" else 36.8, "system": "http://unitsofmeasure.org",
                                  "code": {"99504-3": "mg/dL", "8331-1": "Cel", "8480-6": "mm[Hg]"}[code]}}))
        path = f"/fhir/Patient/{patient}/$picture?days=30"
        seen = wait_for(lambda: (lambda p: p if p["symptoms"]["entry"] else None)(
            {lane["lane"]: lane for lane in self.get(path)["lanes"]}), "the symptom")
        self.assertEqual(["vitals", "symptoms", "medicines", "refills", "activity", "nutrition", "visits", "claims"],
                         list(seen))
        codes = {c["code"] for r in seen["vitals"]["entry"] for c in r["code"].get("coding", [])}
        self.assertLessEqual({"99504-3", "8331-1", "8480-6"}, codes)
        self.assertEqual(["not-taken"], [r["status"] for r in seen["medicines"]["entry"]])
        self.assertEqual(1, len(seen["refills"]["entry"]))
        # Bills are the patient's to share: that this one does not is said, and nothing else (ADR 67).
        self.assertEqual([True, False, False, []], [seen["claims"][k] for k in ("unshared", "role", "kept", "entry")])
        self.assertLessEqual(self.get(path)["reads"], 12)
        self.assertEqual(400, self.call("GET", f"/fhir/Patient/{patient}/$picture?days=8").status)
        # An agent's role sees visits and nothing clinical: said, lane by lane.
        agent = {lane["lane"]: lane for lane in self.get(path, "agent")["lanes"]}
        self.assertEqual([True, []], [agent["vitals"]["role"], agent["vitals"]["entry"]])
        took = []
        for _ in range(15):
            began = time.monotonic()
            self.get(path)
            took.append((time.monotonic() - began) * 1000)
        print(f"picture: {self.get(path)['reads']} reads, p50 {sorted(took)[7]:.1f} ms")

    def test_nonsense_is_answered_and_forgotten(self):
        device = self.line("p0016")
        device.subscribe("weft/v1/hub-p0016/refused")
        bad = ("", "{", "[]", "null", '{"resourceType":"Patient"}', "\xff\xfe", "{" * 5000,
               reading("pulse", 70, "yesterday"), {**reading("pulse", 70, self.clock.stamp()),
                                                  "status": "splendid"},
               {**reading("pulse", 70, self.clock.stamp()), "effectiveDateTime": None},
               "x" * 300000)
        for payload in bad:
            device.publish(topic("p0016"), payload)
        device.until(lambda: len(device.messages) >= len(bad), f"{len(bad)} refusals")
        for where, text in device.messages:
            self.assertEqual("weft/v1/hub-p0016/refused", where)
            outcome = json.loads(text)
            self.assertTrue(outcome["issue"][0]["details"]["text"])
        self.publish("p0016", "pulse", 70, 3)


def pressure(systolic, at, patient):
    return {"resourceType": "Observation", "status": "final", "subject": {"reference": f"Patient/{patient}"},
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}, "effectiveDateTime": at,
            "valueQuantity": {"value": systolic, "unit": "mmHg", "system": "http://unitsofmeasure.org",
                              "code": "mm[Hg]"}}


class Asked(FlowCase):
    def asked(self, patient, status="requested"):
        """The patient's own Task to measure again."""
        return wait_for(lambda: self.found(
            f"/fhir/Task?patient=Patient/{patient}&code=https://weft.health/fhir/task-code|measure-again"
            f"&status={status}"), f"{patient} is asked: {status}")[0]

    def measures(self, patient, systolic, ago=5):
        self.expect(201, self.call("POST", "/fhir/Observation", pressure(systolic, self.clock.stamp(ago), patient)))

    def texts(self, patient, *words):
        """Ours to the patient with some of the words in it."""
        return [c for c in self.found(f"/fhir/Communication?patient=Patient/{patient}")
                if any(w in c["payload"][0]["contentString"] for w in words)]

    def outcome(self, patient):
        return self.asked(patient, "completed")["output"][0]["valueCodeableConcept"]["coding"][0]["code"]

    def alarmed(self, patient):
        return [t["description"] for t in self.cases(patient)
                if t["code"]["coding"][0]["code"] == "case" and t["reasonCode"]["text"] == "BP-SEVERE"]

    def alarm(self, patient):
        return wait_for(lambda: self.alarmed(patient), f"a case of {patient}")[0]

    def wanted(self, patient):
        return self.found(f"/fhir/CommunicationRequest?patient=Patient/{patient}"
                          "&category=https://weft.health/fhir/request-kind|readings-missing")

    def test_a_missed_reading_is_asked_for_and_not_while_it_rests(self):
        """The newest reading is of yesterday, and more than the grace is over."""
        for patient, status in (("p0017", "on-hold"), ("p0020", "active")):
            for plan in self.found(f"/fhir/CarePlan?patient=Patient/{patient}&status=active"):
                self.expect(200, self.call("PUT", f"/fhir/CarePlan/{plan['id']}", {**plan, "status": "completed"}))
            self.expect(201, self.call("POST", "/fhir/CarePlan", {
                "resourceType": "CarePlan", "status": status, "intent": "plan",
                "subject": {"reference": f"Patient/{patient}"},
                "instantiatesCanonical": ["https://weft.health/fhir/PlanDefinition/diabetes"]}))
            self.expect(201, self.call("POST", "/fhir/Observation",
                                       reading("glucose", 110, self.clock.stamp(26 * 3600 + 60), patient)))
        asked = wait_for(lambda: self.wanted("p0020"), "the request")
        self.assertEqual(1, len(asked))
        self.assertIn(asked[0]["payload"][0]["contentString"],
                      ("We missed your readings. Please measure when you can.",
                       "No vimos sus lecturas. Mida cuando pueda."))
        self.assertEqual([], self.wanted("p0017"))

    def test_one_high_reading_is_measured_again_before_the_nurse(self):
        calm, high, silent = "p0002", "p0008", "p0010"
        nobody = {"resourceType": "Patient", "name": [{"family": "Mute"}]}
        mute = self.expect(201, self.call("POST", "/fhir/Patient", nobody, "agent")).json["id"]
        for patient in (calm, high, silent):
            self.measures(patient, 190)
            task = self.asked(patient)
            self.assertEqual(f"Patient/{patient}", task["owner"]["reference"])
            self.assertIn("190 mmHg, above the limit of 180", task["description"])
            self.assertIn("within 15 minutes", task["description"])
            self.assertEqual([], self.alarmed(patient))
            wait_for(lambda: self.texts(patient, "measure again within 15 minutes", "mida otra vez en 15 minutos"),
                     "the text")
        self.measures(calm, 150, 1)
        self.assertEqual("normal", self.outcome(calm))
        self.measures(high, 192, 1)
        self.assertEqual("again", self.outcome(high))
        self.assertIn("192 mmHg, above the limit of 180; measured again as asked", self.alarm(high))
        self.measures(mute, 191)
        self.assertIn("could not be asked by message", self.alarm(mute))
        self.house.stop(signal.SIGKILL)
        self.clock.offset += 16 * 60
        self.house.tokens.clear()
        self.house.start()
        self.assertIn("190 mmHg, above the limit of 180; asked to measure again, and nothing came in 15 minutes",
                      self.alarm(silent))
        self.assertEqual("silent", self.outcome(silent))
        self.assertEqual([], self.alarmed(calm))
        trail = self.found(f"/fhir/AuditEvent?patient=Patient/{calm}&_count=200", "privacy")
        self.assertTrue([e for e in trail if "measure-again" in str(e)], "it is explained in the trail")


class Who(Asked):
    """A weight that may be another person's is held, and who is watched over is asked whether it was them."""
    test_a_missed_reading_is_asked_for_and_not_while_it_rests = None
    test_one_high_reading_is_measured_again_before_the_nurse = None

    def weighs(self, patient, kg, ago):
        at = self.clock.stamp(ago)
        o = self.expect(201, self.call("POST", "/omh/dataPoints", {
            "header": {"id": f"{patient}-{kg}", "creation_date_time": at, "user_id": patient,
                       "schema_id": {"namespace": "omh", "name": "body-weight", "version": "3.0"}},
            "body": {"body_weight": {"value": round(kg, 1), "unit": "kg"},
                     "effective_time_frame": {"date_time": at}}})).json
        return [t["code"] for t in o["meta"].get("tag", [])]

    def heavy(self, patient):
        return [t["description"] for t in self.cases(patient) if t["code"]["coding"][0]["code"] == "case"
                and "eight" in t["description"]]

    def test_was_it_you(self):
        mine, others = "p0014", "p0005"
        words = ("Was that you on the scale", "¿Se acaba de pesar usted", "هل كنت أنت على الميزان")
        usual = {p: self.found(f"/fhir/Observation?subject=Patient/{p}&code=29463-7&_sort=-date&_count=1")[0]
                 ["valueQuantity"]["value"] for p in (mine, others)}
        for patient in (mine, others):
            self.assertEqual(["other-person"], self.weighs(patient, usual[patient] + 20, 5))
            task = self.asked(patient)
            self.assertIn("perhaps another person", task["description"])
            wait_for(lambda p=patient: self.texts(p, *words), "the question")
            self.assertEqual([], self.heavy(patient))
        # It was: they step on it again, and the rules read what they weigh.
        self.assertEqual([], self.weighs(mine, usual[mine] + 20.2, 0))
        self.assertIn("20.2", wait_for(lambda: self.heavy(mine), "the case")[0])
        self.assertEqual("normal", self.outcome(mine))
        # It was not: nobody is called, and the next one's step on it is not asked about again.
        self.house.stop(signal.SIGKILL)
        self.clock.offset += 61 * 60
        self.house.tokens.clear()
        self.house.start()
        self.assertEqual("silent", self.outcome(others))
        self.assertEqual(["other-person"], self.weighs(others, usual[others] - 20, 5))
        self.assertEqual([], self.weighs(others, usual[others], 1))
        wait_for(lambda: self.get(f"/fhir/Patient/{others}/$limits"), "the answer")
        self.assertEqual(1, len(self.texts(others, *words)))
        self.assertEqual([], self.heavy(others))


class Interrupted(FlowCase):
    broker = True

    def load(self, patient, n, base=0):
        """n readings, each at its own moment; returns the moments."""
        device = self.house.mqtt(patient)
        stamps = []
        for i in range(n):
            o = reading("pulse", 60 + (base + i) % 30, self.clock.stamp(3000 - base - i))
            device.publish(topic(patient), o, wait=i == n - 1)
            stamps.append(o["effectiveDateTime"])
        device.until(lambda: len(device.acked) >= n, "PUBACKs")
        device.close()
        return stamps

    def kept(self, patient, stamps):
        """Each of the moments exactly once."""
        def have():
            rows = self.found(f"/fhir/Observation?subject=Patient/{patient}&code=8867-4"
                              f"&date=ge{self.clock.stamp(4000)}&_count=1000")
            got = [r["effectiveDateTime"] for r in rows]
            return got if set(stamps) <= set(got) else None
        got = wait_for(have, "all readings", 60, 0.2)
        doubled = {s for s in got if got.count(s) > 1}
        self.assertFalse(doubled)

    def test_killed_between_reading_and_commit(self):
        """What the broker has is delivered again after a kill; what was committed is not doubled."""
        stamps = []
        for round in range(4):
            stamps += self.load("p0024", 40, 40 * round)
            time.sleep(0.02 * round)
            self.house.stop(signal.SIGKILL)
            self.house.start()
        self.kept("p0024", stamps)

    def test_broker_down_and_back(self):
        stamps = self.load("p0005", 20)
        self.house.broker.stop()
        self.assertEqual(200, self.house.call("GET", "/healthz").status)
        self.expect(200, self.call("GET", "/fhir/Patient/p0005"))
        self.house.broker.start()
        stamps += self.load("p0005", 20, 20)
        self.kept("p0005", stamps)

    def test_server_away_while_devices_report(self):
        self.house.stop()
        stamps = self.load("p0006", 60)
        self.house.start()
        self.kept("p0006", stamps)

    def test_a_case_of_readings_that_waited(self):
        """A bad reading came in time; the server was killed at once and came back two days later."""
        device = self.house.mqtt("p0013")
        o = reading("spo2", 84, self.clock.stamp(30))
        device.publish(topic("p0013"), o)
        wait_for(lambda: self.found(f"/fhir/Observation?subject=Patient/p0013"
                                    f"&date={o['effectiveDateTime']}"), "the reading", pause=0.005)
        self.house.stop(signal.SIGKILL)
        self.clock.offset += 2 * 86400
        self.house.tokens.clear()
        self.house.start()
        device.close()
        self.assertIn("84", self.case("p0013")["description"])
        self.assertFalse([t for t in self.cases("p0013") if "nothing heard" in t["description"]],
                         "the house was away, the kit was not silent")

    def test_the_clock_jumps(self):
        """Back and forth by hours: the server serves, nothing is lost, later readings raise cases."""
        for jump in (-6 * 3600, +12 * 3600, -5 * 3600):
            self.house.stop()
            self.clock.offset += jump
            self.house.tokens.clear()
            self.house.start()
            self.assertEqual(200, self.house.call("GET", "/healthz").status)
        device = self.house.mqtt("p0021")
        for ago in (5, 1):
            device.publish(topic("p0021"), reading("spo2", 83, self.clock.stamp(ago)))
        self.assertIn("83", self.case("p0021")["description"])
        device.close()


class Silence(FlowCase):
    """A house of its own, which was never away before."""
    broker = True

    def glucose(self, patient, ago):
        """Of a sensor, which is expected every few minutes."""
        plan = {"resourceType": "CarePlan", "status": "active", "intent": "plan",
                "subject": {"reference": f"Patient/{patient}"},
                "instantiatesCanonical": ["https://weft.health/fhir/PlanDefinition/diabetes"]}
        self.expect(201, self.call("POST", "/fhir/CarePlan", plan, "nurse"))
        o = reading("pulse", 110, self.clock.stamp(ago))
        o["code"] = {"coding": [{"system": "http://loinc.org", "code": "99504-3"}]}
        o["valueQuantity"] = {"value": 110, "unit": "mg/dL", "system": "http://unitsofmeasure.org",
                              "code": "mg/dL"}
        device = self.house.mqtt(patient)
        device.publish(topic(patient), o)
        device.close()

    def test_a_sensor_that_is_silent_is_for_support(self):
        """Its case is technical, so that it stands in no nurse's list; an hour in which the house was away is no
        silence of the other's."""
        self.glucose("p0006", 30)
        self.glucose("p0005", 20 * 60)
        self.house.stop()
        self.clock.offset += 3600
        self.house.tokens.clear()
        self.house.start()
        stale = lambda t: t["reasonCode"]["text"].startswith("CGM-STALE")
        case = self.case("p0005", stale)
        self.assertEqual(["case", "technical"], [c["code"] for c in case["code"]["coding"]])
        self.assertFalse([t for t in self.cases("p0006") if stale(t)])


class WholeDemo(FlowCase):
    """weft demo --serve: its own broker, its own access list, its own devices."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def test_a_case_within_a_minute(self):
        from flows import House
        house = House()
        self.addCleanup(house.close)
        house.log = open(house.log_path, "a", encoding="utf-8")
        self.addCleanup(house.log.close)
        p = subprocess.Popen([WEFT, "demo", "--data", house.data, "--serve", "--listen",
                              "127.0.0.1:0"], stdout=house.log, stderr=house.log,
                             env=house.clock.env())
        try:
            def port():
                for line in house.read_log().splitlines():
                    if line.startswith("weft serves http://127.0.0.1:"):
                        return int(line.rpartition(":")[2].strip("/").split()[0])
                return None
            house.port = wait_for(port, "the demonstration", 60)
            type(self).house, type(self).clock = house, house.clock
            case = self.case("p0003", timeout=60)
            self.assertIn("Oxygen", case["description"])
            with open(os.path.join(house.data, "broker", "acl"), encoding="utf-8") as f:
                self.assertIn("pattern write weft/v1/%u/observation", f.read())
        finally:
            p.send_signal(signal.SIGTERM)
            self.assertEqual(0, p.wait(60), house.read_log()[-2000:])


if __name__ == "__main__":
    main()
