"""The contract that scripts and other programs rely on: the verbs, their help with an example, exit codes
0, 1 and 2, progress on stderr, and the addresses."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
from weft_http import WEFT, Case, main, weft  # noqa: E402

VERBS = "init serve import export demo user token rules audit key backup restore bench version".split()
SUB = {"user": ("add", "list", "disable"), "rules": ("list", "test", "decide"), "audit": ("verify", "head", "pack"),
       "key": ("list", "status", "check", "rotate", "forget", "save", "wrap", "erase")}
# What each verb is given when nothing is wrong but the folder is not there.
NO_FOLDER = {"serve": [], "import": ["FILE"], "export": [], "user": ["list"], "token": [],
             "audit": ["verify"], "key": ["list"], "backup": ["--out", "{root}/o"], "restore": None}


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="weft-contract-")
        self.addCleanup(shutil.rmtree, self.root, True)

    def run_(self, *args, code=0):
        p = subprocess.run([WEFT, *args], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        self.assertEqual(code, p.returncode, (args, p.stdout[-500:], p.stderr[-500:]))
        return p

    def test_verbs(self):
        self.assertEqual(VERBS, re.findall(r"^  (\w+)", self.run_("--help").stdout, re.M))

    def test_help(self):
        for verb in VERBS:
            for args in [[verb]] + [[verb, s] for s in SUB.get(verb, ())]:
                p = self.run_(*args, "--help")
                self.assertEqual("", p.stderr, args)
                self.assertIn("usage: weft " + verb, p.stdout)
                self.assertRegex(p.stdout, rf"example: .*weft {verb}\b", args)
                self.assertLessEqual(max(map(len, p.stdout.splitlines())), 100, args)

    def test_the_examples_are_no_mistakes(self):
        """Run as they stand, in an empty folder: whatever they lack, it is not the usage."""
        for verb in VERBS:
            if verb in ("serve", "demo", "bench", "token"):
                continue  # they would run for long, or ask a server
            text = weft(verb, "--help").stdout.split("example: ")[1].replace("\\\n", " ")
            text = text.replace("/var/backups", self.root)
            p = subprocess.run(["bash", "-c", text.replace("weft " + verb, f'"{WEFT}" {verb}')], cwd=self.root,
                               capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
            self.assertIn(p.returncode, (0, 1), (verb, text, p.stderr))
            self.assertNotIn("usage:", p.stderr)

    def test_wrong_usage(self):
        for verb in VERBS:
            for args in ([verb, "--no-such-option"], [verb, *SUB.get(verb, ())[:1], "--data"]):
                p = self.run_(*args, code=2)
                self.assertIn(f"weft {verb}", p.stderr, args)
                self.assertEqual("", p.stdout, args)
        for args in ([], ["nonsense"], ["key"], ["key", "erase", "--data", "x"], ["bench", "--patients", "0"],
                     ["restore", "--data", "x"], ["audit"], ["rules"]):
            self.run_(*args, code=2)

    def test_failing(self):
        for verb, more in NO_FOLDER.items():
            args = ["--data", self.root + "/none", *[m.format(root=self.root) for m in more or ()]]
            if verb in SUB:
                args = [more[0], *args[:2], *args[3:]]
            if verb == "restore":
                args += ["--from", self.root + "/none2"]
            if verb == "token":
                args += ["--role", "nurse"]
            p = self.run_(verb, *args, code=1)
            self.assertIn(f"weft {verb}", p.stderr)
            self.assertEqual("", p.stdout)
        self.assertEqual([], os.listdir(self.root))

    def test_database_refused(self):
        """In one sentence, that holds nothing of the address: a password may stand in it."""
        os.mkdir(self.root + "/folder")
        for address, word in (("postgresql://u:sEcret@127.0.0.1:1/db", "cannot be reached"),
                              ("postgresql://u:sEcret@[::1/db", "not understood"),
                              ("host=127.0.0.1 port=sEcret", "cannot be reached")):
            for verb in ("init", "serve"):
                p = self.run_(verb, "--data", self.root + "/folder", f"--database={address}", code=1)
                self.assertNotIn("sEcret", p.stdout + p.stderr)
                if verb == "init":
                    self.assertIn(word, p.stderr)
        self.assertEqual([], [n for n in os.listdir(self.root + "/folder") if n != "lock"])

    def test_bench_and_progress(self):
        p = self.run_("bench", "--data", self.root + "/x", "--patients", "5")
        lines = [line.split("\t") for line in p.stdout.splitlines()]
        self.assertEqual(["import.resources", "read", "search.newest_20", "decision.few_facts"],
                         [x[0] for x in lines])
        for _, value, unit in lines:
            self.assertGreater(float(value), 0)
            self.assertEqual("1/s", unit)
        self.assertRegex(p.stderr, r"(?m)^bench: [\w .]+, \d+ s$")
        self.assertEqual([], os.listdir(self.root))

class Addresses(Case):
    def test_addresses(self):
        for path, status, kind in (
                ("/fhir/metadata", 200, "application/fhir+json"), ("/healthz", 200, "text/plain"),
                ("/readyz", 200, "application/json"), ("/metrics", 200, "text/plain"),
                ("/docs", 200, "text/html"), ("/events", 401, "application/fhir+json"),
                ("/.well-known/smart-configuration", 200, "application/json")):
            a = self.call("GET", path, token=None)
            self.assertEqual(status, a.status, path)
            self.assertTrue(a.header("Content-Type").startswith(kind), (path, a.header("Content-Type")))
        for path in ("/console", "/portal"):
            a = self.call("GET", path, token=None)
            if a.status == 404:  # a build without node has no web apps, and says so
                self.expect(404, a, "carries no web apps")
            else:
                self.assertTrue(a.header("Content-Type").startswith("text/html"), path)


if __name__ == "__main__":
    main()
