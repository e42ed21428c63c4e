"""The store in a real PostgreSQL: what was answered is kept through kills of either side, nothing is doubled,
one server writes, another waits or is refused, copies go out of it and into it."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "30-http"), os.path.join(HERE, "..")]
import postgres  # noqa: E402
from backup_test import export  # noqa: E402
from weft_http import WEFT, Server, main, weft  # noqa: E402


class Writers:
    """Each number is tried until it is acknowledged, by a conditional create; acked: number → id."""

    def __init__(self, server, token, threads=4):
        self.server, self.token = server, token
        self.acked, self.refused, self.wrong = {}, [], []
        self.lock, self.over, self.next = threading.Lock(), False, 0
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]
        for t in self.threads:
            t.start()

    def run(self):
        while not self.over:
            with self.lock:
                self.next += 1
                n = self.next
            while not self.over and not self.once(n):
                time.sleep(0.02)

    def once(self, n):
        body = {"resourceType": "Patient", "identifier": [{"system": "urn:n", "value": str(n)}]}
        try:
            a = self.server.call("POST", "/fhir/Patient", body, self.token,
                                 headers={"If-None-Exist": f"identifier=urn:n|{n}"})
        except OSError:
            return False  # the server is gone
        if a.status in (200, 201):
            with self.lock:
                self.acked[n] = a.header("Location").split("/fhir/")[-1].split("/_history")[0]
            return True
        (self.refused if a.status == 503 and a.header("Retry-After") else self.wrong).append(
            (a.status, a.body[:300]))
        return False

    def wait(self, more):
        wanted, end = len(self.acked) + more, time.monotonic() + 60
        while len(self.acked) < wanted:
            if time.monotonic() > end:
                raise AssertionError(f"no progress: {self.refused[-1:]} {self.wrong[-1:]}")
            time.sleep(0.01)

    def stop(self):
        self.over = True
        for t in self.threads:
            t.join()


class Postgres(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = postgres.Cluster()
        cls.addClassCleanup(cls.cluster.remove)

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="weft-postgres-")
        self.addCleanup(shutil.rmtree, self.root, True)

    def fresh(self, name):
        self.cluster.sql(f"CREATE DATABASE {name}")
        return self.cluster.database(name)

    def serve(self, name, config=""):
        os.environ["WEFT_TEST_DATABASE"] = self.cluster.database()
        server = Server(config)
        del os.environ["WEFT_TEST_DATABASE"]
        self.addCleanup(server.close)
        self.tokens = server.token("system"), server.token("nurse")
        return server

    def beside(self, server, config=""):
        """Another server's folder: the same keys, the same database."""
        other = Server.__new__(Server)
        other.folder = tempfile.mkdtemp(prefix="weft-http-")
        other.data, other.config = other.folder + "/data", other.folder + "/weft.conf"
        other.log_path, other.process = other.folder + "/log", None
        shutil.copytree(server.data, other.data, ignore=shutil.ignore_patterns("lock", "control*"))
        with open(other.config, "w", encoding="utf-8") as f:
            f.write(config)
        self.addCleanup(other.close)
        return other

    def all_there(self, server, writers):
        """Each acknowledged one under its id, and once."""
        self.assertEqual([], writers.wrong)
        rows = export(server.data)
        seen = {}
        for at, r in rows.items():
            if r["resourceType"] == "Patient":
                n = int(r["identifier"][0]["value"])
                self.assertNotIn(n, seen, "doubled")
                seen[n] = at
        for n, at in writers.acked.items():
            self.assertEqual(at, seen.get(n), f"{n} was acknowledged")
        self.assertIn("whole", weft("audit", "verify", "--data", server.data).stdout)

    def test_kills(self):
        """The server under writes, then PostgreSQL, orderly and not."""
        server = self.serve("kills")
        server.start()
        writers = Writers(server, self.tokens[0])
        try:
            writers.wait(100)
            server.stop(signal.SIGKILL)
            server.start()
            writers.wait(50)
            for how in (signal.SIGINT, signal.SIGQUIT):
                self.cluster.stop(how)
                a = server.call("GET", "/fhir/Patient?_count=1", token=self.tokens[1])
                self.assertEqual(503, a.status, a.body)
                self.assertTrue(a.header("Retry-After"))
                self.cluster.start()
                writers.wait(50)
        finally:
            writers.stop()
        self.assertTrue(writers.refused or writers.acked)
        a = server.call("GET", "/fhir/Patient?_summary=count", token=self.tokens[1])
        self.assertGreaterEqual(a.json["total"], len(writers.acked))
        self.assertEqual(0, server.stop())
        self.all_there(server, writers)

    def test_reads_searches_history(self):
        server = self.serve("reads")
        server.start()
        made = server.call("POST", "/fhir/Patient", {"resourceType": "Patient", "gender": "female"}, self.tokens[0])
        at = "/fhir/" + made.header("Location").split("/fhir/")[-1].split("/_history")[0]
        for gender in ("male", "other"):
            a = server.call("PUT", at, {"resourceType": "Patient", "id": at.split("/")[-1], "gender": gender},
                            self.tokens[0])
            self.assertEqual(200, a.status, a.body)
        self.assertEqual("other", server.call("GET", at, token=self.tokens[1]).json["gender"])
        history = server.call("GET", at + "/_history", token=self.tokens[1]).json
        self.assertEqual(["other", "male", "female"], [e["resource"]["gender"] for e in history["entry"]])
        for query, total in (("gender=other", 1), ("gender=female", 0), ("gender:not=male", 1)):
            a = server.call("GET", f"/fhir/Patient?{query}", token=self.tokens[1])
            self.assertEqual(total, a.json["total"], query)
        self.assertEqual(0, server.stop())

    def test_one_writer(self):
        """Another server is refused, or waits and takes over; one that was cut off stops for good."""
        first = self.serve("one")
        first.start()
        second = self.beside(first)
        p = subprocess.run([WEFT, "serve", "--data", second.data, "--listen", "127.0.0.1:0"],
                           capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(1, p.returncode)
        self.assertRegex(p.stderr, r"in use by another server \(weft \S+ \d+ \w+\); stop that one")
        waits = self.beside(first, "database.standby = true\n")
        starting = threading.Thread(target=waits.start)
        starting.start()
        writers = Writers(first, self.tokens[0])
        try:
            writers.wait(100)
            self.assertTrue(starting.is_alive(), "two servers write")
            first.stop(signal.SIGKILL)
            starting.join(30)
            writers.server = waits
            writers.wait(50)
        finally:
            writers.stop()
        self.cut_off(waits)
        self.all_there(waits, writers)

    def test_r176_standby_outlasts_a_restart(self):
        """R176: a database that starts again while a standby waits ends the waiting of neither."""
        first = self.serve("outlasts")
        first.start()
        waits = self.beside(first, "database.standby = true\n")
        starting = threading.Thread(target=waits.start)
        starting.start()
        try:
            while not os.path.exists(waits.log_path) or "waits=" not in waits.read_log():
                time.sleep(0.05)
            self.cluster.stop(signal.SIGINT)
            time.sleep(3)  # longer than one try of the standby
            self.assertIsNone(waits.process.poll(), waits.read_log())
        finally:
            self.cluster.start()
        first.stop(signal.SIGKILL)
        starting.join(30)
        self.assertEqual(200, waits.call("GET", "/fhir/Patient?_count=1", token=self.tokens[1]).status)
        self.assertEqual(0, waits.stop())

    def test_r178_a_hanging_database_stops_no_lane(self):
        """R178: reads, searches and tokens nobody has seen yet wait for it; what needs no record does not."""
        server = self.serve("hangs")
        server.start()
        at = server.call("POST", "/fhir/Patient", {"resourceType": "Patient"}, self.tokens[0]).json["id"]
        answers, nobody = [], "n" * 43
        asks = [(method, path, token) for token in (self.tokens[0], self.tokens[1], nobody)
                for method, path in (("GET", f"/fhir/Patient/{at}"), ("GET", "/fhir/Patient?_count=1"),
                                     ("GET", "/auth/me"), ("PUT", f"/fhir/Patient/{at}"))]
        threads = [threading.Thread(target=lambda m=m, p=p, t=t: answers.append((t, server.call(
            m, p, {"resourceType": "Patient", "id": at} if m == "PUT" else None, t).status))) for m, p, t in asks]
        self.cluster.freeze()
        try:
            for t in threads:
                t.start()
            for _ in range(12):  # connections go to all lanes in turn
                self.assertEqual(200, server.call("GET", "/healthz", timeout=20).status)
                self.assertEqual(200, server.call("GET", "/readyz", timeout=20).status)
                self.assertEqual(401, server.call("GET", f"/fhir/Patient/{at}", timeout=20).status)
            self.assertLess(len(answers), len(asks), "nothing waited: nothing was shown")
        finally:
            self.cluster.freeze(signal.SIGCONT)
        for t in threads:
            t.join()
        self.assertEqual({401}, {status for token, status in answers if token == nobody})
        self.assertLessEqual({status for token, status in answers if token != nobody}, {200, 403, 503})
        self.assertIn((self.tokens[1], 200), answers)
        self.assertEqual(0, server.stop())

    def cut_off(self, server):
        """Stopped for a while, its session ended, another wrote: it must not acknowledge any more."""
        server.process.send_signal(signal.SIGSTOP)
        with open(server.data + "/database", encoding="utf-8") as f:
            name = f.read().split("weft@/")[1].split("?")[0]
        self.cluster.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname='{name}'")
        other = self.beside(server)
        other.start()
        patient = {"resourceType": "Patient", "identifier": [{"system": "urn:n", "value": "1000000"}]}
        self.assertEqual(201, other.call("POST", "/fhir/Patient", patient, self.tokens[0]).status)
        self.assertEqual(0, other.stop())
        server.process.send_signal(signal.SIGCONT)
        try:
            self.assertGreaterEqual(server.call("POST", "/fhir/Patient", patient, self.tokens[0]).status, 500)
        except OSError:
            pass
        self.assertEqual(1, server.process.wait(60))
        self.assertIn("database=lost", server.read_log())
        server.process = None
        server.log.close()

    def test_copies(self):
        """Out into a folder while serving, back into a folder, and into another database."""
        server = self.serve("copies")
        server.start()
        writers = Writers(server, self.tokens[0])
        try:
            writers.wait(100)
            weft("backup", "--data", server.data, "--out", self.root + "/copy")
            writers.wait(20)
        finally:
            writers.stop()
        made = weft("backup", "--data", server.data, "--out", self.root + "/last").stdout
        self.assertEqual(0, server.stop())
        was = export(server.data)
        for name, more in (("folder", ()), ("moved", ("--database", self.fresh("moved")))):
            back = weft("restore", "--from", self.root + "/last", "--keys", server.data, "--data",
                        f"{self.root}/{name}", *more).stdout
            self.assertEqual(made.splitlines()[1], back.splitlines()[1])
            self.assertEqual(was, export(f"{self.root}/{name}"))
            self.assertEqual(bool(more), os.path.exists(f"{self.root}/{name}/database"))
            self.assertEqual(not more, os.path.exists(f"{self.root}/{name}/weft.db"))
        p = weft("restore", "--from", self.root + "/last", "--keys", server.data, "--data", self.root + "/again",
                 "--database", self.cluster.database("moved"), check=False)
        self.assertEqual(1, p.returncode)
        self.assertIn("there is a store in the database already", p.stderr)

    def test_refused(self):
        """A database that may lose what it acknowledged; one without a store; two stores for one folder."""
        database = self.fresh("loose")
        self.cluster.sql("ALTER DATABASE loose SET synchronous_commit=off")
        p = weft("init", "--data", self.root + "/a", "--database", database, check=False)
        self.assertEqual(1, p.returncode)
        self.assertIn("synchronous_commit=off", p.stderr)
        weft("init", "--data", self.root + "/b")
        for folder, word in (("b", "database of its own"), ("a", "")):
            p = weft("serve", "--data", f"{self.root}/{folder}", "--database", self.fresh("n" + folder), check=False)
            self.assertEqual(1, p.returncode)
            self.assertIn(word, p.stderr)


if __name__ == "__main__":
    why = postgres.missing()
    if why:
        print("skipped:", why)
        sys.exit(77)
    main()
