"""Readings that a device sends in a Bundle go through the same intake as one alone."""
from weft_http import Case, main


class BundleReadings(Case):
    roles = ("nurse", "system")

    @classmethod
    def before_start(cls):
        cls.device = cls.server.token("device", "--reference", "Device/scale", "--patient", "r10")


    def test_r10_resent_and_future_dated(self):
        self.put("Patient", {"resourceType": "Patient", "id": "r10"})
        self.put("Device", {"resourceType": "Device", "id": "scale", "patient":
                            {"reference": "Patient/r10"}})
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
        found = self.call("GET", "/fhir/Observation?subject=Patient/r10").json
        self.assertEqual(1, found["total"])
        seen = found["entry"][0]["resource"]
        self.assertIn("future-dated", [t["code"] for t in seen["meta"]["tag"]])
        self.assertEqual("Device/scale", seen["device"]["reference"])

    def put(self, kind, resource):
        a = self.call("PUT", f"/fhir/{kind}/{resource['id']}", resource)
        self.assertEqual(201, a.status, a.body)


if __name__ == "__main__":
    main()
