"""What a hostile reviewer once showed with curl, shown to be over: numbers are the review's."""
import concurrent.futures
import http.client
import json
import time
import unittest

from weft_http import Case, main, weft


class Review(Case):
    config = "http.workers = 4\nhttp.queue = 1024\n"
    accounts = ((("--user", "nurse.ada", "--role", "nurse"), "a long phrase of ada"),)
    roles = ("nurse", "system", "admin")

    def at_once(self, n, fn):
        with concurrent.futures.ThreadPoolExecutor(n) as pool:
            return list(pool.map(fn, range(n)))

    def test_r2b_sign_ins_leave_workers_to_writes(self):
        """One of four workers may be in a sign-in: the others go on, whoever is too many is told."""
        def guess(i):
            c = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60,
                                           source_address=(f"127.0.0.{i + 2}", 0))
            c.request("POST", "/auth/sign-in",
                      body=json.dumps({"user": "nurse.ada", "password": f"wrong guess {i}"}))
            a = c.getresponse()
            a.read()
            c.close()
            return a.status, a.headers.get("Retry-After")

        def both(i):
            if i % 2:
                return guess(i)
            return self.call("POST", "/fhir/Patient", {"resourceType": "Patient"}).status, None

        got = self.at_once(60, both)
        self.assertEqual({201}, {s for s, _ in got[::2]})
        self.assertLessEqual({s for s, _ in got[1::2]}, {401, 503})
        self.assertIn(503, {s for s, _ in got[1::2]})
        self.assertTrue(all(retry for s, retry in got[1::2] if s == 503))
        right = {"user": "nurse.ada", "password": "a long phrase of ada"}
        self.assertEqual(200, self.server.call("POST", "/auth/sign-in", right).status)

    def test_r11_a_long_search_is_answered(self):
        self.patient()
        for query in ("Patient?_sort=name", "Patient?_sort=family,given", "AuditEvent?_count=5"):
            token = "nurse" if query.startswith("P") else "system"
            a = self.expect(200, self.call("GET", "/fhir/" + query, token=token))
            self.assertTrue(a.json["entry"])
        many = ",".join(f"Patient/none-{i}" for i in range(300))
        a = self.expect(200, self.call("GET", "/fhir/AuditEvent?entity=" + many, token="system"))
        self.assertNotIn("entry", a.json)

    def test_r16_ambiguous_framing(self):
        self.patient()
        head = b"POST /fhir/Patient/_search HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer %s\r\n"
        rest = b"\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
        for lines in (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                      b"Content-Length: 0\r\nContent-Length: 55\r\n",
                      b"Transfer-Encoding: xchunked\r\n"):
            got = self.server.raw(head % self.nurse.encode() + lines + rest)
            self.assertTrue(got.startswith(b"HTTP/1.1 400 "), got[:200])
            self.assertEqual(1, got.count(b"HTTP/1.1 "), got)

    def test_r20_containers_are_not_for_people(self):
        made = self.expect(201, self.call("POST", "/fhir/Bundle", {
            "resourceType": "Bundle", "type": "collection",
            "entry": [{"resource": {"resourceType": "Patient", "active": True}}]}, "system"))
        where = f"/fhir/Bundle/{made.json['id']}"
        self.expect(200, self.call("GET", where, token="system"))
        for role in ("admin", "nurse"):
            self.expect(403, self.call("GET", where, token=role))
            self.expect(403, self.call("GET", "/fhir/Bundle", token=role))

    def test_r21_a_condition_on_a_long_name_makes_one(self):
        body = {"resourceType": "Patient", "name": [{"family": "Verylongfamilynamethatislong"}]}
        headers = {"If-None-Exist": "family=Verylongfamilynamethatislong"}
        got = self.at_once(16, lambda i: self.call("POST", "/fhir/Patient", body, headers=headers))
        self.assertEqual(1, sum(a.status == 201 for a in got), [a.status for a in got])
        self.assertEqual({200, 201}, {a.status for a in got})
        found = self.call("GET", "/fhir/Patient?family=verylongfamilynamethatislong").json
        self.assertEqual(1, len(found["entry"]))

    def test_r22_a_failing_read_does_not_hide_a_commit(self):
        a = self.expect(200, self.call("POST", "/fhir", {
            "resourceType": "Bundle", "type": "transaction",
            "entry": [{"resource": {"resourceType": "Patient", "name": [{"family": "Kept"}]},
                       "request": {"method": "POST", "url": "Patient"}},
                      {"request": {"method": "GET", "url": "Patient/nope-nope"}}]}))
        made, missing = (e["response"] for e in a.json["entry"])
        self.assertEqual("201", made["status"])
        self.assertEqual("404", missing["status"])
        self.assertEqual("OperationOutcome", missing["outcome"]["resourceType"])
        self.assertEqual(1, len(self.call("GET", "/fhir/Patient?family=Kept").json["entry"]))

    def test_r5d_a_helper_is_somebody(self):
        self.server.stop()
        try:
            args = ("token", "--data", self.server.data, "--role", "helper", "--patient", "p")
            self.assertNotEqual(0, weft(*args, check=False).returncode)
            self.assertNotEqual(0, weft(*args, "--reference", "Patient/p", check=False).returncode)
            self.assertEqual(0, weft(*args, "--reference", "RelatedPerson/r").returncode)
        finally:
            self.server.start()


HIV = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]}


class Review3(Case):
    """Of the third review: what became visible by roads round the doors."""
    roles = ("nurse", "system", "admin", "agent")

    def note(self, who, name, **more):
        c = {"resourceType": "Communication", "id": name, "status": "completed",
             "subject": {"reference": "Patient/" + who},
             "payload": [{"contentString": "words not for everybody"}]}
        return self.call("PUT", "/fhir/Communication/" + name, {**c, **more})

    def test_r101_a_chain_asks_with_the_owners_rights(self):
        """An administrator sees devices, not conditions: no event may tell of a condition."""
        who = self.patient()
        self.create({"resourceType": "Condition", "subject": {"reference": "Patient/" + who},
                     "code": {"coding": [{"system": "http://snomed.info/sct",
                                          "code": "84114007"}]}})
        made = {}
        for token in ("admin", "system"):
            s = {"resourceType": "Subscription", "status": "requested", "reason": "test",
                 "criteria": "Device?patient:Patient._has:Condition:patient:code=84114007",
                 "channel": {"type": "websocket"}}
            made[token] = self.create(s, token).json["id"]
        plain = self.create({"resourceType": "Subscription", "status": "requested",
                             "reason": "test", "criteria": "Device?status=active",
                             "channel": {"type": "websocket"}}, "admin").json["id"]

        def events(of, token):
            a = self.expect(200, self.call("GET", f"/fhir/Subscription/{of}/$events", token=token))
            return a.body.count(b"notification-event")

        deadline = time.time() + 30
        where = "/fhir/Subscription/" + plain
        while self.call("GET", where, token="system").json["status"] != "active":
            self.assertLess(time.time(), deadline)
            time.sleep(0.05)
        self.create({"resourceType": "Device", "status": "active",
                     "patient": {"reference": "Patient/" + who}}, "admin")
        while not (events(plain, "admin") and events(made["system"], "system")):
            self.assertLess(time.time(), deadline)
            time.sleep(0.05)
        self.assertEqual(0, events(made["admin"], "admin"))

    def test_r102_a_label_holds_for_pages_already_begun(self):
        who = self.patient()
        self.expect(201, self.note(who, "r102"))
        where = f"/fhir/Patient/{who}/$everything?_count=1"
        first = self.expect(200, self.call("GET", where, token="agent")).json
        self.expect(200, self.note(who, "r102", meta=HIV))
        seen, link = [], first
        while link:
            link = next((x["url"] for x in first["link"] if x["relation"] == "next"), None)
            if link:
                first = self.expect(200, self.call("GET", link[link.index("/fhir/"):],
                                                   token="agent")).json
                seen += [e["resource"]["id"] for e in first.get("entry", [])]
        self.assertNotIn("r102", seen)

    def test_r103_a_deletion_does_not_lift_a_label(self):
        who = self.patient()
        self.expect(201, self.note(who, "r103"))
        self.expect(200, self.note(who, "r103", meta=HIV))
        where = "/fhir/Communication/r103"
        self.expect(204, self.call("DELETE", where, token="system"))
        for road in ("", "/_history", "/_history/1", "/_history/2", "/_history/3"):
            self.expect(404, self.call("GET", where + road, token="agent"))
        again = {"resourceType": "Communication", "id": "r103", "status": "unknown"}
        self.expect(404, self.call("PUT", where, again, token="agent"))
        self.expect(410, self.call("GET", where))
        self.expect(200, self.call("GET", where + "/_history/1"))

    def test_r104_a_long_list_of_attributes_is_not_read(self):
        """libxml2 compares them all with one another: a few megabytes took hours of a worker."""
        names = " ".join(f'a{i}="1"' for i in range(65))
        space = 'xmlns="http://hl7.org/fhir"'
        xml = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+json"}
        for body, status in ((f"<Patient {space}><name {names}/></Patient>", 413),
                             (f"<Patient {space}><!-- <name {names} --></Patient>", 201),
                             (f"<Patient {space}><active value='true'/></Patient>", 201)):
            a = self.server.call("POST", "/fhir/Patient", body, self.nurse, headers=xml)
            self.expect(status, a)

    def test_r105_contained_resources_have_a_ceiling(self):
        """Each "#id" is searched for among all of them: twenty thousand took eight seconds."""
        who = self.patient()
        for n, status in ((1000, 201), (1001, 422)):
            o = {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
                 "subject": {"reference": "Patient/" + who},
                 "contained": [{"resourceType": "Patient", "id": f"c{i}"} for i in range(n)],
                 "focus": [{"reference": f"#c{i}"} for i in range(n)]}
            self.expect(status, self.call("POST", "/fhir/Observation", o))

    def test_r108_headers_that_frame_or_sign_are_not_the_subscribers(self):
        for header, status in (("Transfer-Encoding: chunked", 422), ("content-length: 1", 422),
                               ("Host: other", 422), ("Webhook-Signature: v1a,x", 422),
                               ("Authorization: Bearer x", 201)):
            s = {"resourceType": "Subscription", "status": "requested", "reason": "test",
                 "criteria": "Device?status=inactive",
                 "channel": {"type": "websocket", "header": [header]}}
            self.expect(status, self.call("POST", "/fhir/Subscription", s, token="admin"))

    def test_r106_who_sets_no_condition_is_told_none(self):
        who = self.patient()

        def change(i):
            if i % 2:
                return self.call("POST", f"/fhir/Patient/{who}/$meta-add", {
                    "resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {
                        "tag": [{"system": "urn:r106", "code": f"t{i}"}]}}]})
            return self.call("PATCH", f"/fhir/Patient/{who}", json.dumps(
                [{"op": "add", "path": "/telecom", "value": [{"system": "phone", "value": str(i)}]}]),
                headers={"Content-Type": "application/json-patch+json"})

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            self.assertEqual({200}, {a.status for a in pool.map(change, range(32))})
        now = self.call("GET", "/fhir/Patient/" + who).json
        self.assertEqual((16, "33"), (len(now["meta"]["tag"]), now["meta"]["versionId"]))

    def test_r107_conditions_tell_nothing_to_who_may_not_write(self):
        who = self.patient()
        self.expect(201, self.call("PUT", "/fhir/Condition/r107", {
            "resourceType": "Condition", "id": "r107", "subject": {"reference": "Patient/" + who}}))
        for name in ("r107", "r107-absent"):
            body = {"resourceType": "Condition", "id": name,
                    "subject": {"reference": "Patient/" + who}}
            for method, headers in (("DELETE", {}), ("DELETE", {"If-Match": 'W/"9"'}),
                                    ("PUT", {"If-None-Match": "*"}), ("PUT", {"If-Match": 'W/"9"'}),
                                    ("PUT", {"If-None-Match": 'W/"1"'}),
                                    ("PUT", {"If-Match": 'W/"1"'}), ("PUT", {})):
                a = self.call(method, "/fhir/Condition/" + name,
                              body if method == "PUT" else None, "agent", headers=headers)
                self.expect(403, a)
        for where in ("/fhir/Condition?_id=r107", "/fhir/Condition?_id=r107-absent"):
            self.expect(403, self.call("DELETE", where, token="agent"))
        self.expect(412, self.call("PUT", "/fhir/Condition/r107", body | {"id": "r107"},
                                   headers={"If-Match": 'W/"9"'}))

    def lines(self, query):
        a = self.expect(200, self.call("GET", "/fhir/AuditEvent?_count=200&" + query,
                                       token="system"))
        return [e["resource"] for e in a.json.get("entry", [])]

    def test_r112_a_survey_of_labels_names_whose_resources_it_read(self):
        who = self.patient()
        self.expect(201, self.note(who, "r112", meta={
            "tag": [{"system": "urn:r112", "code": "here"}]}))
        before = len(self.lines("patient=Patient/" + who))
        for where in ("/fhir/Communication/$meta", "/fhir/$meta"):
            meta = self.expect(200, self.call("GET", where)).json["parameter"][0]["valueMeta"]
            self.assertIn("here", json.dumps(meta))
        about = self.lines("patient=Patient/" + who)
        self.assertEqual(["meta"] * 2, [x["subtype"][0]["code"] for x in about[:-before]])

    def test_r112_limits_are_of_patients_one_may_see(self):
        mine, others = self.patient(), self.patient()
        self.server.stop()
        try:
            self.server.tokens["own"] = self.server.token("patient", "--patient", mine)
        finally:
            self.server.start()
        for token, who, status in (("own", mine, 200), ("own", others, 404), ("own", "none", 404),
                                   (self.nurse, others, 200), (self.nurse, "none", 404),
                                   (self.admin, others, 403)):
            a = self.server.call("GET", f"/fhir/Patient/{who}/$limits",
                                 token=self.server.tokens.get(token, token))
            self.expect(status, a)

    def test_r113_the_lines_of_an_import_name_who_began_it(self):
        a = self.call("POST", "/fhir/$import", '{"resourceType":"Patient","id":"r113"}\n', "system",
                      headers={"Content-Type": "application/fhir+ndjson",
                               "Prefer": "respond-async"})
        self.expect(202, a)
        job = "/" + a.header("Content-Location").split("/", 3)[3]
        deadline = time.time() + 30
        while (now := self.call("GET", job, token="system")).status == 202:
            self.assertLess(time.time(), deadline)
            time.sleep(0.05)
        self.expect(200, now)
        lines = [x for x in self.lines("patient=Patient/r113") if x["action"] == "C"]
        self.assertEqual(["script.system"], [x["agent"][0]["altId"] for x in lines])


if __name__ == "__main__":
    main()
