"""Proof of the audit trail: signed heads given away and held against it, altered, shortened or replaced trails found,
and the evidence pack, whose signatures are checked by a library of others."""
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import unittest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
from weft_http import Server, main, weft  # noqa: E402

PACK = b"weft evidence pack 1\n"


def check(key, value, text):
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(value), text)


class Evidence(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="weft-evidence-")
        self.addCleanup(shutil.rmtree, self.root, True)
        self.server = Server(accounts=((("--user", "nurse.ada", "--role", "nurse"), "correct horse battery 7"),))
        self.addCleanup(self.server.close)
        self.data = self.server.data
        self.privacy, self.nurse = self.server.token("privacy"), self.server.token("nurse")

    def path(self, name):
        return os.path.join(self.root, name)

    def verify(self, *args, code=0, word="whole"):
        p = weft("audit", "verify", "--data", self.data, *args, check=False)
        self.assertEqual(code, p.returncode, p.stderr)
        self.assertIn(word, p.stdout + p.stderr)

    def head(self, name):
        text = weft("audit", "head", "--data", self.data).stdout
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return json.loads(text)

    def sql(self, *lines):
        db = sqlite3.connect(os.path.join(self.data, "weft.db"))
        for line in lines:
            db.execute(line)
        db.commit()
        db.close()

    def test_heads(self):
        h = self.head("head")
        text = (b"weft trail head 1\n" + int(h["seq"]).to_bytes(8, "big") + int(h["time"]).to_bytes(8, "big") +
                bytes.fromhex(h["hash"]))
        check(h["key"], h["signature"], text)
        with self.assertRaises(InvalidSignature):
            check(h["key"], h["signature"], text[:-1] + b"x")
        for n in range(8):
            weft("token", "--data", self.data, "--role", "agent", "--user", f"agent.{n}")
        later = self.head("later")
        self.assertGreater(int(later["seq"]), int(h["seq"]))
        self.verify("--head", self.path("head"), word="head given holds")
        self.verify("--head", self.path("later"), word="head given holds")
        with open(self.path("forged"), "w", encoding="utf-8") as f:
            json.dump({**h, "seq": str(int(h["seq"]) - 1)}, f)
        self.verify("--head", self.path("forged"), code=1, word="not the one")
        with open(self.path("nothing"), "w", encoding="utf-8") as f:
            f.write("{}")
        self.verify("--head", self.path("nothing"), code=1, word="no head of a trail")
        # A whole folder put back as it was: whole in itself, but not the trail that was.
        self.verify("--head", self.path("later"))
        weft("init", "--data", self.path("other"))
        p = weft("audit", "verify", "--data", self.path("other"), "--head", self.path("head"), check=False)
        self.assertEqual(1, p.returncode)
        self.sql("DELETE FROM trail WHERE k=(SELECT max(k) FROM trail)")
        self.verify(code=1, word="broken at entry")

    def test_pack(self):
        self.server.start()
        made = self.server.call("POST", "/fhir/Patient", {"resourceType": "Patient", "name": [{"family": "Nameless"}]},
                                self.nurse).json["id"]
        code = [{"system": "https://weft.health/fhir/task-code", "code": "access-request"}]
        a = self.server.call("POST", "/fhir/Task", {
            "resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": "Patient/" + made},
            "code": {"coding": code}, "restriction": {"period": {"end": "2026-01-05T00:00:00Z"}}}, self.privacy)
        self.assertEqual(201, a.status, a.body)
        for path in ("/audit/verify", "/audit/pack", "/audit/pack.pdf"):
            self.assertEqual(403, self.server.call("GET", path, None, self.nurse).status)
            self.assertEqual(401, self.server.call("GET", path).status)
        self.assertTrue(self.server.call("GET", "/audit/verify", None, self.privacy).json["whole"])
        body = self.server.call("GET", "/audit/pack", None, self.privacy).body
        self.pack(body)
        pdf = self.server.call("GET", "/audit/pack.pdf", None, self.privacy)
        self.assertEqual("application/pdf", pdf.header("Content-Type"))
        self.pdf(pdf.body)
        for name, reader in (("p.json", self.pack), ("p.pdf", self.pdf)):
            weft("audit", "pack", "--data", self.data, "--out", self.path(name))
            self.assertEqual(0o600, os.stat(self.path(name)).st_mode & 0o777)
            with open(self.path(name), "rb") as f:
                reader(f.read())
        p = weft("audit", "pack", "--data", self.data, "--out", self.path("p.json"), check=False)
        self.assertEqual(1, p.returncode)
        self.assertEqual(0, self.server.stop())
        weft("audit", "pack", "--data", self.data, "--out", self.path("q.json"))

    def pack(self, body):
        whole = json.loads(body)
        at = body.rindex(b',"signature":')
        sig = whole["signature"]
        check(sig["key"], sig["value"], PACK + body[len(b'{"pack":'):at])
        p = whole["pack"]
        self.assertTrue(p["trail"]["whole"])
        self.assertGreater(p["trail"]["entries"], 5)
        ada = next(a for a in p["accounts"] if a["user"] == "nurse.ada")
        self.assertEqual(("nurse", "open"), (ada["role"], ada["state"]))
        self.assertIn("trained", ada)
        self.assertIn("account", [e["what"] for e in p["events"]])
        self.assertIn("evidence-pack", [e["what"] for e in p["events"]])
        self.assertGreater(len(p["rules"]), 100)
        clock = next(c for c in p["openClocks"] if c["what"] == "access-request")
        self.assertTrue(clock["late"])
        self.assertNotIn(b"Nameless", body)

    def pdf(self, body):
        self.assertTrue(body.startswith(b"%PDF-"))
        at = body.rindex(b"\n%weft-signature Ed25519 ")
        key, value = body[at:].split()[-2:]
        self.assertTrue(body[:at].rstrip().endswith(b"%%EOF"))
        check(key.decode(), value.decode(), PACK + body[:at])


if __name__ == "__main__":
    main()
