"""weft key: new master and data keys while the server answers, erasing a patient so that not even a backup from
before opens, saved keys, and what is said when keys are lost, foreign or open to others."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
from weft_http import WEFT, Server, main, observation, weft  # noqa: E402

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
           "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so")
CODE = "https://weft.health/fhir/task-code"


def task(patient, code, status):
    return {"resourceType": "Task", "status": status, "intent": "order", "for": {"reference": "Patient/" + patient},
            "code": {"coding": [{"system": CODE, "code": code}]}}


class Keys(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="weft-keys-")
        self.addCleanup(shutil.rmtree, self.root, True)
        self.server = Server()
        self.addCleanup(self.server.close)
        self.data = self.server.data
        self.system, self.privacy = self.server.token("system"), self.server.token("privacy")
        self.nurse = self.server.token("nurse")

    def path(self, name):
        return os.path.join(self.root, name)

    def key(self, *args, code=0, word=""):
        p = weft("key", args[0], "--data", self.data, *args[1:], check=False)
        self.assertEqual(code, p.returncode, p.stderr)
        self.assertIn(word, p.stdout + p.stderr)
        return p.stdout

    def call(self, method, path, body=None, token=None, want=(200, 201)):
        a = self.server.call(method, path, body, token or self.nurse)
        self.assertIn(a.status, want, a.body)
        return a

    def patient(self, name, **more):
        p = self.call("POST", "/fhir/Patient", {"resourceType": "Patient", "name": [{"family": name}], **more}).json
        for value in range(60, 63):
            self.call("POST", "/fhir/Observation", observation(p["id"], value))
        return p

    def master(self):
        with open(os.path.join(self.data, "master"), encoding="utf-8") as f:
            return f.read()

    def sealed(self):
        end = time.monotonic() + 60
        while "sealed with them" not in self.key("status"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def names(self):
        found = self.call("GET", "/fhir/Patient?_count=1000").json.get("entry", [])
        return sorted(e["resource"]["name"][0]["family"] for e in found)

    def test_rotation(self):
        """Readers and writers notice nothing; a kill on the way only delays it."""
        self.server.start()
        first = self.patient("First")
        for n in range(150):
            self.call("POST", "/fhir/Patient", {"resourceType": "Patient", "name": [{"family": f"N{n}"}]})
        errors, over = [], []

        def use():
            n = 0
            while not over:
                n += 1
                a = self.server.call("POST", "/fhir/Observation", observation(first["id"], n), self.nurse)
                b = self.server.call("GET", "/fhir/Patient/" + first["id"], None, self.nurse)
                if (a.status, b.status) != (201, 200):
                    errors.append((a.body, b.body))
                    return
        threads = [threading.Thread(target=use) for _ in range(3)]
        for t in threads:
            t.start()
        before = self.master()
        self.key("rotate", word="generation 2")
        self.assertNotEqual(before, self.master())
        self.key("rotate", "--documents", word="2.data")
        self.sealed()
        self.key("rotate", "--documents", word="3.data")
        over.append(1)
        for t in threads:
            t.join()
        self.assertEqual([], errors)
        self.server.stop(signal.SIGKILL)
        self.server.start()
        self.sealed()
        self.key("check", word="all open")
        self.key("forget", "--epoch", "3", code=1, word="no retired data keys")
        self.key("forget", "--epoch", "1")
        self.key("forget", "--epoch", "2")
        self.assertEqual(0, self.server.stop())
        self.key("check", word="all open")
        self.assertIn("3.data", self.key("list"))
        self.assertEqual(2, self.key("list").count("trail before"))
        self.assertIn("whole", weft("audit", "verify", "--data", self.data).stdout)

    def test_erase(self):
        self.server.start()
        gone, kept = self.patient("Goner"), self.patient("Keeper")
        self.call("PUT", "/fhir/Observation/chosen-id", {**observation(gone["id"]), "id": "chosen-id"}, self.system)
        self.call("PUT", "/fhir/Patient/" + gone["id"], {**gone, "name": [{"family": "Goner2"}]}, self.system)
        dead = self.call("POST", "/fhir/Observation", observation(gone["id"], 99)).json["id"]
        self.call("DELETE", "/fhir/Observation/" + dead, None, self.system, want=(200, 204))
        weft("backup", "--data", self.data, "--out", self.path("before"))
        erase = ("erase", "--patient", gone["id"], "--reason", "asked for by the patient")
        self.key(*erase, code=1, word="privacy officer must approve")
        asked = self.call("POST", "/fhir/Task", task(gone["id"], "erase-record", "accepted"), self.system).json
        self.key(*erase, code=1, word="privacy officer must approve")  # not their own hand
        self.call("PUT", "/fhir/Task/" + asked["id"], {**asked, "description": "checked"}, self.privacy)
        hold = self.call("POST", "/fhir/Task", task(gone["id"], "legal-hold", "in-progress"), self.privacy).json
        self.key(*erase, code=1, word="legal hold")
        self.call("PUT", "/fhir/Task/" + hold["id"], {**hold, "status": "completed"}, self.privacy)
        self.key("erase", "--patient", "nobody", "--reason", "x", code=1)
        self.key(*erase, word="is erased; approved by")
        self.is_gone(gone["id"], kept["id"])
        weft("token", "--data", self.data, "--role", "nurse")
        self.assertEqual(0, self.server.stop())
        self.key("check", word="all open")
        self.assertIn("whole", weft("audit", "verify", "--data", self.data).stdout)
        # The backup from before, with the keys of now: erased there too, and its bytes do not open.
        weft("restore", "--from", self.path("before"), "--keys", self.data, "--data", self.path("back"))
        text = weft("export", "--data", self.path("back")).stdout
        self.assertIn("Keeper", text)
        self.assertNotIn("Goner", text)
        self.assertNotIn(gone["id"], text)
        self.assertIn("all open", weft("key", "check", "--data", self.path("back")).stdout)
        self.assertIn("1 patients erased", weft("key", "list", "--data", self.path("back")).stdout)
        shutil.rmtree(self.data)
        shutil.move(self.path("back"), self.data)
        self.server.start()
        self.is_gone(gone["id"], kept["id"])

    def is_gone(self, gone, kept):
        for path in ("Patient/" + gone, "Patient/" + gone + "/_history/1", "Observation/chosen-id"):
            self.call("GET", "/fhir/" + path, None, self.nurse, want=(404, 410))
        self.assertEqual(["Keeper"], self.names())
        self.assertEqual(0, len(self.call("GET", "/fhir/Patient?name=goner").json.get("entry", [])))
        self.assertEqual(3, self.call("GET", "/fhir/Observation?_total=accurate").json["total"])
        self.call("GET", "/fhir/Patient/" + kept)
        self.call("POST", "/fhir/Observation", observation(gone), want=(400, 404, 410, 422))
        self.call("POST", "/fhir/Observation", observation(kept), want=(201,))
        a = self.call("GET", "/fhir/Observation?subject=Patient/" + kept + "&_sort=_lastUpdated").json
        self.call("DELETE", "/fhir/Observation/" + a["entry"][-1]["resource"]["id"], None, self.system, want=(200, 204))
        self.assertNotIn("Goner", json.dumps(self.call("GET", "/fhir/_history?_count=200", None, self.system).json))

    def test_saved(self):
        secret = self.path("pass")
        for text, word in (("short\n", "at least 12"), ("a sentence of some length\n", "keep it apart")):
            with open(secret, "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(secret, 0o600)
            self.key("save", "--out", self.path("kept"), "--pass-file", secret, code=int("12" in word), word=word)
        self.assertEqual(0o600, os.stat(self.path("kept")).st_mode & 0o777)
        weft("backup", "--data", self.data, "--out", self.path("b"))
        shutil.rmtree(self.data)
        restore = ("restore", "--from", self.path("b"), "--keys", self.path("kept"), "--data", self.data)
        for more, word in (((), "needs its passphrase"), (("--pass-file", self.path("kept")), "does not open")):
            p = weft(*restore, *more, check=False)
            self.assertEqual(1, p.returncode)
            self.assertIn(word, p.stderr)
        weft(*restore, "--pass-file", secret)
        self.server.start()
        self.patient("Back")
        self.assertEqual(["Back"], self.names())

    def test_lost(self):
        """A clear error, and the folder as it was."""
        def refused(word):
            p = weft("export", "--data", self.data, check=False)
            self.assertEqual(1, p.returncode)
            self.assertIn(word, p.stderr)
        for name, word in (("master", "master key file cannot be read"), ("keys", "keys file of the data folder cannot")):
            os.rename(os.path.join(self.data, name), self.path(name))
            refused(word)
            with open(os.path.join(self.data, name), "w", encoding="utf-8") as f:
                f.write("nonsense\n")
            os.chmod(os.path.join(self.data, name), 0o600)
            refused("is damaged")
            os.chmod(os.path.join(self.data, name), 0o644)
            refused("chmod 600")
            os.rename(self.path(name), os.path.join(self.data, name))
        self.key("check", word="all open")
        old = self.path("old")
        shutil.copytree(self.data, old)
        self.key("rotate", "--documents")
        shutil.copy(old + "/keys", self.data)
        refused("does not open the keys file")
        shutil.copy(old + "/master", self.data)
        refused("keys file is older than the database")

    def test_token(self):
        """The master key in a PKCS#11 token (SoftHSM): never in a file, needed to open, rotated there."""
        if not shutil.which("softhsm2-util"):
            self.skipTest("softhsm2 is not installed")
        os.mkdir(self.path("tokens"))
        with open(self.path("softhsm.conf"), "w", encoding="utf-8") as f:
            f.write(f"directories.tokendir = {self.path('tokens')}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = self.path("softhsm.conf")
        self.addCleanup(os.environ.pop, "SOFTHSM2_CONF")
        self.pin("2468")
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "ward", "--pin", "2468", "--so-pin",
                        "13579"], check=True, capture_output=True)
        module = next(p for p in MODULES if os.path.exists(p))
        wrap = ("wrap", "--module", module, "--pin-file", self.path("pin"), "--token")
        self.server.start()
        self.patient("Stays")
        self.key(*wrap, "nobody", code=1, word="no token called nobody")
        self.key(*wrap, "ward", word="generation")
        self.assertFalse(os.path.exists(os.path.join(self.data, "master")))
        first = self.head()
        self.key("rotate", "--documents")
        self.sealed()
        self.assertEqual(0, self.server.stop())
        self.assertNotEqual(first, self.head())
        self.key("check", word="all open")
        os.chmod(self.path("pin"), 0o644)
        self.key("check", code=1, word="chmod 600")
        os.chmod(self.path("pin"), 0o600)
        self.pin("1111")
        self.key("check", code=1, word="lets nobody in")
        self.pin("2468")
        os.rename(self.path("tokens"), self.path("away"))
        os.mkdir(self.path("tokens"))
        self.key("check", code=1, word="no token called ward")
        os.rmdir(self.path("tokens"))
        os.rename(self.path("away"), self.path("tokens"))
        self.server.start()
        self.assertEqual(["Stays"], self.names())
        weft("backup", "--data", self.data, "--out", self.path("b"))
        weft("restore", "--from", self.path("b"), "--keys", self.data, "--data", self.path("r"))
        self.assertIn("all open", weft("key", "check", "--data", self.path("r")).stdout)
        self.key("wrap", word="generation")
        self.assertTrue(os.path.exists(os.path.join(self.data, "master")))
        self.assertEqual(0, self.server.stop())
        shutil.rmtree(self.path("tokens"))
        self.key("check", word="all open")

    def pin(self, text):
        with open(self.path("pin"), "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(text + "\n")

    def head(self):
        with open(os.path.join(self.data, "keys"), "rb") as f:
            return f.read().split(b"\nwrapped")[0]

    def test_killed(self):
        """Killed at any moment of a change of keys, everything opens afterwards."""
        self.server.start()
        self.patient("Stays")
        self.assertEqual(0, self.server.stop())
        for n in range(24):
            p = subprocess.Popen([WEFT, "key", "rotate", "--data", self.data] + (["--documents"] if n % 2 else []),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(n / 24 * 0.06)
            p.kill()
            p.wait()
            self.key("check", word="all open")


if __name__ == "__main__":
    main()
