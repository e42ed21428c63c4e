"""Readings that a device sends in a Bundle, or as Open mHealth documents, go through the same intake as one
alone."""
import glob
import json
import os
import re
import tarfile
import time
import uuid

from weft_http import Case, main

SHARED = os.environ.get("WEFT_SHARED") or os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                       "..", "..", "..", "shared")
UCUM = "http://unitsofmeasure.org"


def point(body, schema, **more):
    space, name, version = schema.split(":")
    header = {"id": str(uuid.uuid4()), "creation_date_time": "2026-03-01T08:00:00Z",
              "schema_id": {"namespace": space, "name": name, "version": version}, **more}
    return {"header": header, "body": body}


def at(moment):
    return {"effective_time_frame": {"date_time": moment}}


class BundleReadings(Case):
    roles = ("nurse", "system")

    @classmethod
    def before_start(cls):
        cls.device = cls.server.token("device", "--reference", "Device/scale", "--patient", "r10")
        cls.other = cls.server.token("device", "--reference", "Device/hub", "--patient", "r11")
        cls.stranger = cls.server.token("agent")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for r in ({"resourceType": "Patient", "id": "r10"},
                  {"resourceType": "Patient", "id": "r11"}, {"resourceType": "Device", "id": "hub"},
                  {"resourceType": "Device", "id": "scale", "patient": {"reference": "Patient/r10"}}):
            made = cls.server.call("PUT", f"/fhir/{r['resourceType']}/{r['id']}", r, cls.system)
            assert made.status == 201, made.body

    def test_r10_resent_and_future_dated(self):
        device = self.device
        reading = {"resourceType": "Observation", "status": "final",
                   "identifier": [{"system": "urn:scale", "value": "1"}],
                   "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
                   "effectiveDateTime": "2099-01-01T00:00:00Z",
                   "valueQuantity": {"value": 70, "unit": "kg",
                                     "system": "http://unitsofmeasure.org", "code": "kg"}}
        for kind in ("transaction", "batch"):
            b = {"resourceType": "Bundle", "type": kind, "entry": [
                {"resource": dict(reading), "request": {"method": "POST", "url": "Observation"}}]}
            a = self.server.call("POST", "/fhir", b, device)
            self.assertEqual(200, a.status, a.body)
        # A conditional PUT would make one past the intake.
        for path in ("?identifier=urn:scale|2", "/own-id"):
            a = self.server.call("PUT", "/fhir/Observation" + path, {
                **reading, **({} if "?" in path else {"id": "own-id"}),
                "identifier": [{"system": "urn:scale", "value": "2"}]}, device)
            self.assertEqual(404, a.status, a.body)
        found = self.call("GET", "/fhir/Observation?subject=Patient/r10&identifier=urn:scale|").json
        self.assertEqual(1, found["total"])
        seen = found["entry"][0]["resource"]
        self.assertIn("future-dated", [t["code"] for t in seen["meta"]["tag"]])
        self.assertEqual("Device/scale", seen["device"]["reference"])

    def send(self, body, token=None):
        return self.server.call("POST", "/omh/dataPoints", body, token or self.device)

    def kept(self, body, schema):
        a = self.send(point(body, schema))
        self.assertEqual(201, a.status, a.body)
        return a.json

    def codes(self, concept):
        return [c["code"] for c in concept["coding"] if c["system"] == "http://loinc.org"]

    def test_open_mhealth_published_examples(self):
        """Each of the published documents is answered as its folder says."""
        archives = glob.glob(os.path.join(SHARED, "data", "openmhealth", "*.tar.gz"))
        if not archives:
            self.skipTest("the published examples of Open mHealth are not here (WEFT_SHARED)")
        wanted, points = [], []
        with tarfile.open(archives[0]) as archive:
            for member in archive:
                part = member.name.split("/")
                if not member.isfile() or part[0] != "test-data" or not part[-1].endswith(".json"):
                    continue
                wanted.append((member.name, part[-2] == "shouldPass"))
                points.append(point(json.load(archive.extractfile(member)), ":".join(part[1:4])))
        self.assertEqual(634, len(points))
        answers = self.send(points).json["entry"]
        tally = {"kept": 0, "valid": 0, "refused": 0}
        for (name, passes), answer in zip(wanted, answers, strict=True):
            status, said = answer["response"]["status"], json.dumps(answer["response"])
            kind = "kept" if status.startswith("201") else \
                "valid" if "no measure of a person" in said else "refused"
            self.assertEqual(passes, kind != "refused", (name, answer["response"]))
            tally[kind] += 1
        self.assertEqual({"kept": 184, "valid": 131, "refused": 319}, tally)

    def test_open_mhealth_becomes_observations(self):
        o = self.kept({"body_weight": {"value": 180.5, "unit": "lb"}, **at("2026-03-01T07:00:00+01:00")},
                      "omh:body-weight:3.0")
        self.assertEqual(["29463-7"], self.codes(o["code"]))
        self.assertIn({"system": "https://w3id.org/openmhealth", "code": "omh:body-weight:3.0"},
                      o["code"]["coding"])
        self.assertEqual({"value": 180.5, "unit": "lb", "system": "http://unitsofmeasure.org",
                          "code": "[lb_av]"}, o["valueQuantity"])
        self.assertEqual(("2026-03-01T07:00:00+01:00", "Patient/r10", "Device/scale"),
                         (o["effectiveDateTime"], o["subject"]["reference"], o["device"]["reference"]))
        o = self.kept({"systolic_blood_pressure": {"value": 121, "unit": "mmHg"},
                       "diastolic_blood_pressure": {"value": 79, "unit": "mmHg"},
                       "body_posture": "sitting", **at("2026-03-01T07:01:00Z")},
                      "omh:blood-pressure:4.0")
        self.assertEqual(["85354-9"], self.codes(o["code"]))
        self.assertEqual([["8480-6"], ["8462-4"], []], [self.codes(c["code"]) for c in o["component"]])
        self.assertEqual("mm[Hg]", o["component"][0]["valueQuantity"]["code"])
        self.assertEqual("sitting", o["component"][2]["valueString"])
        o = self.kept({"blood_glucose": {"value": 5.5, "unit": "mmol/L"}, "specimen_source":
                       "interstitial fluid", **at("2026-03-01T07:02:00Z")}, "omh:blood-glucose:4.0")
        self.assertEqual((["105272-9"], "mmol/L"),
                         (self.codes(o["code"]), o["valueQuantity"]["code"]))
        o = self.kept({"total_sleep_time": {"value": 7, "unit": "h"}, "effective_time_frame": {
            "time_interval": {"end_date_time": "2026-03-01T06:30:00Z",
                              "duration": {"value": 8, "unit": "h"}}}}, "ieee:total-sleep-time:1.0")
        self.assertEqual({"start": "2026-02-28T22:30:00.000Z", "end": "2026-03-01T06:30:00Z"},
                         o["effectivePeriod"])
        o = self.kept({"step_count": 6000}, "omh:step-count:1.0")
        self.assertEqual(("{steps}", "2026-03-01T08:00:00Z"),
                         (o["valueQuantity"]["code"], o["effectiveDateTime"]))
        typed = point({"heart_rate": {"value": 61, "unit": "beats/min"}, **at("2026-03-01T07:03:00Z")},
                      "omh:heart-rate:2.0", acquisition_provenance={"source_name": "App", "modality":
                                                                    "self-reported"})
        o = self.send(typed).json
        self.assertIn("self-reported", [t["code"] for t in o["meta"]["tag"]])
        again = self.send(typed)
        self.assertEqual(200, again.status)
        self.assertIn(f"/Observation/{o['id']}/", again.header("Location"))

    def test_open_mhealth_faults_are_told_by_path(self):
        for body, said in (
                ({"body_weight": {"value": "80", "unit": "stone"}}, "body.body_weight.unit"),
                ({"body_weight": {"value": "80", "unit": "kg"}}, "body.body_weight.value"),
                ({"body_weight": {"value": 80, "unit": "kg"}}, "body.effective_time_frame"),
                ("text", "body"), ({}, "body.body_weight")):
            a = self.send(point(body, "omh:body-weight:3.0"))
            self.assertEqual(422, a.status, a.body)
            self.assertIn(said, [e for i in a.json["issue"] for e in i["expression"]])
        for bad in ("{", "{}", "[1]", "[[]]", '{"header": 1, "body": 2}', '{"header": {}, "body": {}}',
                    json.dumps(point({}, "omh:no-such:1.0")), json.dumps(point({}, "omh:body-weight:9.0"))):
            a = self.send(bad)
            self.assertNotIn("201", a.text(), bad)
            self.assertLess(a.status, 500)
        self.assertEqual(403, self.send(point({"body_weight": {"value": 80, "unit": "kg"},
                                               **at("2026-03-01T07:00:00Z")}, "omh:body-weight:3.0",
                                              user_id="r10"), self.stranger).status)

    # ---- what is strange about a reading is kept, and said ----

    def take(self, value, code, ago_h=None, system="urn:iso:std:iso:11073:10101", **more):
        """An Observation of the Personal Health Device profile."""
        o = {"resourceType": "Observation", "status": "final", "code": {"coding": [
            {"system": system, "code": code}]}, **value, **more}
        if ago_h is not None:
            o["effectiveDateTime"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(
                time.time() - 3600 * ago_h))
        return self.server.call("POST", "/fhir/Observation", o, self.other)

    def notes(self, answer):
        self.assertIn(answer.status, (200, 201), answer.body)
        a = self.call("GET", re.search("/fhir/Observation/[^/]+", answer.header("Location"))[0])
        return a.json, [t["code"] for t in a.json.get("meta", {}).get("tag", [])]

    def test_phd_profile(self):
        o, notes = self.notes(self.take({"component": [
            {"code": {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": c}]}, "valueQuantity":
             {"value": v, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}}
            for c, v in (("150021", 121), ("150022", 79))]}, "150020", 1))
        self.assertEqual([], notes)
        self.assertEqual([["85354-9"], ["8480-6"], ["8462-4"]],
                         [self.codes(x["code"]) for x in [o] + o["component"]])
        self.assertEqual("150020", o["code"]["coding"][0]["code"])
        o, notes = self.notes(self.take({"valueSampledData": {
            "origin": {"value": 0, "unit": "%", "system": UCUM, "code": "%"}, "period": 1000,
            "dimensions": 1, "data": "95 96 E 97"}}, "150456", 1))
        self.assertEqual(["59408-5"], self.codes(o["code"]))

    def test_no_clock_no_sense_no_unit(self):
        """Kept and marked, never refused; resent within minutes it is known, tomorrow it is another."""
        pulse = {"valueQuantity": {"value": 61, "unit": "bpm", "system": UCUM, "code": "{beat}/min"}}
        first = self.take(pulse, "149530")
        o, notes = self.notes(first)
        self.assertEqual(["time-of-receipt"], notes)
        self.assertTrue(o["effectiveDateTime"])
        again = self.take(pulse, "149530")
        self.assertIn(again.status, (200, 201))  # 201 where ten minutes ended in between
        self.assertEqual(again.status == 200, again.header("Location") == first.header("Location"))
        for value, unit, note in ((9, "/min", "soft-confirm"), (61, "kg", "unit-unknown")):
            _, notes = self.notes(self.take({"valueQuantity": {
                "value": value, "unit": unit, "system": UCUM, "code": unit}}, "149530", 1))
            self.assertEqual([note], notes)

    def test_somebody_else_on_the_scale(self):
        def weigh(kg, ago_h):
            return self.notes(self.take({"valueQuantity": {
                "value": kg, "unit": "kg", "system": UCUM, "code": "kg"}}, "188736", ago_h))
        for kg, ago_h, notes in ((91, 40, []), (61.5, 39, ["other-person"]), (91.8, 38, []),
                                 (61, 20, ["other-person"]), (61.4, 6, []), (66.2, 5, []),
                                 (90, 4, ["other-person"])):
            o, had = weigh(kg, ago_h)
            self.assertEqual(notes, [n for n in had if n != "late"], kg)
        # Review R334: whoever may not write for the patient learned their weight from what stood beside the refusal.
        body = {"body_weight": {"value": 40, "unit": "kg"}, **at(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))}
        a = self.send(point(body, "omh:body-weight:3.0", user_id="r11"), self.stranger)
        self.assertEqual((403, 1), (a.status, len(a.json["issue"])), a.body)
        # A person looks and takes the mark away.
        a = self.call("POST", f"/fhir/Observation/{o['id']}/$meta-delete", {
            "resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": o["meta"]["tag"]}}]})
        self.assertEqual(200, a.status, a.body)
        self.assertEqual([], self.call("GET", f"/fhir/Observation/{o['id']}").json["meta"].get("tag", []))

    def test_table_of_a_clinic(self):
        """Each bad line by number and reason, the good ones kept, the same file again known."""
        lines = ["patient,time,measure,value,unit", "r12,2026-03-01T07:00:00Z,weight,80.5,kg",
                 "r12,2026-03-01T07:00:00Z,8480-6,16,kPa", "r12,2026-03-01 07:00,weight,80,kg",
                 "r12,2026-03-01T08:00:00,weight,80,kg", "r12,2026-03-01T07:00:00Z,length,80,kg",
                 "r12,2026-03-01T07:00:00Z,weight,much,kg", "r12,2026-03-01T07:00:00Z,weight,80,mm",
                 "nobody,2026-03-01T07:00:00Z,weight,80,kg", "r12,2026-03-01T07:00:00Z,weight", ""]
        self.call("PUT", "/fhir/Patient/r12", {"resourceType": "Patient", "id": "r12"}, "system")
        for kept, mark in ((2, "\ufeff"), (0, "")):
            a = self.call("POST", "/readings.csv", (mark + "\r\n".join(lines)),
                          headers={"Content-Type": "text/csv"})
            self.assertEqual(200, a.status, a.body)
            self.assertEqual((kept, 2 - kept), (a.json["kept"], a.json["known"]))
            self.assertEqual([4, 5, 6, 7, 8, 9, 10], [r["line"] for r in a.json["refused"]])
            self.assertTrue(all(r["reason"] for r in a.json["refused"]))
            self.assertIn("zone", a.json["refused"][1]["reason"])
        self.assertEqual(2, self.call("GET", "/fhir/Observation?subject=Patient/r12").json["total"])
        self.expect(400, self.call("POST", "/readings.csv", "a,b\n", headers={"Content-Type": "text/csv"}),
                    "first line")
        self.assertEqual([2], [r["line"] for r in self.call(
            "POST", "/readings.csv", "\n".join(lines[:2]), "stranger").json["refused"]])


if __name__ == "__main__":
    main()
