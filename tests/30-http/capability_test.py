"""The CapabilityStatement: every interaction and operation that it claims is there, and what it does not claim
is refused. Its parameters and includes are walk_test.py's."""
from weft_http import Case, main

class Capability(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        answer = cls.server.call("GET", "/fhir/metadata")
        cls.statement = answer.json
        cls.etag = answer.header("ETag")

    def test_is_a_capability_statement(self):
        s = self.statement
        self.assertEqual(("CapabilityStatement", "4.0.1", "active", "instance"),
                         (s["resourceType"], s["fhirVersion"], s["status"], s["kind"]))
        self.assertIn("application/fhir+json", s["format"])
        types = [r["type"] for r in s["rest"][0]["resource"]]
        self.assertEqual(sorted(set(types)), types)
        self.assertGreaterEqual(len(types), 145)
        self.assertEqual(304, self.call("GET", "/fhir/metadata",
                                        headers={"If-None-Match": self.etag}).status)

    def test_is_valid_by_our_own_rules(self):
        made = self.call("POST", "/fhir/CapabilityStatement", self.statement, "system")
        self.assertEqual(201, made.status, made.body[:1500])

    def test_every_interaction(self):
        for resource in self.statement["rest"][0]["resource"]:
            kind = resource["type"]
            claimed = {i["code"] for i in resource["interaction"]}
            answers = {
                "read": self.call("GET", f"/fhir/{kind}/none-such"),
                "vread": self.call("GET", f"/fhir/{kind}/none-such/_history/1"),
                "history-instance": self.call("GET", f"/fhir/{kind}/none-such/_history"),
                "search-type": self.call("GET", f"/fhir/{kind}?_count=1", token="system"),
                "create": self.call("POST", f"/fhir/{kind}", {"resourceType": "Wrong"}, "system"),
                "update": self.call("PUT", f"/fhir/{kind}/x", {"resourceType": "Wrong"}, "system"),
                "delete": self.call("DELETE", f"/fhir/{kind}/none-such", token="system"),
            }
            for code, a in answers.items():
                if code in claimed:
                    self.assertIn(a.status, (200, 204, 400, 403, 404, 422), (kind, code, a.body[:300]))
                else:
                    self.assertIn(a.status, (404, 405), (kind, code))
            self.assertEqual(200, answers["search-type"].status, kind)
        self.assertEqual({"transaction", "batch", "search-system", "history-system"},
                         {i["code"] for i in self.statement["rest"][0]["interaction"]})

    def test_every_operation(self):
        found = {}
        for resource in self.statement["rest"][0]["resource"]:
            for operation in resource.get("operation", []):
                found[resource["type"] + "." + operation["name"]] = operation
        self.assertLessEqual({"Task.claim", "Task.release", "Task.snooze", "Task.resolve",
                              "Patient.limits", "Communication.check", "Communication.send",
                              "Communication.undo"}, set(found))
        for name, operation in found.items():
            kind, short = name.split(".")
            for path, method in ((f"/fhir/{kind}/none-such/${short}", "POST"),
                                 (f"/fhir/{kind}/${short}", "POST"),
                                 (f"/fhir/{kind}/none-such/${short}", "GET")):
                a = self.call(method, path, {} if method == "POST" else None)
                if a.status not in (404, 405) or "operation of this name" not in a.body.decode():
                    break
            else:
                self.fail(f"{name} is claimed but nowhere to be found")

    def test_what_is_not_claimed_is_refused(self):
        self.expect(405, self.call("PUT", "/fhir", {}))
        self.expect(405, self.call("PATCH", "/fhir", {}))
        self.expect(400, self.call("GET", "/fhir/metadata?mode=terminology"))


if __name__ == "__main__":
    main()
