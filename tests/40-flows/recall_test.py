"""Recalls of devices: brought as openFDA publishes them, found among the devices here, those with patients first; told
once to support and never to a nurse; a kit that one holds is not shipped; closed when of each it is said what was done."""
import unittest

from flows import FlowCase, main, wait_for

OWN = "https://weft.health/fhir/StructureDefinition/"


def recall(number, **more):
    return {"recall_number": number, "product_type": "Devices", "recalling_firm": "Fir Devices, Inc.",
            "reason_for_recall": "The battery may overheat.", "classification": "Class I", "status": "Ongoing",
            "recall_initiation_date": "20261101", "code_info": "All units", **more}


class Recall(FlowCase):
    def model(self, name, maker="Fir Devices"):
        return self.expect(201, self.call("POST", "/fhir/DeviceDefinition", {
            "resourceType": "DeviceDefinition", "modelNumber": name, "manufacturerString": maker,
            "extension": [{"url": OWN + "sbom", "valueUri": "https://fir.example/x.cdx.json"},
                          {"url": OWN + "support-end", "valueDate": "2031-12-31"},
                          {"url": OWN + "patch-process", "valueString": "In rings"},
                          {"url": OWN + "implantable", "valueCode": "no"}]}, "admin")).json["id"]

    def bring(self, *all, status=201, user="admin"):
        return self.expect(status, self.call("POST", "/fleet/recalls", {"meta": {}, "results": list(all)}, user)).json

    def kit(self, model, serial, patient=None, **more):
        one = self.expect(201, self.call("POST", "/fleet", {"model": model, "serial": serial, **more}, "admin")).json["id"]
        if patient:
            self.ship(one, 200, patient)
        return one

    def ship(self, kit, status, patient="p0008"):
        return self.expect(status, self.call("POST", f"/fleet/{kit}/state", {"state": "shipped", "patient": patient},
                                             "agent"))

    def cases(self, number):
        return self.found("/fhir/Task?group-identifier=device-recall/" + number)

    def step(self, number, step, status=200, user="nurse", **body):
        return self.expect(status, self.call("POST", f"/fleet/recalls/{number}/{step}", body, user)).json

    def test_from_the_document_to_what_was_done(self):
        model = self.model("FIR-7")
        shelf, home = self.kit(model, "S100", lot="L700"), self.kit(model, "S150", "p0008")
        other = self.kit(model, "S300", "p0008", udi="(01)00850000000034(10)L701(21)S300")
        number = "Z-0701-2026"
        taken = self.bring(recall(number, product_description="Home hub model FIR-7",
                                  code_info="Serial numbers S100 through S200; lot L900"),
                           recall("Z-0702-2026", product_description="Home hub model FIR-9"),
                           recall("Z-0703-2026", product_description="Home hub model FIR-7", status="Terminated"),
                           {"product_type": "Food"})
        self.assertEqual((3, 1, 1), tuple(taken[k] for k in ("recalls", "over", "others")))
        case, = wait_for(lambda: self.cases(number), "the case")
        self.assertEqual(["case", "technical"], [c["code"] for c in case["code"]["coding"]])
        self.assertNotIn("for", case)
        self.assertEqual("asap", case["priority"])
        self.assertIn(number, case["description"])
        self.assertEqual([], self.cases("Z-0702-2026") + self.cases("Z-0703-2026"))
        one = self.get(f"/fleet/recalls/{number}")
        self.assertEqual([(home, "serial"), (shelf, "serial")], [(d["id"], d["how"]) for d in one["concerned"]])
        self.assertEqual((2, 1, 2), tuple(one[k] for k in ("devices", "patients", "left")))
        self.assertIn("patientName", one["concerned"][0])
        self.assertEqual([number], [r["id"] for r in self.get("/fleet/recalls", "agent")["recalls"] if "FIR-7" in r["product"]])
        nurses = self.found("/fhir/Task?code=https://weft.health/fhir/task-code%7Ccase"
                            "&code:not=https://weft.health/fhir/task-code%7Ctechnical")
        self.assertNotIn(case["id"], [t["id"] for t in nurses])
        # What it holds stays on the shelf; what it does not concern goes out.
        self.assertIn(number, self.ship(shelf, 422).text())
        self.kit(model, "S301", "p0008", lot="L700")
        # A new one of its numbers is found, and held at once.
        late = self.kit(model, "S199")
        self.ship(late, 422)
        wait_for(lambda: len(self.cases(number)[0].get("input", [])) or
                 self.cases(number)[0]["meta"]["versionId"] != case["meta"]["versionId"], "the new one in the case")
        self.assertEqual(1, len(self.cases(number)))
        # The words of its notice: written by one, approved by another, read out where the number is known.
        self.step(number, "notice", text="Unplug it. We send another one.")
        self.assertNotIn("notice", self.get(f"/fleet/recalls/{number}", "agent"))
        self.step(number, "approve", 403)
        self.step(number, "approve", user="admin")
        said = self.get(f"/fleet/recalls/{number}", "agent")
        self.assertEqual(("Unplug it. We send another one.", "admin"), (said["notice"]["text"], said["notice"]["approver"]))
        self.assertEqual([True] * 3, [d["say"] for d in said["concerned"]])
        # Closed when something is said of each.
        self.step(number, "close", 422, note="All exchanged.")
        self.step(number, "device", 403, "agent", device=home, done="replaced")
        self.step(number, "device", 400, device=home, done="melted")
        self.step(number, "device", 400, device=shelf, done="corrected")  # how?
        self.step(number, "device", 400, device=other, done="replaced")  # not concerned
        self.step(number, "device", device=home, done="replaced")
        self.step(number, "device", device=shelf, done="corrected", note="New battery, by the maker.")
        self.step(number, "device", device=late, done="returned")
        self.ship(shelf, 200)
        self.ship(late, 422)
        self.step(number, "close", 400)
        closed = self.step(number, "close", note="All exchanged.")
        self.assertEqual(("closed", "nurse", 0), (closed["state"], closed["closed"]["who"], closed["left"]))
        self.step(number, "close", 409, note="Again.")
        self.assertEqual({home: "replaced", shelf: "corrected", late: "returned"},
                         {d["id"]: d["done"] for d in self.get(f"/fleet/recalls/{number}")["concerned"]})

    def test_by_udi_software_and_what_is_to_be_checked(self):
        model = self.model("FIR-8", maker="Another name")
        by_udi = self.kit(model, "U1", udi="(01)00850000000041(10)B1(21)U1")
        self.bring(recall("Z-0801-2026", product_description="Scale", code_info="UDI-DI 00850000000041; all lots",
                          classification="Class II"))
        wait_for(lambda: self.cases("Z-0801-2026"), "the case")
        self.assertEqual([(by_udi, "udi")], [(d["id"], d["how"]) for d in self.get("/fleet/recalls/Z-0801-2026")["concerned"]])
        soft = self.model("FIR-6")
        kit = self.kit(soft, "V1")
        self.bring(recall("Z-0802-2026", product_description="Hub FIR-6", code_info="Software version 3.2 and lower"))
        wait_for(lambda: self.cases("Z-0802-2026"), "the case")
        one, = self.get("/fleet/recalls/Z-0802-2026")["concerned"]
        self.assertEqual((kit, "check", False), (one["id"], one["how"], one["say"]))

    def test_the_other_shape_and_the_same_again(self):
        model = self.model("FIR-5")
        self.kit(model, "W1")
        body = {"product_res_number": "Z-0501-2026", "recalling_firm": "Fir", "product_description": "FIR-5 hub",
                "code_info": "", "recall_status": "Open, Classified", "event_date_initiated": "2026-11-01"}
        for _ in range(2):
            self.bring(body)
        case, = wait_for(lambda: self.cases("Z-0501-2026"), "the case")
        self.bring({**body, "recall_status": "Terminated"})  # it ends there; here a person ends it
        one = self.get("/fleet/recalls/Z-0501-2026")
        self.assertEqual(("Terminated", "open"), (one["status"], one["state"]))
        self.assertEqual(case["id"], self.cases("Z-0501-2026")[0]["id"])

    def test_who_may_and_what_is_refused(self):
        for user in ("agent", "outreach", "privacy", "patient"):
            self.bring(status=403, user=user)
        self.expect(403, self.call("GET", "/fleet/recalls", user="outreach"))
        said = self.bring(recall("Z-1", product_description="x"), {"recall_number": "Z-2"}, status=400)
        self.assertIn("Entry 2", str(said))
        self.assertIn("results[1].product_description", str(said))
        self.expect(404, self.call("GET", "/fleet/recalls/Z-none"))
        self.step("Z-none", "close", 404, note="x")


if __name__ == "__main__":
    main()
