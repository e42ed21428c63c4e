"""What a model is made of and what is known to be wrong with it: documents are brought, matched, told once to support
and never to a nurse; what somebody says of one stands with their name."""
import csv
import io
import unittest

from flows import FlowCase, main, wait_for

OWN = "https://weft.health/fhir/StructureDefinition/"
HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def cyclonedx(**parts):
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"component": {"name": "hub", "version": "3.2.1"}},
            "components": [{"type": "library", "name": n, "version": v, "purl": f"pkg:npm/{n}@{v}"}
                           for n, v in parts.items()]}


def osv(id, name, fixed, score=HIGH, **more):
    return {"id": id, "modified": "2026-11-01T00:00:00Z", "summary": f"{name} is weak.",
            "severity": [{"type": "CVSS_V3", "score": score}],
            "affected": [{"package": {"ecosystem": "npm", "name": name},
                          "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}], **more}


class Parts(FlowCase):
    def model(self, name):
        return self.expect(201, self.call("POST", "/fhir/DeviceDefinition", {
            "resourceType": "DeviceDefinition", "modelNumber": name,
            "extension": [{"url": OWN + "support-end", "valueDate": "2031-12-31"},
                          {"url": OWN + "patch-process", "valueString": "In rings"},
                          {"url": OWN + "implantable", "valueCode": "no"}]}, "admin")).json["id"]

    def bring(self, path, body, status=201, user="admin"):
        return self.expect(status, self.call("POST", path, body, user)).json

    def of(self, model, user="nurse"):
        found = [m for m in self.get("/fleet/vulnerabilities", user)["models"] if m["id"] == model]
        return found[0] if found else None

    def cases(self, model):
        return [t for t in self.found("/fhir/Task?group-identifier=device-security/" + model)]

    def test_from_the_document_to_support_once(self):
        model = self.model("PARTS")
        body = {"model": model, "serial": "P-1"}
        self.expect(422, self.call("POST", "/fleet", body), "DEV-11")  # no parts list
        taken = self.bring(f"/fleet/models/{model}/parts", cyclonedx(radio="1.4.0", tinyssl="2.0.0"))
        self.assertEqual(("CycloneDX", "3.2.1", 2, 0),
                         tuple(taken[k] for k in ("format", "firmware", "parts", "unmatched")))
        self.expect(201, self.call("POST", "/fleet", body))  # now it has one
        self.assertEqual(["radio", "tinyssl"],
                         [p["name"] for p in self.get(f"/fleet/models/{model}/parts")["parts"]])
        self.bring("/fleet/vulnerabilities", [osv("OSV-1", "radio", "1.4.1", aliases=["CVE-2026-1001"]),
                                              osv("OSV-2", "radio", "1.3.0"), osv("OSV-3", "other", "9")])
        case, = wait_for(lambda: self.cases(model), "the case")
        self.assertEqual(["case", "technical"], [c["code"] for c in case["code"]["coding"]])
        self.assertNotIn("for", case)
        self.assertIn("OSV-1 (CVSS 9.8)", case["description"])
        found, = self.of(model)["found"]
        self.assertEqual(("OSV-1", "radio", "1.4.0", "1.4.1", 9.8, "critical", False),
                         tuple(found[k] for k in ("id", "part", "version", "fixed", "score", "severity", "exploited")))
        # The same again, and the catalogue of exploited ones: shown, not told again.
        self.bring("/fleet/vulnerabilities", osv("OSV-1", "radio", "1.4.1", aliases=["CVE-2026-1001"]))
        self.bring("/fleet/vulnerabilities", {"title": "catalogue", "vulnerabilities": [
            {"cveID": "CVE-2026-1001", "dueDate": "2026-12-01"}]})
        self.assertEqual((True, "2026-12-01"), tuple(self.of(model)["found"][0][k] for k in ("exploited", "due")))
        self.bring("/fleet/vulnerabilities", osv("OSV-4", "tinyssl", "2.0.1", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N"))
        wait_for(lambda: self.cases(model)[0]["meta"]["versionId"] != case["meta"]["versionId"], "the second one")
        self.assertEqual(1, len(self.cases(model)))
        self.assertEqual(["OSV-1", "OSV-4"], [f["id"] for f in self.of(model)["found"]])
        nurses = self.found("/fhir/Task?code=https://weft.health/fhir/task-code%7Ccase"
                            "&code:not=https://weft.health/fhir/task-code%7Ctechnical")
        self.assertNotIn(case["id"], [t["id"] for t in nurses])
        self.bring(f"/fleet/models/{model}/parts", cyclonedx(radio="1.4.1", tinyssl="2.0.1"))
        self.assertEqual([], self.of(model)["found"])

    def runs(self, model, version, tag=("active",)):
        body = {"resourceType": "Device", "status": "active", "definition": {"reference": f"DeviceDefinition/{model}"}}
        if tag:
            body["meta"] = {"tag": [{"system": "https://weft.health/fhir/device-life", "code": code} for code in tag]}
        if version:
            body["version"] = [{"type": {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "531976"}]},
                                "value": version}]
        return self.expect(201, self.call("POST", "/fhir/Device", body, "admin")).json["id"]

    def test_devices_are_counted_by_what_they_run(self):
        """A bill of materials belongs to versions of the firmware; what a device runs decides."""
        model, plain = self.model("RUNS"), self.model("PLAIN")
        path = f"/fleet/models/{model}/parts"
        old = self.bring(path + "?from=3.0&to=3.1.9", cyclonedx(modem="1.0.0", shared="1.0"))
        self.assertEqual(("3.0", "3.1.9"), (old["from"], old["to"]))
        new = self.bring(path, cyclonedx(modem="1.1.0", shared="1.0"))  # of 3.2.1, as it says itself
        self.assertEqual(("3.2.1", "3.2.1"), (new["from"], new["to"]))
        for version in ("3.0.4", "3.1.2", "3.1.2", "3.2.1", "4.0", None):
            self.runs(model, version)
        self.bring(f"/fleet/models/{plain}/parts?from=1", cyclonedx(modem="1.0.0"))
        self.bring("/fleet/vulnerabilities", [osv("OSV-RUN-1", "modem", "1.1.0"),
                                              osv("OSV-RUN-2", "shared", "2", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N")])
        one = self.of(model)
        self.assertEqual((6, 2), (one["devices"], one["unsure"]))
        self.assertEqual([3, 1], [b["devices"] for b in one["boms"]])
        self.assertEqual([("OSV-RUN-1", 3), ("OSV-RUN-2", 4)], [(f["id"], f["devices"]) for f in one["found"]])
        self.assertEqual([("3.0.4", 1), ("3.1.2", 2)],
                         [(r["firmware"], r["devices"]) for r in one["found"][0]["running"]])
        self.assertEqual(0, self.of(plain)["found"][0]["devices"])
        self.assertEqual("1.0.0", self.get(f"{path}?firmware=3.1.0")["parts"][0]["version"])
        self.assertEqual("1.1.0", self.get(path)["parts"][0]["version"])
        self.expect(404, self.call("GET", f"{path}?firmware=9"))
        self.runs(model, "3.1.9")  # one more that runs it
        self.assertEqual(4, self.of(model)["found"][0]["devices"])
        self.runs(model, "3.1.9", ())  # nobody said where it is in its life: in use, as its status says
        self.runs(model, "3.1.9", ("active", "lost"))  # nor does one count of which something later is said
        self.assertEqual(5, self.of(model)["found"][0]["devices"])
        rows = list(csv.DictReader(io.StringIO(self.call("GET", "/fleet/vulnerabilities.csv", user="nurse").body.decode())))
        mine = [(r["firmware"], r["devices"], r["vulnerability"]) for r in rows if r["model"] == "RUNS"]
        self.assertEqual([("3.0.4", "1", "OSV-RUN-1"), ("3.1.2", "2", "OSV-RUN-1"), ("3.1.9", "2", "OSV-RUN-1")], mine[:3])
        self.assertIn(("PLAIN", "", "0"), [(r["model"], r["firmware"], r["devices"]) for r in rows])
        self.expect(403, self.call("GET", "/fleet/vulnerabilities.csv", user="outreach"))
        for query in ("?from=2&to=1", "?from=a/b", "?to=" + "1" * 41):
            self.bring(path + query, cyclonedx(), 400)

    def test_r511_one_package_with_many(self):
        """R511: a list that grew past 512 bytes within one transaction was read as it was before. More than a page of them, and the same again: each is found once."""
        model = self.model("MANY")
        self.bring(f"/fleet/models/{model}/parts", cyclonedx(kernel="1.0"))
        for _ in range(2):
            self.bring("/fleet/vulnerabilities", [osv(f"OSV-K-{i}", "kernel", "1.1") for i in range(230)])
        self.assertEqual(230, len({f["id"] for f in self.of(model)["found"]}))
        self.assertEqual(230, len(self.of(model)["found"]))

    def test_not_affected_because(self):
        """Said before it comes, it opens no case; who said it stands with it."""
        model, told = self.model("VEX"), self.model("TOLD")
        one = osv("OSV-7", "vexed", "3.0")
        self.bring("/fleet/vulnerabilities", one)
        path, said = f"/fleet/models/{model}/vex", {"vulnerability": "OSV-7", "status": "not_affected"}
        self.bring(path, said, 400)
        said["justification"] = "vulnerable_code_not_in_execute_path: the radio is off."
        self.bring(path, said, 403, "agent")
        self.bring(path, {**said, "vulnerability": "OSV-none"}, 400)
        self.bring(path, {**said, "status": "perhaps"}, 400)
        self.bring(path, said, 200, "nurse")
        for m in (model, told):
            self.bring(f"/fleet/models/{m}/parts", cyclonedx(vexed="2.0"))
        wait_for(lambda: self.cases(told), "the case of the other model")
        self.assertEqual([], self.cases(model))
        vex = self.of(model)["found"][0]["vex"]
        self.assertEqual(("not_affected", "nurse"), (vex["status"], vex["who"]))
        self.assertIn("not_in_execute_path", vex["justification"])

    def test_r507_what_is_too_large_to_keep_is_refused(self):
        """R507: it was kept cut short, and then nobody could read any model of it."""
        large = {"id": "OSV-LARGE", "modified": "2026-11-01T00:00:00Z", "affected": [
            {"package": {"ecosystem": "npm", "name": "large", "purl": "pkg:npm/" + "x" * 3000},
             "versions": [f"1.{i}" for i in range(500)]}]}
        self.assertIn("too large", str(self.bring("/fleet/vulnerabilities", [large], 413)))
        self.bring("/fleet/vulnerabilities", {**large, "affected": []})

    def test_who_may_and_what_is_refused(self):
        model = self.model("WHO")
        for user in ("agent", "outreach", "privacy", "patient"):
            self.bring(f"/fleet/models/{model}/parts", cyclonedx(), 403, user)
            self.bring("/fleet/vulnerabilities", [], 403, user)
        self.expect(200, self.call("GET", "/fleet/vulnerabilities", user="agent"))
        self.expect(403, self.call("GET", "/fleet/vulnerabilities", user="outreach"))
        self.bring(f"/fleet/models/{model}/parts", {"bomFormat": "mine"}, 400)
        self.bring("/fleet/models/none/parts", cyclonedx(), 404)
        self.bring("/fleet/vulnerabilities", {"id": "x"}, 400)
        self.expect(404, self.call("GET", f"/fleet/models/{model}/parts"))
        deep = {"bomFormat": "CycloneDX", "components": []}
        for _ in range(20):
            deep = {"bomFormat": "CycloneDX", "components": [{"name": "x", **deep}]}
        self.bring(f"/fleet/models/{model}/parts", deep, 413)
        spdx = {"spdxVersion": "SPDX-2.3", "packages": [{"name": "bare", "versionInfo": "1"}]}
        self.assertEqual(1, self.bring(f"/fleet/models/{model}/parts", spdx)["unmatched"])


if __name__ == "__main__":
    main()
