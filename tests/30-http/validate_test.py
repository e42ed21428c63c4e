"""$validate and strict types over HTTP: what is wrong is told with 200; what is refused, with 422."""
import json
import os
import tempfile
import unittest

from weft_http import Case, main, observation, weft

BP = "http://hl7.org/fhir/StructureDefinition/bp"
VITALS = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
US_PATIENT = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
OWN = "http://example.org/fhir/StructureDefinition/own-patient"
CATEGORY = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                         "code": "vital-signs"}]}]


def own(**element):
    """A profile of Patient with one rule."""
    return {"resourceType": "StructureDefinition", "url": OWN, "name": "OwnPatient",
            "status": "active", "kind": "resource", "abstract": False, "type": "Patient",
            "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
            "derivation": "constraint",
            "differential": {"element": [{"id": element["path"], **element}]}}


class Validate(Case):
    roles = ("nurse", "system", "admin")

    def ask(self, path, body=None, method="POST", status=200):
        return self.expect(status, self.call(method, "/fhir" + path, body)).json["issue"]

    def told(self, issues, severity="error"):
        return [(i.get("expression", [""])[0], i["details"]["text"]) for i in issues
                if i["severity"] == severity]

    def test_a_bare_resource(self):
        self.assertEqual([], self.told(self.ask("/Patient/$validate", {
            "resourceType": "Patient", "active": True})))
        wrong = self.told(self.ask("/Patient/$validate", {
            "resourceType": "Patient", "active": "yes", "contact": [{"gender": "male"}]}))
        self.assertEqual(["Patient.active", "Patient.contact[0]"], [w[0] for w in wrong])
        self.assertIn("[pat-1]", wrong[1][1])

    def test_profiles_by_query_meta_and_parameters(self):
        reading = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
        by_query = self.told(self.ask("/Observation/$validate?profile=" + VITALS, reading))
        self.assertIn(("Observation.subject",
                       "At least 1 of this element is required, 0 given; add it. [min, %s]"
                       % VITALS), by_query)
        claimed = {**reading, "meta": {"profile": [VITALS]}}
        self.assertEqual(by_query, self.told(self.ask("/Observation/$validate", claimed)))
        wrapped = {"resourceType": "Parameters", "parameter": [
            {"name": "mode", "valueCode": "profile"}, {"name": "profile", "valueUri": VITALS},
            {"name": "resource", "resource": reading}]}
        self.assertEqual(by_query, self.told(self.ask("/Observation/$validate", wrapped)))

    def test_an_unknown_profile_is_said(self):
        issues = self.ask("/Patient/$validate?profile=http://example.org/none",
                          {"resourceType": "Patient"})
        self.assertIn("http://example.org/none", self.told(issues, "warning")[0][1])

    def test_us_core_and_its_value_sets(self):
        """One wrong code does not make the others unknown."""
        us, cdc = US_PATIENT[:-7], "urn:oid:2.16.840.1.113883.6.238"

        def group(name, code):
            return {"url": us + name, "extension": [
                {"url": "ombCategory", "valueCoding": {"system": cdc, "code": code}},
                {"url": "text", "valueString": "x"}]}
        p = {"resourceType": "Patient", "gender": "female", "name": [{"family": "Q"}],
             "identifier": [{"system": "urn:x", "value": "1"}],
             "extension": [group("race", "2106-3"), group("ethnicity", "2186-5"),
                           {"url": us + "birthsex", "valueCode": "F"}]}
        at = "/Patient/$validate?profile=" + US_PATIENT
        self.assertEqual([], self.told(self.ask(at, p)))
        self.assertNotIn("cannot be checked", str(self.ask(at, p)))
        p["extension"][0] = group("race", "2135-2")  # an ethnicity
        issues = self.ask(at, p)
        self.assertIn("omb-race-category", str(self.told(issues)))
        self.assertNotIn("cannot be checked", str(issues))
        carried = {"resourceType": "QuestionnaireResponse", "status": "completed"}
        wrong = self.told(self.ask("/QuestionnaireResponse/$validate?profile=%squestionnaireresponse"
                                   % us, carried))
        self.assertLessEqual({"QuestionnaireResponse.questionnaire", "QuestionnaireResponse.authored"},
                             {w[0] for w in wrong})

    def test_must_support_is_listed_when_asked(self):
        url = "/Patient/$validate?profile=" + US_PATIENT
        plain = self.told(self.ask(url, {"resourceType": "Patient"}), "information")
        listed = self.told(self.ask(url + "&mustSupport=true", {"resourceType": "Patient"}),
                           "information")
        self.assertNotIn("Patient.birthDate", [i[0] for i in plain])
        self.assertIn("Patient.birthDate", [i[0] for i in listed])

    def test_stored_ones_and_modes(self):
        pid = self.patient().split("/")[-1]
        path = f"/Patient/{pid}/$validate"
        self.assertEqual([], self.told(self.ask(path, method="GET")))
        self.assertTrue(self.told(self.ask(path + "?profile=" + US_PATIENT, method="GET")))
        self.assertEqual([], self.told(self.ask(path + "?mode=update", {
            "resourceType": "Patient", "id": pid})))
        self.assertEqual(["Patient.id"], [i[0] for i in self.told(self.ask(
            path + "?mode=update", {"resourceType": "Patient", "id": "other"}))])
        self.assertEqual([], self.told(self.ask(path + "?mode=delete")))
        self.ask("/Patient/none/$validate?mode=delete", status=404)
        self.ask("/Patient/$validate?mode=update", {"resourceType": "Patient"}, status=400)
        self.ask("/Patient/$validate?mode=maybe", {"resourceType": "Patient"}, status=400)
        self.ask("/Patient/$validate", status=400)
        self.expect(400, self.call("POST", "/fhir/Patient/$validate", b"{"))

    def test_a_posted_profile_counts_at_once_and_changes(self):
        made = self.create(own(path="Patient.birthDate", min=1), token="admin")
        self.assertEqual(201, made.status, made.text())
        body = {"resourceType": "Patient", "meta": {"profile": [OWN]}}
        self.assertEqual(["Patient.birthDate"],
                         [i[0] for i in self.told(self.ask("/Patient/$validate", body))])
        sid = made.json["id"]
        self.expect(200, self.call("PUT", f"/fhir/StructureDefinition/{sid}", {
            **own(path="Patient.gender", min=1), "id": sid}, token="admin"))
        self.assertEqual(["Patient.gender"],
                         [i[0] for i in self.told(self.ask("/Patient/$validate", body))])
        self.expect(200, self.call("PUT", f"/fhir/StructureDefinition/{sid}", {
            **own(path="Patient.nonsense", min=1), "id": sid}, token="admin"))
        warned = self.told(self.ask("/Patient/$validate", body), "warning")
        self.assertTrue(any("cannot be used" in w[1] for w in warned), warned)

    def test_invariants_are_asked_of_every_write(self):
        refused = self.call("POST", "/fhir/Patient", {
            "resourceType": "Patient", "contact": [{"gender": "male"}]})
        self.expect(422, refused, "pat-1")
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": {"resourceType": "Patient", "contact": [{"gender": "male"}]},
             "request": {"method": "POST", "url": "Patient"}} for _ in range(2)]}
        told = self.expect(422, self.call("POST", "/fhir", bundle))
        self.assertEqual([f"Bundle.entry[{i}].resource.contact[0]" for i in (0, 1)],
                         [i["expression"][0] for i in told.json["issue"]])


class Strict(Case):
    roles = ("nurse", "system", "admin")
    config = f"validate.strict = Observation={VITALS}, Device\n"

    def test_a_strict_type(self):
        patient = self.patient()
        bare = observation(patient)
        refused = self.expect(422, self.call("POST", "/fhir/Observation", bare), VITALS)
        self.assertTrue(all(i["severity"] == "error" for i in refused.json["issue"]))
        good = {**bare, "category": CATEGORY, "valueQuantity": {
            "value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}}
        good.setdefault("effectiveDateTime", "2026-02-03")
        self.assertEqual(201, self.create(good).status)
        self.expect(422, self.call("POST", "/fhir", {
            "resourceType": "Bundle", "type": "transaction", "entry": [
                {"resource": bare, "request": {"method": "POST", "url": "Observation"}}]}), VITALS)
        unknown = {"resourceType": "Device", "meta": {"profile": ["http://example.org/none"]}}
        self.expect(422, self.call("POST", "/fhir/Device", unknown, token="admin"),
                    "http://example.org/none")

    def test_an_import(self):
        with tempfile.TemporaryDirectory() as folder:
            data, conf = os.path.join(folder, "d"), os.path.join(folder, "weft.conf")
            lines = os.path.join(folder, "x.ndjson")
            with open(conf, "w", encoding="utf-8") as f:
                f.write("validate.strict = Patient=" + US_PATIENT + "\n")
            with open(lines, "w", encoding="utf-8") as f:
                f.write(json.dumps({"resourceType": "Patient", "id": "p1"}) + "\n")
            weft("init", "--data", data)
            with self.assertRaises(AssertionError) as told:
                weft("import", "--data", data, "--config", conf, lines)
            self.assertIn("Patient.identifier", str(told.exception))
            self.assertIn("us-core-patient", str(told.exception))
            weft("import", "--data", data, lines)


if __name__ == "__main__":
    main()
