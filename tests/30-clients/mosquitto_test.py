"""mosquitto and its own clients, unmodified, over TLS with a password and an access list each: MQTT 5 and 3.1.1,
refusals with the sender's correlation data, a broker that is killed, and two nodes that share one feed."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "30-http"))
sys.path.insert(0, os.path.join(HERE, "..", "40-flows"))
from flows import Broker, reading, wait_for  # noqa: E402
from tls_test import pair  # noqa: E402
from weft_http import Server, main  # noqa: E402

DEVICES = [{"user": f"hub-{n}", "password": f"secret of {n}"} for n in ("a", "b")]


class SafeBroker(Broker):
    def __init__(self, folder):
        super().__init__(folder, DEVICES, "secret of the server")
        self.cert, key = pair(self.folder, "broker")
        os.chmod(key, 0o600)
        with open(os.path.join(self.folder, "acl"), "a", encoding="utf-8") as f:
            f.write("user weft-other\ntopic read weft/v1/+/observation\n")
        with open(os.path.join(self.folder, "passwords"), encoding="utf-8") as f:
            server = next(line for line in f if line.startswith("weft-server:"))
        with open(os.path.join(self.folder, "passwords"), "a", encoding="utf-8") as f:
            f.write(server.replace("weft-server:", "weft-other:"))
        with open(os.path.join(self.folder, "conf"), "a", encoding="utf-8") as f:
            f.write(f"certfile {self.cert}\nkeyfile {key}\n")


class Node(Server):
    """A server of its own with both patients and their devices."""

    def __init__(self, broker, user, version):
        super().__init__(f"mqtt.url = mqtts://127.0.0.1:{broker.port}\nmqtt.ca_file = {broker.cert}\n"
                         f"mqtt.user = {user}\nmqtt.password_file = {broker.folder}/server.password\n"
                         f"mqtt.client_id = {user}\nmqtt.version = {version}\nmqtt.share = nodes\n",
                         [(("--user", f"hub-{n}", "--role", "device", "--patient", n, "--reference",
                            f"Device/{n}"), "correct horse battery") for n in ("a", "b")])
        self.nurse, self.system = self.token("nurse"), self.token("system")
        self.start()
        for n in ("a", "b"):
            for kind in ({"resourceType": "Patient"}, {"resourceType": "Device",
                                                       "patient": {"reference": f"Patient/{n}"}}):
                made = self.call("PUT", f"/fhir/{kind['resourceType']}/{n}", {**kind, "id": n}, self.system)
                assert made.status == 201, made.body

    def pulses(self, patient):
        a = self.call("GET", f"/fhir/Observation?subject=Patient/{patient}&_count=1000", token=self.nurse)
        assert a.status == 200, a.body
        return [e["resource"]["valueQuantity"]["value"] for e in a.json.get("entry", [])]

    def ready(self):
        return len([line for line in self.read_log().splitlines()
                    if "mqtt.connected" in line and "result=0" in line])


class Mosquitto(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nodes, cls.broker = [], None
        try:
            cls.folder = tempfile.TemporaryDirectory(prefix="weft-mosquitto-")
            cls.broker = SafeBroker(cls.folder.name).start()
            for user, version in (("weft-server", 5), ("weft-other", 3)):
                cls.nodes.append(Node(cls.broker, user, version))
            for node in cls.nodes:
                wait_for(node.ready, "the node at the broker")
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        ends = [(node.stop(), node.read_log()) for node in cls.nodes]
        for node in cls.nodes:
            node.close()
        if cls.broker:
            cls.broker.stop()
        cls.folder.cleanup()
        for code, log in ends:
            assert code == 0 and "Sanitizer" not in log and "runtime error" not in log, log[-4000:]

    def client(self, program, name, *more):
        return [program, "-h", "127.0.0.1", "-p", str(self.broker.port), "--cafile", self.broker.cert, "-u",
                f"hub-{name}", "-P", f"secret of {name}", *more]

    def publish(self, name, lines, *more, topic=None):
        topic = topic or f"weft/v1/hub-{name}/observation"
        done = subprocess.run(self.client("mosquitto_pub", name, "-q", "1", "-t", topic, "-l", *more),
                              input="".join(line + "\n" for line in lines), text=True, timeout=60,
                              capture_output=True)
        return done.returncode

    def lines(self, values):
        now = time.time()
        return [json.dumps(reading("pulse", v, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 60 * v))))
                for v in values]

    def whole(self, patient, values):
        """Each of them is kept once, in one of the nodes."""
        def look():
            got = [v for node in self.nodes for v in node.pulses(patient)]
            return got if set(values) <= set(got) else None
        got = wait_for(look, f"all readings of {patient}")
        self.assertEqual(sorted(set(got)), sorted(got))

    def test_both_versions_take_turns(self):
        self.assertEqual(0, self.publish("a", self.lines(range(40, 70)), "-V", "5"))
        self.assertEqual(0, self.publish("a", self.lines(range(70, 100)), "-V", "311"))
        self.whole("a", range(40, 100))
        self.assertTrue(all(node.pulses("a") for node in self.nodes), "one node had all the turns")

    def test_nobody_speaks_for_another(self):
        self.publish("b", self.lines([30]), "-V", "5", topic="weft/v1/hub-a/observation")
        self.assertEqual(0, self.publish("b", self.lines([42, 43])))
        self.whole("b", [42, 43])
        self.assertFalse([node for node in self.nodes if 30 in node.pulses("a")])
        self.assertNotEqual(0, subprocess.run(
            self.client("mosquitto_pub", "b", "-q", "1", "-t", "weft/v1/hub-b/observation", "-m", "{}",
                        "-P", "wrong"), capture_output=True, timeout=60).returncode)

    def test_a_refusal_goes_back_with_its_correlation(self):
        ear = subprocess.Popen(self.client("mosquitto_sub", "b", "-V", "5", "-t", "weft/v1/hub-b/refused", "-C",
                                           "2", "-W", "30", "-F", "%D|%p"), stdout=subprocess.PIPE, text=True)
        wait_for(lambda: self.publish("b", ["{"], "-V", "5", "-D", "publish", "correlation-data", "mine")
                 == 0 and ear.poll() is not None, "two refusals", pause=0.2)
        told = [line.partition("|") for line in ear.communicate()[0].splitlines()]
        self.assertIn("mine", [known for known, _, _ in told])  # 3.1.1 has no such thing
        for _, _, outcome in told:
            self.assertEqual("OperationOutcome", json.loads(outcome)["resourceType"])

    def test_killed_broker(self):
        """What it had acknowledged it has again; both nodes come back by themselves."""
        before = [node.ready() for node in self.nodes]
        self.assertEqual(0, self.publish("b", self.lines(range(50, 70))))
        self.whole("b", range(50, 70))
        self.broker.stop(signal.SIGKILL)
        self.broker.start()
        for node, n in zip(self.nodes, before):
            wait_for(lambda node=node, n=n: node.ready() > n, "the node at the broker again")
        self.assertEqual(0, self.publish("b", self.lines(range(70, 90))))
        self.whole("b", range(50, 90))


if __name__ == "__main__":
    main()
