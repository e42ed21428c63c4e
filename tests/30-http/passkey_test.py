"""Passkeys against an authenticator written for the test: ES256, EdDSA and RS256, and every way to
cheat: replayed, for another page, host, question or account, unverified, unsigned, copied."""
import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from weft_http import Case, main, weft

WORDS = "correct horse battery 7"
PRESENT, VERIFIED, KEY = 1, 4, 64


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def cbor(v):
    def head(major, n):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 256:
            return bytes([major << 5 | 24, n])
        return bytes([major << 5 | 25]) + struct.pack(">H", n)
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    return head(5, len(v)) + b"".join(cbor(k) + cbor(x) for k, x in v.items())


def raw_bytes(key):
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return key.public_key().public_bytes(*raw)


class Authenticator:
    """One credential."""

    def __init__(self, kind, rp):
        self.rp, self.count, self.id = rp, 0, os.urandom(32)
        self.kind = kind
        if kind == "ES256":
            self.key = ec.generate_private_key(ec.SECP256R1())
            n = self.key.public_key().public_numbers()
            self.cose = {1: 2, 3: -7, -1: 1, -2: n.x.to_bytes(32, "big"), -3: n.y.to_bytes(32, "big")}
        elif kind == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
            self.cose = {1: 1, 3: -8, -1: 6, -2: raw_bytes(self.key)}
        else:
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            n = self.key.public_key().public_numbers()
            self.cose = {1: 3, 3: -257, -1: n.n.to_bytes(256, "big"), -2: n.e.to_bytes(3, "big")}

    def sign(self, data):
        if self.kind == "ES256":
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.kind == "EdDSA":
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def data(self, flags, extra=b"", rp=None):
        return (hashlib.sha256((rp or self.rp).encode()).digest() + bytes([flags]) +
                struct.pack(">I", self.count) + extra)

    def client(self, kind, challenge, origin, **more):
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin,
                           "crossOrigin": False, **more}).encode()

    def make(self, challenge, origin, flags=PRESENT | VERIFIED | KEY, fmt="none", statement=None, **more):
        extra = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor(self.cose)
        return {"clientData": b64(self.client("webauthn.create", challenge, origin, **more)),
                "attestation": b64(cbor({"fmt": fmt, "attStmt": statement or {},
                                         "authData": self.data(flags, extra)})),
                "name": "My key"}

    def get(self, challenge, origin, flags=PRESENT | VERIFIED, kind="webauthn.get", rp=None, **more):
        client = self.client(kind, challenge, origin, **more)
        data = self.data(flags, rp=rp)
        return {"id": b64(self.id), "clientData": b64(client), "authenticatorData": b64(data),
                "signature": b64(self.sign(data + hashlib.sha256(client).digest()))}


class Passkey(Case):
    roles = ("nurse", "system", "privacy")
    accounts = ((("--user", "nurse.ada", "--role", "nurse"), WORDS),
                (("--user", "nurse.bea", "--role", "nurse"), WORDS),
                (("--user", "nurse.cy", "--role", "nurse"), WORDS))

    @property
    def origin(self):
        return f"http://localhost:{self.server.port}"

    def ask(self, method, path, body=None, session=None):
        headers = {"Host": f"localhost:{self.server.port}"}
        if session:
            headers.update({"Cookie": session[0], "X-Weft-Csrf": session[1]})
        return self.call(method, path, body, None, headers=headers)

    def session_of(self, a):
        self.expect(200, a)
        return a.header("Set-Cookie").split(";")[0], a.json["csrf"]

    def with_password(self, user):
        return self.session_of(self.ask("POST", "/auth/sign-in",
                                        {"user": user, "password": WORDS, "session": "cookie"}))

    def enrol(self, user, kind="ES256", session=None):
        session = session or self.with_password(user)
        told = self.expect(200, self.ask("POST", "/auth/passkeys/begin", {}, session)).json
        self.assertEqual("localhost", told["rpId"])
        key = Authenticator(kind, "localhost")
        self.expect(204, self.ask("POST", "/auth/passkeys", key.make(told["challenge"], self.origin), session))
        return key, session

    def challenge(self):
        return self.expect(200, self.ask("POST", "/auth/passkey/begin", {})).json["challenge"]

    def sign_in(self, said):
        return self.ask("POST", "/auth/passkey/sign-in", {**said, "session": "cookie"})

    def test_three_kinds_of_key(self):
        for kind in ("ES256", "EdDSA", "RS256"):
            key, _ = self.enrol("nurse.ada", kind)
            for _ in range(2):
                key.count += 1
                a = self.sign_in(key.get(self.challenge(), self.origin))
                session = self.session_of(a)
                self.assertEqual("nurse.ada", a.json["user"])
                self.expect(200, self.ask("GET", "/fhir/Patient", None, session))

    def test_a_replayed_assertion(self):
        key, _ = self.enrol("nurse.ada")
        said = key.get(self.challenge(), self.origin)
        self.expect(200, self.sign_in(said))
        self.expect(401, self.sign_in(said))
        # The same challenge, signed anew, is spent too.
        challenge = self.challenge()
        self.expect(200, self.sign_in(key.get(challenge, self.origin)))
        self.expect(401, self.sign_in(key.get(challenge, self.origin)))

    def test_wrong_in_one_thing(self):
        key, session = self.enrol("nurse.ada", "EdDSA")
        stranger = Authenticator("EdDSA", "localhost")
        impostor = Authenticator("EdDSA", "localhost")
        impostor.id = key.id
        here = self.origin
        forged = key.get(self.challenge(), here)
        forged["signature"] = b64(bytes(64))
        other = self.challenge()
        swapped = {**key.get(self.challenge(), here), "clientData": b64(key.client("webauthn.get", other, here))}
        mine = self.expect(200, self.ask("POST", "/auth/step-up/begin", {}, session)).json["challenge"]
        for n, bad in enumerate((
                key.get(self.challenge(), "http://evil.example"),
                key.get(self.challenge(), here + ".evil.example"),
                key.get(self.challenge(), here.replace("http:", "https:")),
                key.get(self.challenge(), here, rp="evil.example"),
                key.get(self.challenge(), here, kind="webauthn.create"),
                key.get(self.challenge(), here, flags=PRESENT),
                key.get(self.challenge(), here, flags=VERIFIED),
                key.get(self.challenge(), here, crossOrigin=True),
                key.get(b64(os.urandom(40)), here), key.get("", here), key.get(mine, here),
                stranger.get(self.challenge(), here), impostor.get(self.challenge(), here),
                {**key.get(self.challenge(), here), "userHandle": b64(b"somebody else...")},
                forged, swapped)):
            a = self.sign_in(bad)
            self.expect(401, a)
            self.assertIn("does not open an account", a.text(), n)
        self.expect(200, self.sign_in(key.get(self.challenge(), here)))
        # Another host's name at the door does not make the passkey its own.
        headers = {"Host": "evil.example"}
        evil = key.get(self.challenge(), "http://evil.example", rp="evil.example")
        self.expect(401, self.call("POST", "/auth/passkey/sign-in", evil, None, headers=headers))

    def test_a_copied_counter(self):
        key, session = self.enrol("nurse.bea")
        key.count = 7
        self.expect(200, self.sign_in(key.get(self.challenge(), self.origin)))
        key.count = 5
        self.expect(401, self.sign_in(key.get(self.challenge(), self.origin)))
        key.count = 9  # closed for good
        self.expect(401, self.sign_in(key.get(self.challenge(), self.origin)))
        rows = self.expect(200, self.ask("GET", "/auth/security", None, session)).json["passkeys"]
        self.assertTrue(next(r for r in rows if r["id"] == b64(key.id))["copied"])

    def test_registering(self):
        session = self.with_password("nurse.bea")
        begin = lambda: self.expect(200, self.ask("POST", "/auth/passkeys/begin", {}, session)).json["challenge"]
        key = Authenticator("ES256", "localhost")
        other = Authenticator("ES256", "evil.example")
        here = self.origin
        foreign = self.expect(200, self.ask("POST", "/auth/passkeys/begin", {}, self.with_password("nurse.ada")))
        for bad in (key.make(begin(), "http://evil.example"), key.make(begin(), here, flags=PRESENT | KEY),
                    key.make(begin(), here, flags=PRESENT | VERIFIED), other.make(begin(), here),
                    key.make(self.challenge(), here), key.make(foreign.json["challenge"], here),
                    {**key.make(begin(), here), "name": ""}, {**key.make(begin(), here), "name": "x" * 61},
                    {**key.make(begin(), here), "attestation": b64(os.urandom(300))},
                    {**key.make(begin(), here), "attestation": b64(b"\xbf\x63fmt")},
                    {**key.make(begin(), here), "attestation": "%%"}):
            self.expect(400, self.ask("POST", "/auth/passkeys", bad, session))
        challenge = begin()
        made = key.make(challenge, here, fmt="packed", statement={"alg": -7, "sig": b"x" * 70})
        self.expect(204, self.ask("POST", "/auth/passkeys", made, session))
        self.expect(400, self.ask("POST", "/auth/passkeys", Authenticator("ES256", "localhost").make(
            challenge, here), session))
        self.expect(409, self.ask("POST", "/auth/passkeys", key.make(begin(), here), session))

    def test_naming_and_removing(self):
        key, session = self.enrol("nurse.cy")
        second, _ = self.enrol("nurse.cy", "EdDSA", session)
        there = self.expect(200, self.ask("GET", "/auth/security", None, session)).json
        self.assertEqual([b64(key.id), b64(second.id)], [r["id"] for r in there["passkeys"]])
        self.assertEqual((True, False, 0), (there["password"], there["totp"], there["recovery"]))
        self.expect(204, self.ask("POST", "/auth/passkeys/rename", {"id": b64(key.id), "name": "Teléfono"}, session))
        ada = self.with_password("nurse.ada")
        self.expect(404, self.ask("POST", "/auth/passkeys/remove", {"id": b64(key.id)}, ada))
        self.expect(404, self.ask("POST", "/auth/passkeys/rename", {"id": b64(key.id), "name": "x"}, ada))
        self.expect(204, self.ask("POST", "/auth/passkeys/remove", {"id": b64(second.id)}, session))
        self.expect(401, self.sign_in(second.get(self.challenge(), self.origin)))
        rows = self.ask("GET", "/auth/security", None, session).json["passkeys"]
        self.assertEqual(["Teléfono"], [r["name"] for r in rows])
        self.expect(200, self.sign_in(key.get(self.challenge(), self.origin)))
        weft("user", "disable", "--data", self.server.data, "--user", "nurse.cy")
        self.expect(401, self.sign_in(key.get(self.challenge(), self.origin)))

    def test_step_up(self):
        key, session = self.enrol("nurse.ada")
        begin = lambda: self.expect(200, self.ask("POST", "/auth/step-up/begin", {}, session)).json["challenge"]
        self.expect(204, self.ask("POST", "/auth/step-up", {"passkey": key.get(begin(), self.origin)}, session))
        self.expect(401, self.ask("POST", "/auth/step-up", {"passkey": key.get(self.challenge(), self.origin)}, session))
        bea, _ = self.enrol("nurse.bea")
        self.expect(401, self.ask("POST", "/auth/step-up", {"passkey": bea.get(begin(), self.origin)}, session))

    def test_recovery(self):
        session = self.with_password("nurse.bea")
        codes = self.expect(200, self.ask("POST", "/auth/recovery-codes", {}, session)).json["codes"]
        self.assertEqual(10, len(set(codes)))
        recover = lambda user, code: self.ask("POST", "/auth/recover",
                                              {"user": user, "code": code, "session": "cookie"})
        again = self.session_of(recover("nurse.bea", codes[0].upper().replace("-", " ")))
        self.assertEqual(9, self.ask("GET", "/auth/security", None, again).json["recovery"])
        wrong = [recover("nurse.bea", codes[0]), recover("nobody.here", codes[1]),
                 recover("nurse.ada", codes[1]), recover("nurse.bea", "x")]
        self.assertEqual({401}, {a.status for a in wrong})
        self.assertEqual(1, len({a.json["issue"][0]["details"]["text"] for a in wrong}))
        fresh = self.expect(200, self.ask("POST", "/auth/recovery-codes", {}, again)).json["codes"]
        self.expect(401, recover("nurse.bea", codes[2]))
        self.expect(200, recover("nurse.bea", fresh[0]))
        for path in ("/auth/recovery-codes", "/auth/passkeys/begin"):
            self.expect(403, self.call("POST", path, {}, "nurse"))


main()
