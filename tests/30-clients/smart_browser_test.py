"""SMART App Launch by npm's fhirclient in a real browser. Skipped, loudly, without node, its packages or
chromium."""
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "30-http"))
from weft_http import Case, main, observation, weft  # noqa: E402

WEB = os.path.join(os.environ.get("WEFT_SOURCE") or os.path.join(HERE, "..", ".."), "web")
NURSE, PATIENT = "correct horse battery 7", "another long phrase 9"


def node():
    own = os.path.join(HERE, "..", "..", "build", "node", "bin", "node")
    return own if os.path.exists(own) else shutil.which("node")


class Launch(Case):
    roles = ("nurse", "system", "admin")
    accounts = ((("--user", "nurse.ada", "--role", "nurse", "--name", "Ada N."), NURSE),)

    def test_launches(self):
        one, other = self.patient(), self.patient()
        for v in range(3):
            self.create(observation(one, 60 + v))
        visit = self.create({"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
                             "subject": {"reference": "Patient/" + one},
                             "period": {"start": "2026-11-01T08:00:00Z"}}, "system").json["id"]
        weft("user", "add", "--data", self.server.data, "--user", "pat.one", "--role", "patient", "--patient", one,
             "--reference", "Patient/" + one, text=PATIENT + "\n")
        people = {"one": one, "other": other, "visit": visit, "nurse": {"user": "nurse.ada", "password": NURSE},
                  "patient": {"user": "pat.one", "password": PATIENT}}
        env = dict(os.environ, WEFT_BASE=f"http://127.0.0.1:{self.server.port}/fhir", WEFT_ADMIN=self.admin,
                   WEFT_WEB=os.path.abspath(WEB), WEFT_PEOPLE=json.dumps(people))
        done = subprocess.run([node(), os.path.join(HERE, "smart_browser.mjs")], env=env, cwd=HERE,
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(0, done.returncode, f"{done.stdout}\n{done.stderr[-3000:]}")
        self.assertEqual(6, done.stdout.count("ok "))


if __name__ == "__main__":
    absent = [p for p in (os.path.join(HERE, "node_modules", "fhirclient"),
                          os.path.join(WEB, "node_modules", "playwright-core"),
                          os.path.join(WEB, "node_modules", "@axe-core")) if not os.path.isdir(p)]
    if not node() or absent or not shutil.which("chromium"):
        print("SKIPPED: needs node, chromium and", ", ".join(os.path.basename(p) for p in absent) or "npm packages")
        sys.exit(77)
    main()
