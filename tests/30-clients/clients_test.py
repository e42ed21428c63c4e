"""FHIR clients from npm, unmodified, each through a whole session with a real server and a real token:
fhir-kit-client, SMART's fhirclient and @medplum/core. Skipped, loudly, without node or its packages."""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "30-http"))
from weft_http import Case, main  # noqa: E402

SESSIONS = {"fhir-kit-client": "kit.mjs", "fhirclient": "smart.mjs", "@medplum/core": "medplum.mjs"}


def node():
    own = os.path.join(HERE, "..", "..", "build", "node", "bin", "node")
    return own if os.path.exists(own) else shutil.which("node")


def command(script):
    """Node 20 has the WebSocket that @medplum/core asks for when it is loaded behind a flag."""
    said = subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout
    flags = ["--experimental-websocket"] if int(said[1:].split(".")[0]) < 22 else []
    return [node(), *flags, os.path.join(HERE, script)]


class Clients(Case):
    roles = ("system",)

    def session(self, package):
        env = dict(os.environ, WEFT_BASE=f"http://127.0.0.1:{self.server.port}/fhir",
                   WEFT_TOKEN=self.system)
        done = subprocess.run(command(SESSIONS[package]), env=env, cwd=HERE, capture_output=True,
                              text=True, timeout=300)
        self.assertEqual(0, done.returncode, f"{package}:\n{done.stdout}\n{done.stderr[-1500:]}")
        return done.stdout.count("ok ")

    def test_fhir_kit_client(self):
        self.assertEqual(14, self.session("fhir-kit-client"))

    def test_fhirclient(self):
        self.assertEqual(6, self.session("fhirclient"))

    def test_medplum(self):
        self.assertGreaterEqual(self.session("@medplum/core"), 12)


if __name__ == "__main__":
    absent = [p for p in SESSIONS if not os.path.isdir(os.path.join(HERE, "node_modules", p))]
    if not node() or absent:
        print("SKIPPED: " + ("node is not here" if not node() else
                             f"{', '.join(absent)} not in tests/30-clients/node_modules (tools/setup test)"))
        sys.exit(77)
    main()
