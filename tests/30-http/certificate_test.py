"""Mutual TLS: a device or partner is known by the certificate whose key it holds; another's, an expired
one and a person's open nothing, and a foreign page cannot ride on it."""
import http.client
import os
import ssl
import subprocess
import unittest

from weft_http import Server, main, weft


def make(folder, name, *more):
    key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", *(more or ("-days", "2"))],
                   check=True, capture_output=True)
    said = subprocess.run(["openssl", "x509", "-in", cert, "-noout", "-fingerprint", "-sha256"],
                          check=True, capture_output=True, text=True).stdout
    return cert, key, said.strip().split("=")[1]


class Certificate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = s = Server()
        cls.own = make(s.folder, "server")
        with open(s.config, "w", encoding="utf-8") as f:
            f.write(f"tls.cert = {cls.own[0]}\ntls.key = {cls.own[1]}\ntls.clients = true\n")
        cls.partner, cls.stranger = make(s.folder, "partner"), make(s.folder, "stranger")
        cls.late = make(s.folder, "late", "-not_before", "20200101000000Z", "-not_after", "20200201000000Z") \
            if b"-not_before" in subprocess.run(["openssl", "req", "-help"], capture_output=True).stderr else None
        d = ("--data", s.data)
        weft("user", "add", *d, "--user", "lab", "--role", "system", "--no-password")
        weft("user", "add", *d, "--user", "nurse.ada", "--role", "nurse", "--no-password", "--trained")
        weft("user", "certificate", *d, "--user", "lab", "--fingerprint", cls.partner[2])
        if cls.late:
            weft("user", "certificate", *d, "--user", "lab", "--fingerprint", cls.late[2])
        s.scheme = "https"
        s.start()

    @classmethod
    def tearDownClass(cls):
        code, log = cls.server.stop(), cls.server.read_log()
        cls.server.close()
        assert code == 0 and "Sanitizer" not in log and "runtime error" not in log, log[-4000:]

    def ask(self, who=None, path="/fhir/Patient", version=None, **headers):
        c = ssl.create_default_context(cafile=self.own[0])
        if who:
            c.load_cert_chain(who[0], who[1])
        if version:
            c.minimum_version = c.maximum_version = version
        h = http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=30, context=c)
        try:
            h.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            return h.getresponse().status
        finally:
            h.close()

    def test_who_holds_the_key(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual(200, self.ask(self.partner, version=version))
            self.assertEqual(401, self.ask(self.stranger, version=version))
            self.assertEqual(401, self.ask(version=version))
        self.assertEqual(200, self.ask(path="/healthz"))
        if self.late:
            self.assertEqual(401, self.ask(self.late))

    def test_a_token_goes_before(self):
        self.assertEqual(401, self.ask(self.partner, Authorization="Bearer " + "x" * 52))
        self.assertEqual(401, self.ask(self.partner, Authorization="Bearer "))

    def test_foreign_pages(self):
        self.assertEqual(401, self.ask(self.partner, Origin="https://evil.example"))
        self.assertEqual(401, self.ask(self.partner, Sec_Fetch_Site="cross-site"))

    def test_named_and_taken_away(self):
        d = ("--data", self.server.data)
        bad = lambda *a: self.assertNotEqual(0, weft("user", "certificate", *d, *a, check=False).returncode)
        bad("--user", "nurse.ada", "--fingerprint", self.stranger[2])
        bad("--user", "lab", "--fingerprint", "abc")
        bad("--user", "nobody", "--fingerprint", self.stranger[2])
        weft("user", "certificate", *d, "--user", "lab", "--fingerprint", self.stranger[2].lower())
        self.assertEqual(200, self.ask(self.stranger))
        weft("user", "disable", *d, "--user", "lab")
        self.assertEqual(401, self.ask(self.stranger))
        weft("user", "enable", *d, "--user", "lab")
        self.assertEqual(200, self.ask(self.stranger))
        weft("user", "certificate", *d, "--user", "lab", "--fingerprint", self.stranger[2], "--remove")
        self.assertEqual(401, self.ask(self.stranger))


main()
