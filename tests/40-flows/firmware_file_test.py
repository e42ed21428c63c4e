"""The file of a firmware release, kept by the server: whole and the right one or not at all, signed by its maker before
anybody approves it, given to the device that was asked for it, while it is, in pieces over a weak link."""
import hashlib
import http.client
import os
import random
import signal
import socket
import unittest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flows import main, wait_for
from kits import PLUGIN, KitCase

OWN = "https://weft.health/fhir/StructureDefinition/"
FILE = random.Random(7).randbytes(1_300_001)  # more than one of the parts that it is kept in, and a rest
DIGEST = hashlib.sha256(FILE).hexdigest()


@unittest.skipUnless(os.path.exists(PLUGIN), "mosquitto's dynamic security plugin is not installed")
class FirmwareFile(KitCase):
    def model(self, name, key=None):
        body = {"resourceType": "DeviceDefinition", "modelNumber": name,
                "extension": [{"url": OWN + "sbom", "valueUri": "https://elm-devices.example/x.cdx.json"},
                              {"url": OWN + "support-end", "valueDate": "2031-12-31"},
                              {"url": OWN + "patch-process", "valueString": "In rings"},
                              {"url": OWN + "implantable", "valueCode": "no"}]}
        if key:
            raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            body["extension"].append({"url": OWN + "firmware-key", "valueString": raw.hex()})
        return self.expect(201, self.call("POST", "/fhir/DeviceDefinition", body, "admin")).json["id"]

    def kit(self, model, serial, patient="p0008"):
        one = self.post("/fleet", {"model": model, "serial": serial})
        for state in ("shipped", "delivered"):
            self.post(f"/fleet/{one['id']}/state", {"state": state, "patient": patient}, 200, "agent")
        code = self.post(f"/fleet/{one['id']}/code")["code"]
        return one["id"], self.post("/fleet/provision", {"code": code}, user=None)

    def release(self, model, key=None, status=201, **more):
        body = {"model": model, "version": "2.0.0", "digest": DIGEST, "size": len(FILE), **more}
        if key:
            body["signature"] = key.sign(f"{model}\n2.0.0\n{body['digest']}".encode()).hex()
        return self.post("/fleet/firmware", body, status, "admin")

    def raw(self, method, path, token, body=None, **headers):
        """One request as a device makes it: status, headers, bytes."""
        line = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=60)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        line.request(method, path, body, {"Authorization": f"Bearer {token}", **headers})
        a = line.getresponse()
        found = a.status, {k.lower(): v for k, v in a.getheaders()}, a.read()
        line.close()
        return found

    def bring(self, release, body=FILE, user="admin"):
        return self.raw("PUT", f"/fleet/firmware/{release}/file", self.house.sign_in(user), body)[0]

    def step(self, release, step, status=200, user="nurse", **more):
        return self.expect(status, self.call("POST", f"/fleet/firmware/{release}/{step}", more, user)).json

    def shown(self, release):
        return self.get(f"/fleet/firmware/{release}")

    def fetch(self, keys, release, **headers):
        return self.raw("GET", f"/fleet/firmware/{release}/file", keys["token"], **headers)

    def sent(self, device):
        return wait_for(lambda: [c for c in self.get(f"/fleet/{device}")["commands"] if c["state"] == "sent"],
                        "its command")[0]

    def later(self, seconds):
        """The house goes on, having been killed."""
        self.house.stop(signal.SIGKILL)
        self.clock.offset += seconds
        self.house.tokens = {}
        self.house.start()

    def out(self, name):
        """A release that is going out, with its first device, and one more of the model."""
        key = Ed25519PrivateKey.generate()
        model = self.model(name, key)
        kits = dict(self.kit(model, f"{name}-{n}") for n in range(2))
        one = self.release(model, key)["id"]
        self.assertEqual(200, self.bring(one))
        self.step(one, "approve")
        device = wait_for(lambda: [d["id"] for d in self.shown(one)["devices"] if d["state"] == "sent"], "a command")[0]
        return one, device, kits.pop(device), list(kits.values())[0]

    # ---- brought ----

    def test_whole_and_the_right_one_or_nothing(self):
        key = Ed25519PrivateKey.generate()
        one = self.release(self.model("WHOLE", key), key)["id"]
        self.assertEqual(({}, "good"), (self.shown(one)["file"], self.shown(one)["signed"]))
        self.assertNotIn("approve", self.shown(one)["may"])
        self.step(one, "approve", 409)
        self.assertEqual(403, self.bring(one, user="agent"))
        self.assertEqual(404, self.bring("none"))
        for bad in (FILE[:-1], FILE + b"x", bytes([FILE[0] ^ 1]) + FILE[1:], b""):
            self.assertEqual(422, self.bring(one, bad))
        self.assertEqual({}, self.shown(one)["file"])
        for part in (0, 1, len(FILE) // 2, len(FILE) - 1):  # its line breaks
            with socket.create_connection(("127.0.0.1", self.house.port), timeout=60) as s:
                s.sendall((f"PUT /fleet/firmware/{one}/file HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                           f"{self.house.sign_in('admin')}\r\nContent-Length: {len(FILE)}\r\n\r\n").encode() + FILE[:part])
        self.assertEqual({}, self.shown(one)["file"])
        self.assertEqual(200, self.bring(one))
        self.assertEqual("admin", self.shown(one)["file"]["by"])
        self.step(one, "approve", 403, "admin")  # who asked is not the second person, also of a file
        self.later(3600)
        self.assertIn("at", self.shown(one)["file"])
        self.step(one, "approve")
        self.assertEqual(409, self.bring(one))  # what goes out is not changed

    def test_how_large(self):
        model = self.model("LARGE")
        self.release(model, status=400, size=(32 << 20) + 1)
        far = self.release(model, size=(32 << 20) + 1, url="https://elm-devices.example/x.bin")["id"]
        self.assertNotIn("file", self.shown(far))
        self.assertEqual(409, self.bring(far))
        self.step(far, "withdraw")
        most = random.Random(8).randbytes(32 << 20)
        key = Ed25519PrivateKey.generate()
        one = self.release(self.model("MOST", key), key, size=len(most), digest=hashlib.sha256(most).hexdigest())["id"]
        self.assertEqual(200, self.bring(one, most))

    def test_signed_by_its_maker_before_it_starts(self):
        one = self.release(self.model("BARE"))["id"]
        self.assertEqual(200, self.bring(one))
        self.assertEqual("no-key", self.shown(one)["signed"])
        self.step(one, "approve", 422)
        key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        model = self.model("SIGNED", key)
        self.release(model, other, 422)
        self.release(model, status=422)
        one = self.release(model, key)["id"]
        self.assertEqual(200, self.bring(one))
        # The maker's key was changed meanwhile: what was signed with the old one is not approved.
        file = self.get(f"/fhir/DeviceDefinition/{model}", "admin")
        raw = other.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        for x in file["extension"]:
            if x["url"].endswith("firmware-key"):
                x["valueString"] = raw
        self.expect(200, self.call("PUT", f"/fhir/DeviceDefinition/{model}", file, "admin"))
        self.assertEqual("wrong", self.shown(one)["signed"])
        self.step(one, "approve", 422)
        self.assertEqual("waiting", self.shown(one)["state"])

    # ---- given ----

    def test_over_a_link_that_breaks(self):
        one, _, keys, _ = self.out("RANGE")
        status, head, body = self.fetch(keys, one)
        self.assertEqual((200, FILE, "bytes", f'"{DIGEST}"'), (status, body, head["accept-ranges"], head["etag"]))
        got = b""
        while len(got) < len(FILE):  # it comes some way each time, and goes on there
            line = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=60)
            line.request("GET", f"/fleet/firmware/{one}/file", headers={
                "Authorization": f"Bearer {keys['token']}", "Range": f"bytes={len(got)}-", "If-Range": head["etag"],
                "Accept-Encoding": "gzip"})
            a = line.getresponse()
            self.assertEqual((206, None, f"bytes {len(got)}-{len(FILE) - 1}/{len(FILE)}"),
                             (a.status, a.getheader("Content-Encoding"), a.getheader("Content-Range")))
            got += a.read(400_000)
            line.sock.close() if line.sock else None
            a.close()
        self.assertEqual(DIGEST, hashlib.sha256(got).hexdigest())
        part = lambda range, **more: self.fetch(keys, one, Range=range, **more)
        self.assertEqual((206, FILE[-7:]), part("bytes=-7")[::2])
        self.assertEqual((206, FILE[262143:262145]), part("bytes=262143-262144")[::2])  # where two parts meet
        self.assertEqual((200, FILE), part("bytes=5-", If_Range='"another"')[::2])
        self.assertEqual((200, FILE), part("bytes=0-1,4-5")[::2])
        status, head, body = part(f"bytes={len(FILE)}-")
        self.assertEqual((416, f"bytes */{len(FILE)}", b""), (status, head["content-range"], body))
        status, head, body = self.raw("HEAD", f"/fleet/firmware/{one}/file", keys["token"])
        self.assertEqual((200, str(len(FILE)), b""), (status, head["content-length"], body))

    def test_for_the_device_that_was_asked_and_nobody_else(self):
        one, device, keys, others = self.out("OWN")
        self.assertEqual("/fleet/firmware/%s/file" % one, self.sent(device)["args"]["url"])
        self.assertEqual(404, self.fetch(others, one)[0])  # of the same model, not asked yet
        for user in ("nurse", "admin", "agent"):
            self.assertEqual(403, self.raw("GET", f"/fleet/firmware/{one}/file", self.house.sign_in(user))[0])
        self.assertEqual(401, self.raw("GET", f"/fleet/firmware/{one}/file", "none")[0])
        self.assertEqual(404, self.fetch(keys, "none")[0])
        self.assertEqual(200, self.fetch(keys, one)[0])
        self.step(one, "halt", reason="wait")
        wait_for(lambda: self.fetch(keys, one)[0] == 404, "it to be held back")
        self.step(one, "withdraw", reason="over")
        self.assertEqual({}, self.shown(one)["file"], "what is withdrawn is not kept")

    def test_while_it_is_asked(self):
        one, device, keys, _ = self.out("WHILE")
        line = self.wakes(keys)
        name, _ = self.told(line, 0)
        self.answer(line, keys, name, "accepted")
        self.until(device, "accepted")
        self.assertEqual(206, self.fetch(keys, one, Range="bytes=0-9")[0])
        self.answer(line, keys, name, "done")
        self.until(device, "done")
        line.close()
        self.assertEqual(404, self.fetch(keys, one)[0])
        one, device, keys, _ = self.out("LATE")
        self.later(15 * 24 * 3600)  # the command has ended by itself
        self.assertIn(self.fetch(keys, one)[0], (401, 404))
        keys = self.post("/fleet/provision", {"code": self.post(f"/fleet/{device}/code")["code"]}, user=None)
        self.assertEqual(404, self.fetch(keys, one)[0])


if __name__ == "__main__":
    main()
