"""The file of a firmware release, kept by the server: whole and the right one or not at all, signed by its maker before
anybody approves it, given to the device that was asked for it, while it is, in pieces over a weak link."""
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import unittest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flows import main, wait_for
from kits import PLUGIN, KitCase

SOURCE = os.environ.get("WEFT_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
OWN = "https://weft.health/fhir/StructureDefinition/"
FILE = random.Random(7).randbytes(1_300_001)  # more than one of the parts that it is kept in, and a rest
DIGEST = hashlib.sha256(FILE).hexdigest()


class Files(KitCase):
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


@unittest.skipUnless(os.path.exists(PLUGIN), "mosquitto's dynamic security plugin is not installed")
class FirmwareFile(Files):
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

    # ---- brought in pieces ----

    def at(self, release, user="admin"):
        status, head, _ = self.raw("HEAD", f"/fleet/firmware/{release}/upload", self.house.sign_in(user), Tus_Resumable="1.0.0")
        self.assertEqual((200, "no-store", "1.0.0"), (status, head["cache-control"], head["tus-resumable"]))
        return int(head["upload-offset"])

    def piece(self, release, at, to=None, body=FILE, user="admin", **headers):
        headers = {"Upload_Offset": str(at), "Content_Type": "application/offset+octet-stream", **headers}
        return self.raw("PATCH", f"/fleet/firmware/{release}/upload", self.house.sign_in(user), body[at:to], **headers)[0]

    def test_in_pieces_through_broken_lines_and_a_killed_house(self):
        key = Ed25519PrivateKey.generate()
        one = self.release(self.model("PIECES", key), key)["id"]
        path = f"/fleet/firmware/{one}/upload"
        self.assertEqual(0, self.at(one))
        self.assertEqual(404, self.raw("GET", "/fleet/firmware/none/upload", self.house.sign_in("admin"))[0])
        for user in ("agent", "patient"):
            self.assertEqual(403, self.raw("GET", path, self.house.sign_in(user))[0])
            self.assertEqual(403, self.piece(one, 0, 10, user=user))
        self.assertEqual(412, self.piece(one, 0, 10, Tus_Resumable="0.2.2"))
        self.assertEqual(415, self.piece(one, 0, 10, Content_Type="application/octet-stream"))
        for wrong in ("", "-1", "x", "9" * 30):
            self.assertEqual(400, self.piece(one, 0, 10, Upload_Offset=wrong))
        self.assertEqual(409, self.piece(one, 1, 10))
        self.assertEqual(413, self.piece(one, 0, body=FILE + b"x"))
        self.assertEqual(0, self.at(one))
        self.assertEqual(204, self.piece(one, 0, 400_001))
        # Its line breaks in the middle of a piece: the house has what it answered for.
        with socket.create_connection(("127.0.0.1", self.house.port), timeout=60) as s:
            s.sendall((f"PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.house.sign_in('admin')}\r\n"
                       "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 400001\r\n"
                       "Content-Length: 400000\r\n\r\n").encode() + FILE[400_001:600_000])
        self.assertEqual((400_001, 400_001), (self.at(one), self.shown(one)["file"]["offset"]))
        self.assertEqual(409, self.piece(one, 0, 400_001))  # an answer that was lost: it is not added twice
        self.assertEqual(204, self.piece(one, 400_001, 400_002))
        # The house is killed while a piece is under way: it has the piece, or it has not, and says which.
        line = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=60)
        line.request("PATCH", path, FILE[400_002:1_200_000], {
            "Authorization": f"Bearer {self.house.sign_in('admin')}", "Upload-Offset": "400002",
            "Content-Type": "application/offset+octet-stream"})
        self.later(3600)
        line.close()
        self.assertIn(self.at(one), (400_002, 1_200_000))
        self.step(one, "approve", 409)
        for _ in range(9):  # in pieces that end where the parts of it do, and not
            at = self.at(one)
            if at < len(FILE):
                self.assertEqual(204, self.piece(one, at, at + 262_144))
        self.assertEqual(len(FILE), self.at(one))
        self.assertEqual(409, self.piece(one, len(FILE), body=FILE))
        self.assertEqual(("admin", False), (self.shown(one)["file"]["by"], "offset" in self.shown(one)["file"]))
        keys = self.kit(self.shown(one)["model"], "PIECES-0")[1]
        self.step(one, "approve")
        self.assertEqual(FILE, wait_for(lambda: (a := self.fetch(keys, one))[0] == 200 and a[2], "the file"))

    def test_another_file_in_pieces_leaves_nothing(self):
        key = Ed25519PrivateKey.generate()
        one = self.release(self.model("FOREIGN", key), key)["id"]
        bad = FILE[:-1] + bytes([FILE[-1] ^ 1])
        self.assertEqual(204, self.piece(one, 0, 1_000_000, bad))
        self.assertEqual(422, self.piece(one, 1_000_000, body=bad))
        self.assertEqual((0, {}), (self.at(one), self.shown(one)["file"]))
        self.assertEqual(204, self.piece(one, 0, 1_000_000, bad))  # one that stopped gives way to a whole one
        self.assertEqual(200, self.bring(one))
        self.assertEqual(len(FILE), self.at(one))
        self.step(one, "withdraw", reason="over", user="admin")
        self.assertEqual(409, self.piece(one, 0, 10))

    def test_so_many_at_once_and_what_stops_ends(self):
        models = [self.model(f"MANY-{n}") for n in range(9)]
        many = [self.release(m)["id"] for m in models]
        for one in many[:8]:
            self.assertEqual(204, self.piece(one, 0, 300_000))
        self.assertEqual(503, self.piece(many[8], 0, 300_000))
        self.step(many[0], "withdraw", reason="over", user="admin")  # what ends makes room
        self.assertEqual(204, self.piece(many[8], 0, 300_000))
        self.later(23 * 3600)
        self.assertEqual(204, self.piece(many[8], 300_000, 300_001))
        self.later(2 * 3600)
        for one in many[1:8]:
            wait_for(lambda one=one: self.at(one) == 0, "what stopped to end")
        self.assertEqual(300_001, self.at(many[8]))
        self.step(many[8], "withdraw", reason="over", user="admin")

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


@unittest.skipUnless(os.path.exists(PLUGIN), "mosquitto's dynamic security plugin is not installed")
class LongOver(Files):
    def passes(self, *releases):
        """Their rings pass, each after its hours: no device of the model is in use."""
        for _ in range(6):
            if all(self.shown(one)["state"] == "done" for one in releases):
                return
            self.later(15 * 24 * 3600)
            self.get("/fleet/firmware")
            self.waits(releases)
        self.fail("a release that does not end")

    def waits(self, releases):
        seen = [self.shown(one)["rings"] for one in releases]
        try:
            wait_for(lambda: [self.shown(one)["rings"] for one in releases] != seen, "a ring to pass", timeout=15)
        except AssertionError:
            pass

    def learns(self, user):
        """The years went by: everybody's training has run out."""
        with open(os.path.join(SOURCE, "spec/identity/training.json"), encoding="utf-8") as f:
            right = {m["id"]: [q["options"]["en"][0] for q in m["quiz"]] for m in json.load(f)["modules"]}
        for m in self.get("/auth/training", user)["modules"]:
            options = [q["options"]["en"] for q in m["quiz"]]
            answers = [o.index(r) for o, r in zip(options, right[m["id"]], strict=True)]
            self.expect(200, self.call("POST", "/auth/training", {"module": m["id"], "answers": answers}, user))

    def test_what_is_long_over_goes_and_its_record_stays(self):
        key = Ed25519PrivateKey.generate()
        model, other = self.model("OVER", key), self.model("STUCK", key)

        def out(model, version):
            text = f"{model}\n{version}\n{DIGEST}".encode()
            one = self.post("/fleet/firmware", {"model": model, "version": version, "digest": DIGEST,
                                                "size": len(FILE), "signature": key.sign(text).hex()}, 201, "admin")["id"]
            self.assertEqual(200, self.bring(one))
            self.step(one, "approve")
            return one

        halted = out(other, "1.0.0")
        self.step(halted, "halt", reason="wait")
        first = out(model, "1.0.0")
        self.passes(first)
        second = out(model, "2.0.0")
        self.later(800 * 24 * 3600)  # however old: nothing came after it
        self.assertNotIn("gone", self.shown(first)["file"])
        self.passes(second)
        wait_for(lambda: "gone" in self.shown(halted)["file"], "the file of what was halted long ago to end")
        self.assertNotIn("resume", self.shown(halted)["may"])
        self.step(halted, "resume", 409, "admin", reason="try")
        self.later(729 * 24 * 3600)
        self.assertNotIn("gone", self.shown(first)["file"])
        self.later(2 * 24 * 3600)
        gone = wait_for(lambda: "gone" in (r := self.shown(first))["file"] and r, "the file of what was replaced to end")
        self.assertEqual((DIGEST, "done", "good", "file-ended", "weft-fleet"),
                         (gone["digest"], gone["state"], gone["signed"], gone["steps"][-1]["what"], gone["steps"][-1]["who"]))
        self.assertNotIn("gone", self.shown(second)["file"])
        # Nobody is asked to take it any more, also not by hand.
        for user in ("nurse", "agent", "admin"):
            self.learns(user)
        device, _ = self.kit(model, "OVER-0")
        self.assertEqual(["2.0.0"], [r["version"] for o in self.get(f"/fleet/{device}")["kinds"]
                                   for r in o.get("releases", [])])
        self.ask(device, "update", 409, user="admin", release=first)
        self.ask(device, "update", user="admin", release=second)


if __name__ == "__main__":
    main()
