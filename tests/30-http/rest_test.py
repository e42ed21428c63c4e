"""FHIR REST, the ordinary way: every verb, every header that steers it, every status it can have."""
import gzip
import json
import unittest

from weft_http import FHIR, Case, main, observation


class Rest(Case):
    def test_create_read_update_delete(self):
        made = self.create({"resourceType": "Patient", "name": [{"family": "Åberg"}]})
        self.assertEqual(201, made.status)
        pid = made.json["id"]
        self.assertEqual('W/"1"', made.header("ETag"))
        self.assertTrue(made.header("Last-Modified").endswith(" GMT"))
        self.assertEqual(f"http://127.0.0.1:{self.server.port}/fhir/Patient/{pid}/_history/1",
                         made.header("Location"))
        read = self.expect(200, self.call("GET", f"/fhir/Patient/{pid}"))
        self.assertEqual(made.json, read.json)
        self.assertEqual("application/fhir+json; charset=utf-8", read.header("Content-Type"))
        self.assertEqual("no-store", read.header("Cache-Control"))
        self.assertEqual("nosniff", read.header("X-Content-Type-Options"))
        changed = {**read.json, "gender": "female"}
        put = self.expect(200, self.call("PUT", f"/fhir/Patient/{pid}", changed))
        self.assertEqual("2", put.json["meta"]["versionId"])
        self.assertEqual('W/"2"', put.header("ETag"))
        self.expect(204, self.call("DELETE", f"/fhir/Patient/{pid}", token="system"))
        self.expect(410, self.call("GET", f"/fhir/Patient/{pid}"), "deleted")
        self.expect(204, self.call("DELETE", f"/fhir/Patient/{pid}", token="system"))
        old = self.expect(200, self.call("GET", f"/fhir/Patient/{pid}/_history/1"))
        self.assertEqual(made.json, old.json)
        self.expect(410, self.call("GET", f"/fhir/Patient/{pid}/_history/3"))
        self.expect(404, self.call("GET", f"/fhir/Patient/{pid}/_history/9"))

    def test_history(self):
        pid = self.patient()
        for gender in ("male", "other", "unknown"):
            self.expect(200, self.call("PUT", f"/fhir/Patient/{pid}",
                                       {"resourceType": "Patient", "id": pid, "gender": gender}))
        h = self.expect(200, self.call("GET", f"/fhir/Patient/{pid}/_history")).json
        self.assertEqual(("history", 4), (h["type"], h["total"]))
        self.assertEqual(["4", "3", "2", "1"],
                         [e["resource"]["meta"]["versionId"] for e in h["entry"]])
        self.assertEqual(f"Patient/{pid}", h["entry"][0]["request"]["url"])
        page = self.call("GET", f"/fhir/Patient/{pid}/_history?_count=3").json
        self.assertEqual(3, len(page["entry"]))
        following = [x["url"] for x in page["link"] if x["relation"] == "next"][0]
        rest = self.call("GET", following[following.index("/fhir"):]).json
        self.assertEqual(["1"], [e["resource"]["meta"]["versionId"] for e in rest["entry"]])
        self.assertNotIn("next", [x["relation"] for x in rest["link"]])
        late = self.call("GET", f"/fhir/Patient/{pid}/_history?_since=2199-01-01T00:00:00Z").json
        self.assertNotIn("entry", late)
        self.expect(400, self.call("GET", f"/fhir/Patient/{pid}/_history?_count=x"), "_count")
        self.expect(400, self.call("GET", f"/fhir/Patient/{pid}/_history?_sort=x"), "_sort")

    def test_update_by_client_id(self):
        p = {"resourceType": "Patient", "id": "my-own.id-1", "active": True}
        self.expect(201, self.call("PUT", "/fhir/Patient/my-own.id-1", p))
        self.expect(200, self.call("PUT", "/fhir/Patient/my-own.id-1", {**p, "active": False}))
        self.expect(400, self.call("PUT", "/fhir/Patient/other", p), "id", "address")
        self.expect(400, self.call("PUT", "/fhir/Patient/other",
                                   {"resourceType": "Patient", "active": True}), "id")

    def test_versions_guard(self):
        pid = self.patient()
        p = {"resourceType": "Patient", "id": pid, "active": True}
        self.expect(200, self.call("PUT", f"/fhir/Patient/{pid}", p,
                                   headers={"If-Match": 'W/"1"'}))
        self.expect(412, self.call("PUT", f"/fhir/Patient/{pid}", p,
                                   headers={"If-Match": 'W/"1"'}))
        self.expect(400, self.call("PUT", f"/fhir/Patient/{pid}", p,
                                   headers={"If-Match": "tuesday"}), "If-Match")
        self.expect(412, self.call("DELETE", f"/fhir/Patient/{pid}", token="system",
                                   headers={"If-Match": 'W/"1"'}))

    def test_conditional_read(self):
        pid = self.patient()
        a = self.call("GET", f"/fhir/Patient/{pid}")
        for headers in ({"If-None-Match": 'W/"1"'}, {"If-None-Match": '"7", W/"1"'},
                        {"If-None-Match": "*"}, {"If-Modified-Since": a.header("Last-Modified")}):
            b = self.call("GET", f"/fhir/Patient/{pid}", headers=headers)
            self.assertEqual((304, b""), (b.status, b.body), headers)
        for headers in ({"If-None-Match": 'W/"2"'},
                        {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
                        {"If-Modified-Since": "nonsense"}):
            self.expect(200, self.call("GET", f"/fhir/Patient/{pid}", headers=headers))

    def test_conditional_create(self):
        p = {"resourceType": "Patient",
             "identifier": [{"system": "http://example.org/mrn", "value": "c-1"}]}
        condition = {"If-None-Exist": "identifier=http://example.org/mrn|c-1"}
        first = self.expect(201, self.call("POST", "/fhir/Patient", p, headers=condition))
        again = self.expect(200, self.call("POST", "/fhir/Patient", p, headers=condition))
        self.assertEqual(first.json["id"], again.json["id"])
        self.expect(201, self.call("POST", "/fhir/Patient", p))
        self.expect(412, self.call("POST", "/fhir/Patient", p, headers=condition))

    def test_prefer(self):
        p = {"resourceType": "Patient", "active": True}
        a = self.expect(201, self.call("POST", "/fhir/Patient", p,
                                       headers={"Prefer": "return=minimal"}))
        self.assertEqual(b"", a.body)
        self.assertTrue(a.header("Location"))
        b = self.call("POST", "/fhir/Patient", p, headers={"Prefer": "return=OperationOutcome"})
        self.assertEqual((201, "OperationOutcome"), (b.status, b.json["resourceType"]))
        c = self.call("POST", "/fhir/Patient", p, headers={"Prefer": "return=representation"})
        self.assertEqual((201, "Patient"), (c.status, c.json["resourceType"]))

    def test_formats(self):
        pid = self.patient()
        path = f"/fhir/Patient/{pid}"
        for accept in (FHIR, "application/json", "*/*", "text/html, application/fhir+json;q=0.9",
                       "application/fhir+json; fhirVersion=4.0"):
            self.expect(200, self.call("GET", path, headers={"Accept": accept}))
        for accept in ("text/html", "text/turtle", "application/fhir+json;q=0",
                       "application/fhir+json; fhirVersion=3.0", "application/fhir+ndjson"):
            self.expect(406, self.call("GET", path, headers={"Accept": accept}), "JSON", "XML")
        self.expect(200, self.call("GET", path + "?_format=json",
                                   headers={"Accept": "application/fhir+xml"}))
        for wanted in ("json", "application/fhir%2Bjson", "application/fhir+json"):
            self.expect(200, self.call("GET", path + "?_format=" + wanted))
        self.expect(406, self.call("GET", path + "?_format=ttl"), "JSON")
        plain, pretty = self.call("GET", path), self.call("GET", path + "?_pretty=true")
        self.assertEqual(plain.json, pretty.json)
        self.assertIn(b"\n  ", pretty.body)
        self.assertNotIn(b"\n", plain.body)
        for media in ("text/plain", "application/x-www-form-urlencoded",
                      "application/fhir+json; charset=latin1"):
            self.expect(415, self.call("POST", "/fhir/Patient", json.dumps({"resourceType": "Patient"}),
                                       headers={"Content-Type": media}))

    def test_methods(self):
        pid = self.patient()
        head = self.call("HEAD", f"/fhir/Patient/{pid}")
        get = self.call("GET", f"/fhir/Patient/{pid}")
        self.assertEqual((200, b"", str(len(get.body))),
                         (head.status, head.body, head.header("Content-Length")))
        a = self.expect(405, self.call("POST", f"/fhir/Patient/{pid}", {}), "POST")
        self.assertEqual({"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"},
                         set(a.header("Allow").split(", ")))
        self.expect(405, self.call("PATCH", "/fhir", {}))
        self.expect(405, self.call("POST", "/fhir/AuditEvent", {"resourceType": "AuditEvent"}))
        self.expect(405, self.call("BREW", "/fhir/Patient"))
        o = self.call("OPTIONS", "/fhir/Patient")
        self.assertEqual(204, o.status)
        self.assertIn("POST", o.header("Allow"))
        self.assertEqual("", o.header("Access-Control-Allow-Origin"))

    def test_nothing_there(self):
        self.expect(404, self.call("GET", "/fhir/Patient/nobody"))
        self.expect(404, self.call("GET", "/fhir/Patientt/1"), "Patientt", "R4")
        self.expect(404, self.call("GET", "/fhir/Patient/no_such~id"), "id")
        self.expect(404, self.call("GET", "/fhir/Patient/$frobnicate"), "operation")
        self.expect(404, self.call("GET", "/nowhere"))
        self.expect(404, self.call("GET", "/fhir/Patient/a/b/c/d/e/f/g/h/i/j"))

    def test_search(self):
        pid = self.patient("Findme")
        for v in (60, 70, 80):
            self.create(observation(pid, v))
        b = self.expect(200, self.call("GET", f"/fhir/Observation?subject=Patient/{pid}"
                                              "&_count=2&_include=Observation:subject")).json
        self.assertEqual("searchset", b["type"])
        modes = [e["search"]["mode"] for e in b["entry"]]
        self.assertEqual(["match", "match", "include"], modes)
        base = f"http://127.0.0.1:{self.server.port}/fhir/"
        links = {x["relation"]: x["url"] for x in b["link"]}
        for relation in ("self", "first", "next"):
            self.assertTrue(links[relation].startswith(base + "Observation?"), links)
        self.assertEqual(base + f"Patient/{pid}", b["entry"][2]["fullUrl"])
        rest = self.call("GET", links["next"][len(base) - 6:]).json
        self.assertEqual(1, sum(e["search"]["mode"] == "match" for e in rest["entry"]))
        posted = self.expect(200, self.call(
            "POST", "/fhir/Observation/_search", f"subject=Patient/{pid}",
            headers={"Content-Type": "application/x-www-form-urlencoded"})).json
        self.assertEqual(3, len(posted["entry"]))
        self.expect(415, self.call("POST", "/fhir/Observation/_search", {"subject": "x"}))
        count = self.call("GET", f"/fhir/Observation?subject=Patient/{pid}&_summary=count").json
        self.assertEqual(3, count["total"])
        self.assertNotIn("entry", count)
        named = self.call("GET", "/fhir/Patient?name=findme&_format=json&_pretty=true").json
        self.assertEqual([pid], [e["resource"]["id"] for e in named["entry"]])

    def test_search_mistakes(self):
        self.expect(400, self.call("GET", "/fhir/Patient?frobnicate=1"), "frobnicate")
        self.expect(400, self.call("GET", "/fhir/Patient?birthdate=someday"), "birthdate")
        lenient = self.expect(200, self.call("GET", "/fhir/Patient?frobnicate=1",
                                             headers={"Prefer": "handling=lenient"})).json
        outcome = [e for e in lenient["entry"] if e["search"]["mode"] == "outcome"]
        self.assertIn("frobnicate", json.dumps(outcome))

    def test_transaction(self):
        b = {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"fullUrl": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a",
             "resource": {"resourceType": "Patient", "active": True},
             "request": {"method": "POST", "url": "Patient"}},
            {"resource": {**observation("x"), "subject": {
                "reference": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"}},
             "request": {"method": "POST", "url": "Observation"}}]}
        a = self.expect(200, self.call("POST", "/fhir", b)).json
        self.assertEqual("transaction-response", a["type"])
        self.assertTrue(all(e["response"]["status"].startswith("201") for e in a["entry"]))
        pid = a["entry"][0]["response"]["location"].split("/")[-3]
        oid = a["entry"][1]["response"]["location"].split("/")[-3]
        self.assertEqual(f"Patient/{pid}",
                         self.call("GET", f"/fhir/Observation/{oid}").json["subject"]["reference"])
        full = self.call("POST", "/fhir", b, headers={"Prefer": "return=representation"}).json
        self.assertEqual("Patient", full["entry"][0]["resource"]["resourceType"])
        b["entry"][1]["resource"]["subject"]["reference"] = "Patient/nobody-here"
        before = self.call("GET", "/fhir/Patient?_summary=count").json["total"]
        self.expect(422, self.call("POST", "/fhir", b), "reference")
        self.assertEqual(before, self.call("GET", "/fhir/Patient?_summary=count").json["total"])

    def test_batch(self):
        pid = self.patient()
        b = {"resourceType": "Bundle", "type": "batch", "entry": [
            {"request": {"method": "GET", "url": f"Patient/{pid}"}},
            {"request": {"method": "GET", "url": "Patient/nobody"}},
            {"request": {"method": "GET", "url": f"Patient?_id={pid}"}},
            {"resource": {"resourceType": "Patient", "gender": "wrong"},
             "request": {"method": "POST", "url": "Patient"}},
            {"resource": {"resourceType": "Patient", "active": True},
             "request": {"method": "POST", "url": "Patient"}}]}
        a = self.expect(200, self.call("POST", "/fhir", b))
        entries = a.json["entry"]
        self.assertEqual("batch-response", a.json["type"])
        self.assertEqual(pid, entries[0]["resource"]["id"])
        self.assertTrue(entries[1]["response"]["status"].startswith("404"))
        self.assertEqual("OperationOutcome", entries[1]["response"]["outcome"]["resourceType"])
        self.assertEqual("searchset", entries[2]["resource"]["type"])
        self.assertTrue(entries[3]["response"]["status"].startswith("422"))
        self.assertIn("Patient.gender", json.dumps(entries[3]["response"]["outcome"]))
        self.assertTrue(entries[-1]["response"]["status"].startswith("201"))

    def test_compression(self):
        a = self.call("GET", "/fhir/metadata", token=None, headers={"Accept-Encoding": "gzip"})
        self.assertEqual("gzip", a.header("Content-Encoding"))
        self.assertEqual("CapabilityStatement", json.loads(gzip.decompress(a.body))["resourceType"])
        self.create({"resourceType": "Patient", "name": [{"text": "x" * 3000}], "id": "ignored"})
        b = self.call("GET", "/fhir/Patient?_count=20", headers={"Accept-Encoding": "gzip, br"})
        self.assertEqual("gzip", b.header("Content-Encoding"))
        self.assertEqual("Bundle", json.loads(gzip.decompress(b.body))["resourceType"])
        c = self.call("GET", "/fhir/Patient?_count=20", headers={"Accept-Encoding": "gzip;q=0"})
        self.assertEqual("", c.header("Content-Encoding"))

    def test_health_and_metrics(self):
        self.assertEqual(b"ok\n", self.call("GET", "/healthz", token=None).body)
        self.assertTrue(self.call("GET", "/readyz", token=None).json["ready"])
        pid = self.patient("Secretname")
        self.call("GET", f"/fhir/Patient/{pid}")
        m = self.call("GET", "/metrics", token=None).body.decode()
        self.assertRegex(m, r'weft_http_requests_total\{route="read",class="2xx"\} \d+')
        self.assertRegex(m, r'weft_http_seconds_bucket\{route="read",le="\+Inf"\} \d+')
        self.assertNotIn(pid, m)
        log = self.server.read_log()
        self.assertIn("route=read status=200", log)
        self.assertNotIn(pid, log)
        self.assertNotIn("Secretname", log)

    def test_shell_of_the_web_app(self):
        a = self.call("GET", "/", token=None)
        self.assertEqual((302, "/console"), (a.status, a.header("Location")))
        b = self.call("GET", "/console/patients/1", token=None)
        if b.status == 404:
            self.expect(404, b, "web apps")
        else:
            self.assertEqual(200, b.status)
            self.assertIn("default-src 'none'", b.header("Content-Security-Policy"))
            self.assertIn("text/html", b.header("Content-Type"))
        self.expect(404, self.call("GET", "/console/assets/none.js", token=None))
        self.expect(404, self.call("GET", "/console/../../etc/passwd.txt", token=None))

    def test_keep_alive(self):
        """One connection carries many requests, refused ones too."""
        import http.client
        c = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        head = {"Authorization": "Bearer " + self.nurse, "Content-Type": FHIR}
        seen = set()
        for i in range(30):
            if i % 3 == 0:
                c.request("POST", "/fhir/Patient", body='{"resourceType":"Patient"}', headers=head)
            elif i % 3 == 1:
                c.request("POST", "/fhir/Patient", body='{"resourceType":"Patient"}')
            else:
                c.request("GET", "/healthz")
            r = c.getresponse()
            r.read()
            self.assertEqual((201, 401, 200)[i % 3], r.status)
            seen.add(c.sock.getsockname())
        self.assertEqual(1, len(seen))


if __name__ == "__main__":
    main()
