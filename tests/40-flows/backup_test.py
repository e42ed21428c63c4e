"""weft backup, restore and key: a copy made under write load holds all that was answered before it began,
whole transactions only; a kill at any moment leaves nothing half that could be taken for a copy."""
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
from weft_http import WEFT, Server, main, weft  # noqa: E402


def pair(n):
    """Two resources that belong together: a copy has both or neither."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": f"urn:uuid:00000000-0000-4000-8000-{n:012x}",
         "resource": {"resourceType": "Patient", "identifier": [{"system": "urn:n", "value": str(n)}]},
         "request": {"method": "POST", "url": "Patient"}},
        {"resource": {"resourceType": "Basic", "code": {"text": str(n)},
                      "subject": {"reference": f"urn:uuid:00000000-0000-4000-8000-{n:012x}"}},
         "request": {"method": "POST", "url": "Basic"}}]}


class Writers:
    """Threads that write pairs until told to stop; acked: number → ids."""

    def __init__(self, server, token, threads=4):
        self.server, self.token = server, token
        self.acked, self.lock, self.over, self.next = {}, threading.Lock(), False, 0
        self.errors = []
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]
        for t in self.threads:
            t.start()

    def run(self):
        while not self.over:
            with self.lock:
                self.next += 1
                n = self.next
            a = self.server.call("POST", "/fhir", pair(n), self.token)
            if a.status != 200:
                self.errors.append(a.body[:500])
                return
            ids = [e["response"]["location"].split("/fhir/")[-1] for e in a.json["entry"]]
            with self.lock:
                self.acked[n] = ids

    def stop(self):
        self.over = True
        for t in self.threads:
            t.join()


def export(data):
    rows = [json.loads(x) for x in weft("export", "--data", data).stdout.splitlines()]
    return {f"{r['resourceType']}/{r['id']}": r for r in rows}


class Backup(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="weft-backup-")
        self.addCleanup(shutil.rmtree, self.root, True)

    def path(self, name):
        return os.path.join(self.root, name)

    def refused(self, *args, code=1, word=""):
        p = weft(*args, check=False)
        self.assertEqual(code, p.returncode, p.stderr)
        self.assertIn(word, p.stderr)
        return p

    def whole(self, folder):
        p = weft("audit", "verify", "--data", folder)
        self.assertIn("whole", p.stdout)
        return p.stdout.split()[-1]

    def test_under_write_load(self):
        server = Server()
        self.addCleanup(server.close)
        token = server.token("system")
        server.start()
        writers = Writers(server, token)
        try:
            while len(writers.acked) < 100 and not writers.errors:
                time.sleep(0.01)
            for n in range(3):
                with writers.lock:
                    before = dict(writers.acked)
                made = weft("backup", "--data", server.data, "--out", self.path(f"b{n}"))
                with writers.lock:
                    after = len(writers.acked)
                self.assertGreater(after, len(before), "nothing was written meanwhile")
                self.assertRegex(made.stdout, r"head [0-9a-f]{64}\n")
                shots = (before, made.stdout.split()[-1], made.stdout)
                if n == 2:
                    weft("key", "check", "--data", server.data)  # the server runs
        finally:
            writers.stop()
        self.assertEqual([], writers.errors)
        self.assertEqual(0, server.stop())
        before, head, said = shots
        restored = weft("restore", "--from", self.path("b2"), "--keys", server.data, "--data", self.path("r"))
        self.assertEqual(said.splitlines()[1], restored.stdout.splitlines()[1])
        self.assertIn(head, restored.stdout)
        self.assertEqual(head, self.whole(self.path("r")))
        was, now = export(server.data), export(self.path("r"))
        for n, ids in before.items():
            for i in ids:
                i = "/".join(i.split("/")[:2])
                self.assertIn(i, now, f"pair {n} was answered before the backup began")
        for i, r in now.items():
            self.assertEqual(was[i], r)
        patients = {i for i in now if i.startswith("Patient/")}
        self.assertEqual(patients, {r["subject"]["reference"] for i, r in now.items()
                                    if i.startswith("Basic/")})
        said = weft("audit", "verify", "--data", server.data).stdout
        self.assertNotIn(head, said)
        self.assertEqual(weft("key", "list", "--data", server.data).stdout.split("\n")[1].split()[3:],
                         weft("key", "list", "--data", self.path("r")).stdout.split("\n")[1].split()[3:])
        self.goes_on(server)

    def goes_on(self, server):
        """The restored folder serves and takes writes; the old token works there."""
        shutil.rmtree(server.data)
        shutil.move(self.path("r"), server.data)
        token = server.token("system")
        server.start()
        self.assertEqual(200, server.call("POST", "/fhir", pair(10 ** 9), token).status)
        found = server.call("GET", "/fhir/Patient?identifier=urn:n|1&_include=none", None, token,
                            headers={"Prefer": "handling=lenient"})
        self.assertEqual(1, found.json["total"] if "total" in found.json else len(found.json["entry"]))
        self.assertEqual(0, server.stop())
        self.whole(server.data)

    def test_refusals(self):
        data, out = self.path("data"), self.path("out")
        weft("init", "--data", data)
        weft("backup", "--data", data, "--out", out + "/")
        weft("export", "--data", data, "--out", self.path("all.ndjson"))  # everybody's record: its owner's alone
        self.assertEqual(0o600, os.stat(self.path("all.ndjson")).st_mode & 0o777)
        os.remove(self.path("all.ndjson"))
        self.assertEqual({"weft.db": 0o600},
                         {f: os.stat(os.path.join(out, f)).st_mode & 0o777 for f in os.listdir(out)})
        self.assertEqual(0o700, os.stat(out).st_mode & 0o777)
        self.refused("backup", "--data", data, "--out", out, word="there already")
        self.refused("restore", "--from", out, "--data", data, word="there already")
        self.refused("restore", "--from", self.path("none"), "--data", self.path("x"), word="holds no store")
        self.refused("restore", "--from", out, "--data", self.path("x"), word="holds no keys")
        self.refused("serve", "--data", out, word="keys file")
        self.refused("backup", "--data", self.path("none"), "--out", self.path("x"))
        self.refused("backup", "--data", data, "--out", self.path("no/such/folder"))
        os.mkdir(self.path("y.part"))
        with open(self.path("y.part/keys"), "w", encoding="utf-8") as f:
            f.write("somebody's")
        self.refused("backup", "--data", data, "--out", self.path("y"), word="in the way")
        self.assertEqual(["keys"], os.listdir(self.path("y.part")))
        self.refused("restore", "--from", out, code=2)
        self.refused("backup", "--data", data, code=2)
        self.assertEqual({"data", "out", "y.part"}, set(os.listdir(self.root)))

    def test_a_changed_copy_is_refused(self):
        data, out = self.path("data"), self.path("out")
        weft("init", "--data", data)
        weft("token", "--data", data, "--role", "nurse")
        weft("backup", "--data", data, "--out", out)
        weft("init", "--data", self.path("stranger"))
        restore = ("restore", "--from", out, "--data", self.path("x"), "--keys")
        self.refused(*restore, self.path("stranger"), word="does not belong to this database")
        shutil.copy(data + "/keys", self.path("stranger/keys"))
        self.refused(*restore, self.path("stranger"), word="master key does not open")
        os.chmod(os.path.join(data, "master"), 0o640)
        self.refused(*restore, data, word="chmod 600")
        os.chmod(os.path.join(data, "master"), 0o600)
        change(os.path.join(out, "weft.db"), f"UPDATE trail SET v = {OTHER_END} WHERE k = 1")
        self.refused(*restore, data, word="broken at entry 1")
        self.assertEqual([], [f for f in os.listdir(self.root) if f.startswith("x")])

    def test_keys(self):
        data = self.path("data")
        weft("demo", "--data", data, "--patients", "2")
        with open(os.path.join(data, "master"), encoding="utf-8") as f:
            secret = f.read().split()[-1]
        said = weft("key", "list", "--data", data).stdout
        self.assertEqual(["1.data", "blind", "id", "sign", "keys"], [x.split()[0] for x in said.splitlines()[1:]])
        for part in (secret, secret[:16], secret[-16:]):
            self.assertNotIn(part, said)
        n = int(weft("key", "check", "--data", data).stdout.split()[0])
        self.assertGreaterEqual(n, len(export(data)))
        change(os.path.join(data, "weft.db"), f"UPDATE doc SET v = {OTHER_END} "
                                              "WHERE k IN (SELECT k FROM doc ORDER BY k LIMIT 3)")
        self.refused("key", "check", "--data", data, word="3 versions of documents do not open")

    def test_looks_of_the_last_moment_are_in_it(self):
        """They wait in a file beside the database for their rows, for a tenth of a second."""
        server = Server()
        self.addCleanup(server.close)
        system, nurse = server.token("system"), server.token("nurse")
        server.start()
        p = server.call("POST", "/fhir/Patient", {"resourceType": "Patient"}, system).json["id"]
        for n in range(5):
            was = int(weft("audit", "verify", "--data", server.data).stdout.split()[0])
            for _ in range(20):
                self.assertEqual(200, server.call("GET", "/fhir/Patient/" + p, token=nurse).status)
            said = weft("backup", "--data", server.data, "--out", self.path(f"looks{n}")).stdout
            self.assertGreaterEqual(int(said.split("trail: ")[1].split()[0]), was + 20 + 1)
        server.stop()

    def test_killed(self):
        data = self.path("data")
        weft("demo", "--data", data, "--patients", "120")
        weft("backup", "--data", data, "--out", self.path("whole"))
        self.no_room(data)
        ended = {"killed": 0, "done": 0}
        for verb, source in (("backup", ("--data", data, "--out")),
                             ("restore", ("--from", self.path("whole"), "--keys", data, "--data"))):
            for n, stage in enumerate(("", "/unfinished", "/weft.db", "/lock", "-lock") * 4):
                ended[self.kill_one(verb, source, self.path(f"{verb}{n}"), stage)] += 1
        self.assertGreater(ended["killed"], 8, ended)
        self.whole(data)

    def no_room(self, data):
        """A disk that takes no more than 1 MB."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        p = subprocess.run([WEFT, "backup", "--data", data, "--out", self.path("full")], preexec_fn=limit,
                           capture_output=True, text=True)
        self.assertEqual(1, p.returncode, p.stderr)
        self.assertIn("disk", p.stderr)
        self.assertEqual([], [f for f in os.listdir(self.root) if f.startswith("full")])

    def readable(self, verb, source, target):
        if verb == "restore":
            self.whole(target)
        else:
            weft("restore", "--from", target, "--keys", source[1], "--data", target + "-back")
            shutil.rmtree(target + "-back")

    def kill_one(self, verb, source, target, stage):
        """Killed a moment after the stage is seen; then again without a kill."""
        part = target + ".part"
        p = subprocess.Popen([WEFT, verb, *source, target], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        seen = stage.replace("-", "/")
        while p.poll() is None and not os.path.exists(part + seen):
            pass
        while p.poll() is None and stage == "-lock" and os.path.exists(part + seen):
            pass  # it is about to get its name
        time.sleep(0 if stage == "-lock" else random.choice((0, 0.001, 0.005, 0.02)))
        p.kill()
        p.communicate()
        if os.path.exists(target):
            self.readable(verb, source, target)
            self.assertFalse(os.path.exists(part))
            return "done"
        # Before its mark is in it, the folder is anybody's: who looks into it may leave a lock there.
        if os.path.exists(part + "/unfinished") and not os.path.exists(part + "/keys"):
            self.refused("export", "--data", part, word="keys file")
        weft(verb, *source, target)
        self.assertFalse(os.path.exists(part))
        self.readable(verb, source, target)
        shutil.rmtree(target)
        return "killed"


# Another last byte than what is there: of a random one, one in 256 is what somebody would write.
OTHER_END = "substr(v, 1, length(v) - 1) || CASE substr(v, -1) WHEN x'00' THEN x'01' ELSE x'00' END"


def change(path, sql):
    with sqlite3.connect(path) as db:
        db.execute(sql)
    db.close()


if __name__ == "__main__":
    main()
