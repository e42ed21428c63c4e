"""Writes of FHIR's REST interface as clients send them: patches, conditions, deletes and coming back,
Bundles with every verb, Prefer, and clients that race."""
import base64
import gzip
import json
import threading

from weft_http import FHIR, Case, main, observation

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
SYSTEM = "http://example.org/w"


def marked(value, **more):
    return {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": value}], **more}


def operation(kind, **parts):
    part = [{"name": "type", "valueCode": kind}]
    for name, value in parts.items():
        part.append({"name": name, **(value if isinstance(value, dict) else {"valueString": value})})
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}


class Writes(Case):
    config = "fhir.delete_max = 3\n"

    def patch(self, path, body, headers=JSON_PATCH):
        return self.call("PATCH", path, json.dumps(body), headers=headers)

    def test_json_patch(self):
        pid = self.patient()
        path = f"/fhir/Patient/{pid}"
        a = self.expect(200, self.patch(path, [{"op": "replace", "path": "/birthDate",
                                                "value": "1971-01-01"}]))
        self.assertEqual(("1971-01-01", 'W/"2"'), (a.json["birthDate"], a.header("ETag")))
        self.expect(422, self.patch(path, [{"op": "replace", "path": "/name/4", "value": {}}]),
                    "/name/4", "Operation 1")
        self.expect(422, self.patch(path, [{"op": "test", "path": "/active", "value": 1}]), "/active")
        self.expect(422, self.patch(path, [{"op": "add", "path": "/gender", "value": "no"}]),
                    "Patient.gender")
        self.expect(400, self.patch(path, {"op": "add"}), "list")
        self.expect(400, self.patch(path, [{"op": "grow"}]), "op")
        self.expect(412, self.patch(path, [], {**JSON_PATCH, "If-Match": 'W/"1"'}), "version")
        self.expect(200, self.patch(path, [], {**JSON_PATCH, "If-Match": 'W/"2"'}))
        self.expect(404, self.patch("/fhir/Patient/nobody", []))
        for media in ("application/xml-patch+xml", "text/plain"):
            refused = self.expect(415, self.patch(path, [], {"Content-Type": media}), "FHIRPath Patch")
            self.assertIn("json-patch", refused.header("Accept-Patch"))

    def test_fhirpath_patch(self):
        pid = self.patient()
        path, fhir = f"/fhir/Patient/{pid}", {"Content-Type": FHIR}
        a = self.patch(path, operation("add", path="Patient", name="telecom", value={
            "valueContactPoint": {"system": "phone", "value": "555"}}), fhir)
        self.assertEqual("555", self.expect(200, a).json["telecom"][0]["value"])
        self.expect(422, self.patch(path, operation("replace", path="Patient.photo.title",
                                                    value="x"), fhir), "Patient.photo.title")
        self.expect(200, self.patch(path, operation("delete", path="Patient.telecom"), fhir))
        self.expect(400, self.patch(path, {"resourceType": "Parameters", "parameter": [
            {"name": "frob"}]}, fhir), "Parameters.parameter[0]")

    def test_conditional_update_and_patch(self):
        path = f"/fhir/Patient?identifier={SYSTEM}|cu"
        first = self.expect(201, self.call("PUT", path, marked("cu")))
        again = self.expect(200, self.call("PUT", path, marked("cu", active=True)))
        self.assertEqual((first.json["id"], "2"), (again.json["id"], again.json["meta"]["versionId"]))
        self.expect(400, self.call("PUT", path, marked("cu", id="other")), "id")
        self.expect(412, self.call("PUT", path, marked("cu"), headers={"If-None-Match": "*"}), "exists")
        self.expect(412, self.call("PUT", path, marked("cu"), headers={"If-Match": 'W/"1"'}), "version")
        a = self.expect(200, self.patch(path, [{"op": "remove", "path": "/active"}]))
        self.assertNotIn("active", a.json)
        self.create(marked("cu"))
        self.expect(412, self.call("PUT", path, marked("cu")), "several")
        self.expect(412, self.patch(path, []), "several")
        self.expect(404, self.patch("/fhir/Patient?identifier=none|none", []), "matches nothing")
        self.expect(400, self.call("PUT", "/fhir/Patient", marked("cu")), "condition")
        self.expect(400, self.call("PUT", "/fhir/Patient?frob=1", marked("cu")), "frob")

    def test_delete_and_back(self):
        pid = self.patient()
        path = f"/fhir/Patient/{pid}"
        gone = self.call("DELETE", path, token="system")
        self.assertEqual((204, 'W/"2"', b""), (gone.status, gone.header("ETag"), gone.body))
        self.expect(410, self.call("GET", path))
        self.assertEqual(204, self.call("DELETE", path, token="system").status)
        back = self.expect(201, self.call("PUT", path, {"resourceType": "Patient", "id": pid},
                                          headers={"If-None-Match": "*"}))
        self.assertEqual("3", back.json["meta"]["versionId"])
        self.expect(412, self.call("PUT", path, {"resourceType": "Patient", "id": pid},
                                   headers={"If-None-Match": "*"}), "If-None-Match")
        told = self.expect(200, self.call("DELETE", path, token="system",
                                          headers={"Prefer": "return=OperationOutcome"}))
        self.assertIn("1 resource", told.text())

    def test_conditional_delete(self):
        path = f"/fhir/Patient?identifier={SYSTEM}|cd"
        self.assertEqual(204, self.call("DELETE", path, token="system").status)
        for _ in range(4):
            self.create(marked("cd"))
        self.expect(412, self.call("DELETE", path, token="system"), "more than 3")
        self.assertEqual(4, self.call("GET", path + "&_summary=count").json["total"])
        first = self.call("GET", path).json["entry"][0]["resource"]["id"]
        self.assertEqual(204, self.call("DELETE", f"/fhir/Patient/{first}", token="system").status)
        told = self.expect(200, self.call("DELETE", path, token="system"))
        self.assertIn("3 resources", told.text())
        self.assertEqual(0, self.call("GET", path + "&_summary=count").json["total"])
        self.expect(400, self.call("DELETE", "/fhir/Patient", token="system"), "condition")

    def test_racing_clients_make_one(self):
        for round_ in range(5):
            answers, gate = [], threading.Barrier(8)
            value = f"race-{round_}"

            def run(put, value=value, answers=answers, gate=gate):
                gate.wait()
                if put:
                    answers.append(self.call("PUT", f"/fhir/Patient?identifier={SYSTEM}|{value}",
                                             marked(value)).status)
                else:
                    answers.append(self.call(
                        "POST", "/fhir/Patient", marked(value),
                        headers={"If-None-Exist": f"identifier={SYSTEM}|{value}"}).status)

            threads = [threading.Thread(target=run, args=(i % 2,)) for i in range(8)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual([200] * 7 + [201], sorted(answers))
            found = self.call("GET", f"/fhir/Patient?identifier={SYSTEM}|{value}&_summary=count")
            self.assertEqual(1, found.json["total"])

    def bundle(self, kind, *entries, status=200, words=(), **more):
        return self.expect(status, self.call("POST", "/fhir", {
            "resourceType": "Bundle", "type": kind, "entry": list(entries)}, "system", **more), *words)

    def test_every_verb_in_a_bundle(self):
        keep, doomed = self.patient(), self.patient()
        data = base64.b64encode(b'[{"op":"add","path":"/active","value":true}]').decode()
        entries = (
            {"request": {"method": "GET", "url": f"Patient/{keep}"}},
            {"request": {"method": "HEAD", "url": f"Patient/{keep}"}},
            {"request": {"method": "GET", "url": f"Patient/{keep}/_history"}},
            {"request": {"method": "GET", "url": f"Patient/{keep}/_history/1"}},
            {"request": {"method": "GET", "url": f"Patient/{keep}", "ifNoneMatch": 'W/"2"'}},
            {"resource": marked("b"), "request": {"method": "POST", "url": "Patient",
                                                  "ifNoneExist": f"identifier={SYSTEM}|b"}},
            {"resource": marked("p"), "request": {"method": "PUT",
                                                  "url": f"Patient?identifier={SYSTEM}|p"}},
            {"resource": {"resourceType": "Binary", "contentType": "application/json-patch+json",
                          "data": data}, "request": {"method": "PATCH", "url": f"Patient/{keep}"}},
            {"request": {"method": "DELETE", "url": f"Patient/{doomed}"}},
            {"request": {"method": "GET", "url": "metadata"}})
        for kind in ("transaction", "batch"):
            a = self.bundle(kind, *entries, headers={"Prefer": "return=representation"}).json
            got = [e["response"]["status"][:3] for e in a["entry"]]
            created = "201" if kind == "transaction" else "200"
            self.assertEqual(["200", "200", "200", "200", "304" if kind == "transaction" else "200",
                              created, created, "200", "204", "501"], got)
            self.assertEqual("history", a["entry"][2]["resource"]["type"])
            self.assertEqual("1", a["entry"][3]["resource"]["meta"]["versionId"])
            self.assertNotIn("resource", a["entry"][1])
            self.assertTrue(a["entry"][0]["resource"]["active"])
            self.assertEqual("Patient", a["entry"][6]["resource"]["resourceType"])
        told = self.bundle("batch", entries[8], entries[6],
                           headers={"Prefer": "return=OperationOutcome"}).json
        self.assertTrue(all("outcome" in e["response"] for e in told["entry"]))
        bad = operation("replace", path="Patient.birthDate", value={"valueDate": "no"})
        self.bundle("transaction", entries[0],
                    {"resource": bad, "request": {"method": "PATCH", "url": f"Patient/{keep}"}},
                    status=422, words=("Bundle.entry[1]",))

    def test_order_of_a_transaction(self):
        """One resource is written once; which of two writes were meant is not guessed."""
        pid = self.create(marked("order")).json["id"]
        a = self.bundle("transaction",
                        {"resource": marked("order", active=True),
                         "request": {"method": "PUT", "url": f"Patient/{pid}"}},
                        {"request": {"method": "DELETE", "url": f"Patient/{pid}"}},
                        status=400, words=("Bundle.entry[1]",))
        self.assertIn("same resource", a.text())

    def test_compressed_bodies(self):
        packed = gzip.compress(json.dumps(marked("gz")).encode())
        head = {"Content-Type": FHIR, "Content-Encoding": "gzip"}
        self.expect(201, self.call("POST", "/fhir/Patient", packed, headers=head))
        self.expect(400, self.call("POST", "/fhir/Patient", packed[:-6], headers=head), "gzip")
        self.expect(400, self.call("POST", "/fhir/Patient", b"{}", headers=head), "gzip")
        bomb = gzip.compress(b" " * (80 << 20))
        self.expect(413, self.call("POST", "/fhir/Patient", bomb, headers=head), "unpacked")
        a = self.expect(415, self.call("POST", "/fhir/Patient", packed, headers={
            **head, "Content-Encoding": "br"}), "gzip")
        self.assertEqual("gzip", a.header("Accept-Encoding"))


if __name__ == "__main__":
    main()
