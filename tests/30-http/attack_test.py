"""Attacks on the way a request is read: smuggling, hidden second requests, paths out of the house, headers
made of values, and what the cost of an answer tells about who exists."""
import os
import re
import socket

from weft_http import FHIR, Case, main

SMUGGLED = b"GET /fhir/Patient?_count=0 HTTP/1.1\r\nHost: t\r\n\r\n"


class Attack(Case):
    accounts = ((("--user", "nurse.ada", "--role", "nurse"), "a long phrase of ada"),)

    def tearDown(self):
        self.assertEqual(200, self.call("GET", "/healthz", token=None).status)

    def answers(self, head, body, timeout=1.5):
        """The status lines that come back for one request with such framing."""
        text = (f"POST /fhir/Patient HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {self.nurse}\r\n"
                f"Content-Type: {FHIR}\r\n").encode()
        got = self.server.raw(text + head + b"\r\n\r\n" + body, timeout=timeout)
        return [int(x) for x in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)], got

    def test_two_lengths_are_no_length(self):
        """RFC 9112 6.3: what could be read in two ways is refused, and what follows is never a request."""
        plain = b'{"resourceType":"Patient"}'
        length = b"Content-Length: %d" % len(plain)
        chunked = b"1a\r\n" + plain + b"\r\n0\r\n\r\n"
        for head, body in (
                (length + b"\r\nContent-Length: 5", plain),
                (length + b", 5", plain),
                (b"Content-Length: +%d" % len(plain), plain),
                (b"Content-Length: 0x1a", plain),
                (b"Content-Length: -1", plain),
                (b"Content-Length: 1e1", plain),
                (length + b"\r\nTransfer-Encoding: chunked", chunked),
                (b"Transfer-Encoding: chunked\r\nContent-Length: 4", chunked),
                (b"Transfer-Encoding: xchunked", chunked),
                (b"Transfer-Encoding: chunked, identity", chunked),
                (b"Transfer-Encoding: identity, chunked\r\nContent-Length: 4", chunked),
                (b"Transfer-Encoding:\x0bchunked", chunked),
                (b"Transfer-Encoding : chunked", chunked)):
            found, got = self.answers(head, body + SMUGGLED)
            self.assertGreaterEqual(min(found, default=400), 400, (head, got[:600]))

    def test_chunks_that_lie(self):
        for chunks in (b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n",
                       b"2\n{}\n0\n\n", b"2\r\n{}XX0\r\n\r\n", b"\r\n\r\n", b"g\r\n"):
            found, got = self.answers(b"Transfer-Encoding: chunked", chunks + SMUGGLED)
            self.assertNotIn(200, found, (chunks, got[:300]))
            self.assertNotIn(201, found, (chunks, got[:300]))

    def test_a_pipelined_request_has_its_own_rights(self):
        """The second request on a connection is asked for its own token."""
        one = (f"GET /fhir/Patient?_count=0 HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {self.nurse}\r\n\r\n").encode()
        got = self.server.raw(one + SMUGGLED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), timeout=8)
        self.assertEqual([200, 401], [int(x) for x in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)])

    def test_no_path_leads_out(self):
        ups = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "....//", "..;/", "%c0%ae%c0%ae/")
        for place in ("/console/", "/portal/", "/docs/", "/fhir/Patient/", "/fhir/Binary/", "/.well-known/", "/"):
            for up in ups:
                for aim in ("etc/passwd", "master", "weft.db", "keys"):
                    a = self.server.raw(f"GET {place}{up * 6}{aim} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
                                        .encode(), timeout=8)
                    self.assertNotIn(b"root:", a)
                    self.assertNotIn(b"SQLite format", a)
                    status = int(a.split(b" ", 2)[1])
                    page = b"text/html" in a and b'id="app"' in a  # the app's own "no such page"
                    self.assertTrue(status >= 400 or page or 300 <= status < 400, (place, up, aim, a[:200]))

    def test_values_make_no_headers(self):
        for value in ("x%0d%0aSet-Cookie:%20weft=1", "x%0aX-Made: 1", "x%e5%98%8a%e5%98%8dX-Made:1"):
            for path in (f"/fhir/Patient/{value}", f"/fhir/Patient?_id={value}", f"/console/{value}",
                         f"/fhir/Patient?_format={value}", f"/oauth/authorize?redirect_uri={value}&client_id={value}",
                         f"/fhir/Patient?name={value}&_count=1"):
                a = self.server.raw(f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                                    f"Authorization: Bearer {self.nurse}\r\n\r\n".encode(), timeout=8)
                head = a.split(b"\r\n\r\n", 1)[0].lower()
                self.assertNotIn(b"\nx-made", head, path)
                self.assertNotIn(b"\nset-cookie", head, path)

    def test_no_address_in_a_resource_is_asked(self):
        """References, canonicals, attachments, external entities: whatever names a server, ours stays at home."""
        with socket.create_server(("127.0.0.1", 0)) as trap:
            there = f"http://127.0.0.1:{trap.getsockname()[1]}"
            who = self.patient("Trap", photo=[{"url": there + "/p"}],
                               generalPractitioner=[{"reference": there + "/Practitioner/1"}])
            xml = (f'<!DOCTYPE Patient SYSTEM "{there}/d"><Patient xmlns="http://hl7.org/fhir">'
                   f'<!ENTITY x SYSTEM "{there}/e"></Patient>')
            for method, path, body in (
                    ("POST", "/fhir/Observation", {
                        "resourceType": "Observation", "status": "final", "code": {"text": "x"},
                        "meta": {"profile": [there + "/StructureDefinition/x"]},
                        "subject": {"reference": f"Patient/{who}"}, "focus": [{"reference": there + "/Device/1"}]}),
                    ("POST", "/fhir/DocumentReference", {
                        "resourceType": "DocumentReference", "status": "current",
                        "content": [{"attachment": {"url": there + "/doc.pdf"}}]}),
                    ("POST", f"/fhir/Patient/$validate?profile={there}/StructureDefinition/x",
                     {"resourceType": "Patient"}),
                    ("GET", f"/fhir/ValueSet/$expand?url={there}/ValueSet/x", None),
                    ("GET", f"/fhir/CodeSystem/$lookup?system={there}/cs&code=1", None),
                    ("GET", f"/fhir/Patient?_profile={there}/x&_include=Patient:general-practitioner", None),
                    ("GET", f"/fhir/Observation?subject={there}/Patient/1", None),
                    ("GET", f"/fhir/Patient/{who}/$everything", None),
                    ("GET", f"/oauth/authorize?client_id={there}/app&redirect_uri={there}/cb", None)):
                self.assertLess(self.call(method, path, body, "system").status, 500, path)
            self.assertGreaterEqual(self.call("POST", "/fhir/Patient", xml, "system", headers={
                "Content-Type": "application/fhir+xml"}).status, 400)
            trap.settimeout(0.5)
            with self.assertRaises(TimeoutError):
                trap.accept()

    def ticks(self, user, tries=12):
        """Processor time that refused sign-ins of a name cost, in ticks."""
        def used():
            with open(f"/proc/{self.server.process.pid}/stat", encoding="utf-8") as f:
                fields = f.read().rsplit(") ", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        before = used()
        for _ in range(tries):
            a = self.call("POST", "/auth/sign-in", {"user": user, "password": "not the one at all"}, token=None)
            if a.status == 429:
                break
            self.assertEqual(401, a.status)
            self.said.add(re.sub(rb"[0-9a-f-]{20,}", b"", a.body))
        return used() - before

    def test_who_exists_is_not_told_by_cost(self):
        """The hash is made for a name that is nobody's too: the work of a refusal is the same."""
        self.said = set()
        known, unknown = self.ticks("nurse.ada", 6), self.ticks("nobody.here", 6)
        self.assertEqual(1, len(self.said), self.said)
        self.assertGreater(known, 0)
        self.assertGreater(unknown, known // 3, (known, unknown, os.sysconf("SC_CLK_TCK")))


if __name__ == "__main__":
    main()
