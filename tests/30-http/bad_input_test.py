"""What broken, hostile or oversized requests get: a clear refusal, never a crash, never unbounded
memory; and the server goes on serving."""
import json
import os
import socket
import threading
import time
import unittest

from weft_http import FHIR, Case, main, observation

HEAD = ("POST {path} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/fhir+json\r\n{more}\r\n\r\n")


class BadInput(Case):
    config = "http.head_s = 2\nhttp.body_s = 2\nbody_max = 1048576\n"

    def tearDown(self):
        self.assertEqual(200, self.call("GET", "/healthz", token=None).status)

    def post(self, body, path="/fhir/Patient", token="nurse"):
        return self.call("POST", path, body, token, headers={"Content-Type": FHIR})

    def head(self, more, path="/fhir/Patient"):
        return HEAD.format(path=path, token=self.nurse, more=more).encode()

    def memory(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="utf-8") as f:
            return int([x for x in f if x.startswith("VmRSS")][0].split()[1])

    def test_broken_json(self):
        for body in ('{"resourceType":"Patient","name":[{"family":"A"', '{"resourceType":"Patient"',
                     "{", "", "null", "[]", '"x"', "{}", '{"resourceType":"Patient"}garbage',
                     '{"resourceType":"Patient","active":true,"active":false}',
                     "{'resourceType':'Patient'}", '{"resourceType":"Patient","x":NaN}'):
            a = self.post(body)
            self.assertIn(a.status, (400, 422), body)
            self.expect(a.status, a)

    def test_refused_in_the_readers_language(self):
        def said(wanted, path="/fhir/Patient/nobody", token="nurse"):
            a = self.call("GET", path, token=token, headers={"Accept-Language": wanted})
            return a.json["issue"][0]["details"]["text"], a.header("Content-Language")

        english, none = said("en-GB, es;q=0.9")
        self.assertEqual((english, ""), said("fr, *;q=0.5"))
        self.assertEqual("", none)
        self.assertEqual(("Eso no existe aquí.", "es"), said("es-MX"))
        self.assertEqual(("Eso no existe aquí.", "es"), said("en;q=0.2, es;q=0.8, ar;q=0.5"))
        self.assertEqual(("هذا غير موجود هنا.", "ar"), said("fr, ar-EG;q=0.4"))
        self.assertEqual((english, ""), said("es;q=0, en;q=0.1, est"))
        with_values, tag = said("es", "/fhir/AuditEvent")
        self.assertIn("(ACCESS-", with_values)
        self.assertEqual("es", tag)
        text, tag = said("ar", "/fhir/Patient?birthdate=yesterday")  # for programmers: no words, and it says so
        self.assertIn("birthdate", text)
        self.assertEqual("en", tag)
        self.assertNotIn("no existe", self.server.read_log())

    def test_deep_json(self):
        deep = '{"resourceType":"Patient","contact":' + "[" * 10000 + "]" * 10000 + "}"
        self.expect(413, self.post(deep), "deep")
        nested = '{"resourceType":"Patient","extension":[' + '{"url":"u","extension":[' * 10000
        self.assertIn(self.post(nested).status, (400, 413))

    def test_invalid_utf8(self):
        for bad in (b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
            body = b'{"resourceType":"Patient","name":[{"family":"' + bad + b'"}]}'
            self.expect(400, self.post(body))
        a = self.call("GET", "/fhir/Patient?name=%ff%fe")
        self.assertIn(a.status, (200, 400))

    def test_wrong_content(self):
        self.expect(422, self.post({"resourceType": "Patient", "gender": "purple"}), "Patient.gender")
        self.expect(422, self.post({"resourceType": "Patient", "birthDate": "1970-13-45"}),
                    "Patient.birthDate")
        self.expect(422, self.post({"resourceType": "Patient", "active": "yes"}), "Patient.active")
        self.expect(422, self.post({"resourceType": "Patient", "shoeSize": 42}), "shoeSize")
        self.expect(422, self.post({"resourceType": "Patient", "name": {"family": "x"}}), "Patient.name")
        many = self.post({"resourceType": "Patient", "gender": "purple", "active": 1, "shoe": 2})
        self.assertGreaterEqual(len(many.issues()), 3)
        wrong = self.post({"resourceType": "Observation", "status": "final", "code": {"text": "x"}})
        self.assertIn(wrong.status, (400, 422))
        self.expect(wrong.status, wrong, "Observation")
        unknown = self.post({"resourceType": "Frobnication"})
        self.assertIn(unknown.status, (400, 422))
        self.expect(unknown.status, unknown, "R4")
        self.expect(404, self.post({"resourceType": "Frobnication"}, "/fhir/Frobnication"),
                    "Frobnication")

    def test_reference_that_leads_nowhere(self):
        a = self.post(observation("nobody-at-all"), "/fhir/Observation")
        self.expect(422, a, "subject")

    def test_length_that_lies(self):
        """A gigabyte announced: refused before a byte of it is read."""
        before = self.memory()
        for more in ("Content-Length: 1073741824", "Content-Length: 99999999999999999999",
                     "Content-Length: 1073741824\r\nExpect: 100-continue"):
            started = time.monotonic()
            got = self.server.raw(self.head(more) + b'{"resourceType"', timeout=10)
            self.assertRegex(got, rb"^HTTP/1\.1 4(13|00) ")
            self.assertLess(time.monotonic() - started, 9)
        self.assertLess(self.memory() - before, 20000)

    def gigabyte(self, head, chunked):
        block = b"x" * (1 << 16)
        wire = b"%x\r\n" % len(block) + block + b"\r\n" if chunked else block
        sent, got = 0, b""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as s:
            s.sendall(head)
            try:
                while sent < 1 << 30 and not got:
                    s.sendall(wire)
                    sent += len(block)
                    s.settimeout(0.0001)
                    try:
                        got = s.recv(65536)
                    except (TimeoutError, BlockingIOError):
                        pass
                    s.settimeout(30)
            except (BrokenPipeError, ConnectionResetError):
                got = got or s.recv(65536)
        return sent, got

    def test_gigabyte(self):
        before = self.memory()
        for head, chunked in ((self.head("Content-Length: 1073741824"), False),
                              (self.head("Transfer-Encoding: chunked"), True)):
            sent, got = self.gigabyte(head, chunked)
            self.assertTrue(got.startswith(b"HTTP/1.1 413 "), got[:200])
            self.assertIn(b"OperationOutcome", got)
            self.assertLess(sent, 256 << 20)
        self.assertLess(self.memory() - before, 40000)

    def test_body_at_the_limit(self):
        fill = (1 << 20) - len(json.dumps({"resourceType": "Basic", "code": {"text": ""}}))
        body = json.dumps({"resourceType": "Basic", "code": {"text": "x" * fill}})
        a = self.post(body, "/fhir/Basic")
        self.assertNotEqual(413, a.status)
        self.expect(413, self.post(body + " ", "/fhir/Basic"), "larger")

    def test_refusals_before_the_body(self):
        """Who is not let in has not to send the body to learn it; a small one keeps the line."""
        got = self.server.raw(b"POST /fhir/Patient HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n"
                              b"Expect: 100-continue\r\n\r\n")
        self.assertTrue(got.startswith(b"HTTP/1.1 401 "), got[:100])
        got = self.server.raw(b"POST /fhir/Patient HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}"
                              b"GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        self.assertEqual(1, got.count(b"HTTP/1.1 401 "))
        self.assertEqual(1, got.count(b"HTTP/1.1 200 "))

    def test_large_heads(self):
        self.expect(414, self.call("GET", "/fhir/Patient?name=" + "x" * 9000), "_search")
        a = self.call("GET", "/fhir/Patient", headers={"X-Padding": "x" * 18000})
        self.assertEqual(431, a.status)
        self.expect(431, a)
        got = self.server.raw(b"GET / HTTP/1.1\r\nHost: t\r\n" + b"X-A: " + b"y" * 200000 + b"\r\n\r\n")
        self.assertRegex(got, rb"^(HTTP/1\.1 4|$)")

    def test_nonsense_on_the_wire(self):
        for data in (b"\x00\x01\x02\x03\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01",
                     os.urandom(4096), b"GET / HTTP/9.9\r\n\r\n",
                     self.head("Content-Length: -1"), self.head("Content-Length: abc"),
                     self.head("Transfer-Encoding: chunked") + b"zzz\r\n"):
            got = self.server.raw(data, timeout=8)
            self.assertTrue(not got or got.startswith(b"HTTP/1."), got[:100])

    def test_slow_loris(self):
        """Heads and bodies that dribble are cut off, however steadily they come."""
        def dribble(data, result):
            started = time.monotonic()
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as s:
                try:
                    for i in range(200):
                        s.sendall(data[i:i + 1] or b"x")
                        time.sleep(0.1)
                except OSError:
                    pass
            result.append(time.monotonic() - started)
        results = []
        kinds = (b"GET /healthz HTTP/1.1\r\nHost: t\r\n" + b"X-Slow: y\r\n" * 50,
                 self.head("Content-Length: 5000"))
        threads = [threading.Thread(target=dribble, args=(kinds[0], results)) for _ in range(5)]
        def body():
            started = time.monotonic()
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as s:
                s.sendall(kinds[1])
                try:
                    for _ in range(200):
                        s.sendall(b"x")
                        time.sleep(0.1)
                except OSError:
                    pass
            results.append(time.monotonic() - started)
        threads += [threading.Thread(target=body) for _ in range(5)]
        for t in threads:
            t.start()
        self.assertEqual(200, self.call("GET", "/healthz", token=None).status)
        for t in threads:
            t.join()
        self.assertEqual(10, len(results))
        self.assertLess(max(results), 15)

    def test_strange_addresses(self):
        for path in ("/fhir/Patient/%00", "/fhir/Patient/..%2f..%2fetc", "/fhir//Patient",
                     "/fhir/Patient/a%20b", "/%", "/fhir/Patient?%", "/fhir/Patient?=&&&="):
            a = self.call("GET", path)
            self.assertIn(a.status, (200, 400, 404), path)
            if a.status >= 400:
                self.expect(a.status, a)

    def test_bundles_that_are_none(self):
        for bundle in ({"resourceType": "Bundle", "type": "transaction",
                        "entry": [{"resource": {"resourceType": "Patient"}}]},
                       {"resourceType": "Bundle", "type": "transaction",
                        "entry": [{"request": {"method": "POST", "url": "Nonsense"},
                                   "resource": {"resourceType": "Patient"}}]},
                       {"resourceType": "Bundle", "type": "searchset"},
                       {"resourceType": "Bundle"}):
            a = self.post(bundle, "/fhir")
            self.assertIn(a.status, (400, 422), bundle)
            self.expect(a.status, a)
        self.assertIn(self.post({"resourceType": "Patient"}, "/fhir").status, (400, 422))

    def test_ids_that_are_none(self):
        for bad in ("a" * 65, "a_b", "a b"):
            a = self.call("PUT", "/fhir/Patient/" + bad.replace(" ", "%20"),
                          {"resourceType": "Patient", "id": bad})
            self.assertIn(a.status, (400, 404, 422))


if __name__ == "__main__":
    main()
