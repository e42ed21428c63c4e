"""weft import --devices: bills of materials, vulnerabilities and recalls from files, packed or not, many at a time; a file
with one wrong entry is left out whole, with its line; what came in is looked for when the server runs."""
import gzip
import json
import os
import subprocess
import tempfile
import unittest

from flows import WEFT, FlowCase, main, wait_for
from parts_test import cyclonedx, osv

OWN = "https://weft.health/fhir/StructureDefinition/"


class FleetImport(FlowCase):
    def file(self, name, text, packed=False):
        path = os.path.join(self.folder, name)
        with (gzip.open if packed else open)(path, "wt", encoding="utf-8") as f:
            f.write(text)
        return path

    def run_import(self, *words, code=0):
        done = subprocess.run([WEFT, "import", "--data", self.house.data, "--devices", *words], capture_output=True,
                              text=True, timeout=600, env=self.clock.env())
        self.assertEqual(code, done.returncode, done.stderr)
        return done.stdout + done.stderr

    def test_files(self):
        self.folder = tempfile.mkdtemp(prefix="weft-fleet-import-")
        model = self.expect(201, self.call("POST", "/fhir/DeviceDefinition", {
            "resourceType": "DeviceDefinition", "modelNumber": "FILE-1", "manufacturerString": "Yew Devices", "extension": [
                {"url": OWN + "sbom", "valueUri": "https://yew.example/x"},
                {"url": OWN + "support-end", "valueDate": "2031-12-31"},
                {"url": OWN + "patch-process", "valueString": "In rings"}, {"url": OWN + "implantable", "valueCode": "no"}]},
            "admin")).json["id"]
        self.expect(201, self.call("POST", "/fleet", {"model": model, "serial": "Y1"}, "admin"))
        self.house.stop()
        sbom = self.file("sbom.json.gz", json.dumps(cyclonedx(filed="1.0", other="2.0")), True)
        many = [osv(f"OSV-F-{i}", f"pack{i % 40}", "1.0") for i in range(1500)] + [osv("OSV-F-HIT", "filed", "1.1")]
        feed = self.file("feed.json.gz", "[\n" + ",\n".join(map(json.dumps, many)) + "\n]", True)
        lines = self.file("lines.json", "\n".join(json.dumps(osv(f"OSV-L-{i}", "other", "2.1")) for i in range(3)))
        kev = self.file("kev.json", json.dumps({"title": "x", "count": 1, "vulnerabilities": [
            {"cveID": "CVE-2026-7001", "dueDate": "2026-12-01"}], "dateReleased": "2026-11-01"}, indent=1))
        bad = self.file("bad.json", "[\n" + json.dumps(osv("OSV-BAD-1", "other", "2.1")) + ",\n{\"id\": \"x\"}\n]")
        cut = self.file("cut.json", json.dumps([osv("OSV-CUT-1", "other", "2.1")])[:-3])
        recalls = self.file("recalls.json", json.dumps({"meta": {}, "results": [
            {"recall_number": "Z-0601-2026", "recalling_firm": "Yew", "product_description": "FILE-1", "code_info": "all lots",
             "classification": "Class III", "status": "Ongoing"}]}))
        self.assertIn("bill of materials", self.run_import("parts", "--model", model, "--from", "1.0", sbom))
        self.run_import("parts", "--model", "none", sbom, code=1)
        self.run_import("parts", sbom, code=2)
        self.run_import("melons", sbom, code=2)
        self.assertIn("1501 entries", self.run_import("vulnerabilities", feed, lines, kev))
        said = self.run_import("vulnerabilities", bad, cut, code=1)
        self.assertIn("bad.json:3: ", said)
        self.assertIn("cut.json:1: ends in the middle", said)
        self.assertIn("recalls.json: 1 entries", self.run_import("recalls", recalls))
        self.house.tokens = {}
        self.house.start()
        wait_for(lambda: self.found("/fhir/Task?group-identifier=device-security/" + model), "the case of weaknesses")
        wait_for(lambda: self.found("/fhir/Task?group-identifier=device-recall/Z-0601-2026"), "the case of the recall")
        one, = [m for m in self.get("/fleet/vulnerabilities", "nurse")["models"] if m["id"] == model]
        self.assertEqual(("1.0", ["OSV-F-HIT", "OSV-L-0", "OSV-L-1", "OSV-L-2"]),
                         (one["boms"][0]["from"], [f["id"] for f in one["found"]]))


if __name__ == "__main__":
    main()
