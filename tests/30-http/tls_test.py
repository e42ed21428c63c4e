"""TLS in the server itself: versions, ciphers, bodies, refusals in the middle of a body, live streams,
and a certificate that is renewed without a restart."""
import http.client
import json
import os
import socket
import ssl
import subprocess
import time
import unittest

from weft_http import Server, main


def pair(folder, name):
    key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    return cert, key


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        folder = cls.server.folder
        cls.first, cls.second = pair(folder, "first"), pair(folder, "second")
        cls.cert, cls.key = os.path.join(folder, "live.pem"), os.path.join(folder, "live.key")
        cls.take(cls.first)
        with open(cls.server.config, "w", encoding="utf-8") as f:
            f.write(f"tls.cert = {cls.cert}\ntls.key = {cls.key}\nbody_max = 100000\n")
        cls.nurse = cls.server.token("nurse")
        cls.server.scheme = "https"
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        code, log = cls.server.stop(), cls.server.read_log()
        cls.server.close()
        assert code == 0 and "Sanitizer" not in log and "runtime error" not in log, log[-4000:]

    @classmethod
    def take(cls, new):
        for a, b in zip(new, (cls.cert, cls.key)):
            with open(a, "rb") as f, open(b + ".new", "wb") as to:
                to.write(f.read())
            os.replace(b + ".new", b)

    def context(self, *trust):
        c = ssl.create_default_context()
        for t in trust or (self.first[0], self.second[0]):
            c.load_verify_locations(t)
        return c

    def connection(self, context=None):
        return http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=30,
                                           context=context or self.context())

    def get(self, path, connection=None, method="GET", body=None):
        c = connection or self.connection()
        c.request(method, path, body=body, headers={
            "Authorization": "Bearer " + self.nurse, "Content-Type": "application/fhir+json"})
        a = c.getresponse()
        data = a.read()
        if not connection:
            c.close()
        return a, data

    def handshake(self, low, high):
        c = self.context()
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
        c.set_ciphers("ALL:@SECLEVEL=0")
        c.minimum_version, c.maximum_version = low, high
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as s, \
                c.wrap_socket(s) as t:
            return t.version(), t.cipher()[0]

    def test_versions_and_ciphers(self):
        v = ssl.TLSVersion
        self.assertEqual("TLSv1.3", self.handshake(v.TLSv1_3, v.TLSv1_3)[0])
        version, cipher = self.handshake(v.TLSv1_2, v.TLSv1_2)
        self.assertEqual("TLSv1.2", version)
        self.assertTrue(cipher.startswith("ECDHE-"), cipher)
        self.assertTrue("GCM" in cipher or "POLY1305" in cipher, cipher)
        for old in (v.TLSv1, v.TLSv1_1):
            with self.assertRaises((ssl.SSLError, OSError)):
                self.handshake(old, old)

    def test_work_over_tls(self):
        a, data = self.get("/fhir/Patient", method="POST",
                           body=json.dumps({"resourceType": "Patient", "gender": "female"}))
        self.assertEqual(201, a.status, data)
        self.assertTrue(a.getheader("Location", "").startswith("https://"), a.getheader("Location"))
        self.assertIn("max-age", a.getheader("Strict-Transport-Security"))
        keep = self.connection()
        for _ in range(50):
            a, data = self.get("/fhir/Patient?_count=1", keep)
            self.assertEqual(200, a.status)
        self.assertIn("https://127.0.0.1", json.loads(data)["link"][0]["url"])
        keep.close()

    def test_a_body_too_large_is_told(self):
        c = self.connection()
        c.connect()
        c.sock.sendall(b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                       self.nurse.encode() + b"\r\nTransfer-Encoding: chunked\r\n"
                       b"Content-Type: application/fhir+json\r\n\r\n")
        got = b""
        try:
            for _ in range(40):
                c.sock.sendall(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
        except OSError:
            pass
        try:
            while part := c.sock.recv(65536):
                got += part
        except OSError:
            pass
        self.assertIn(b" 413 ", got.split(b"\r\n")[0])
        c.close()

    def test_plain_http_is_not_answered(self):
        c = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        with self.assertRaises((OSError, http.client.HTTPException)):
            c.request("GET", "/healthz")
            c.getresponse().read()

    def test_live_stream(self):
        c = self.connection()
        c.request("GET", "/events", headers={"Authorization": "Bearer " + self.nurse})
        a = c.getresponse()
        self.assertEqual(200, a.status)
        self.get("/fhir/Patient", method="POST", body='{"resourceType":"Patient"}')
        lines = b""
        while b"event: change" not in lines:
            lines += a.readline()
        c.close()

    def test_renewed_without_a_restart(self):
        old = self.connection(self.context(self.first[0]))
        self.assertEqual(200, self.get("/healthz", old)[0].status)
        try:
            with open(self.cert, "w", encoding="utf-8") as f:
                f.write("nonsense")  # never replaces what works
            time.sleep(2.5)
            self.assertEqual(200, self.get("/healthz")[0].status)
            self.take(self.second)
            only_new = self.context(self.second[0])
            end = time.monotonic() + 30
            while True:
                try:
                    self.assertEqual(200, self.get("/healthz", self.connection(only_new))[0].status)
                    break
                except ssl.SSLError:
                    self.assertLess(time.monotonic(), end, "the new certificate is not taken")
                    time.sleep(0.2)
            self.assertEqual(200, self.get("/healthz", old)[0].status)
        finally:
            self.take(self.first)
            old.close()

    def test_a_wrong_pair_is_told_at_the_start(self):
        other = Server(f"tls.cert = {self.first[0]}\ntls.key = {self.second[1]}\n")
        self.addCleanup(other.close)
        with self.assertRaises(AssertionError) as told:
            other.start()
        self.assertIn("do not belong together", str(told.exception))
        other.process = None


if __name__ == "__main__":
    main()
