"""What the provider fetches from others, under guard: an app's keys by jwks_uri, and sign-in through an
outside OpenID provider (code, PKCE, nonce; a linked account or nobody). The provider is played by a server of
this test with jwcrypto's signatures."""
import base64
import hashlib
import http.server
import json
import os
import tempfile
import threading
import time
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from oauth_kit import FORM, App
from weft_http import Case, main, weft

NURSE = "correct horse battery 7"


class Provider(http.server.BaseHTTPRequestHandler):
    """Issues id_tokens about `subject`; `change` alters the claims, `key` signs."""
    codes, asked, change, key, fetched, missed, issuer = {}, [], {}, None, 0, 0, ""

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        cls = Provider
        if self.path == "/.well-known/openid-configuration":
            self.answer(200, {"issuer": cls.issuer, "authorization_endpoint": cls.issuer + "/go?tenant=1",
                              "token_endpoint": cls.issuer + "/token", "jwks_uri": cls.issuer + "/keys"})
        elif self.path == "/keys":
            Provider.fetched += 1
            self.answer(200, cls.keys)
        elif self.path == "/away":
            self.send_response(302)
            self.send_header("Location", cls.issuer + "/keys")
            self.end_headers()
        else:
            Provider.missed += 1
            self.answer(404, {})

    def do_POST(self):
        from jwcrypto import jwt
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        said = Provider.codes.pop(form["code"], None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        basic = base64.b64decode(self.headers["Authorization"].split()[1]).decode()
        if not said or said["code_challenge"][0].encode() != digest or basic != "weft:the secret":
            return self.answer(400, {"error": "invalid_grant"})
        now = int(time.time())
        claims = {"iss": Provider.issuer, "aud": "weft", "sub": "ada@outside", "iat": now, "exp": now + 60,
                  "nonce": said["nonce"][0], **Provider.change}
        t = jwt.JWT(header={"alg": "ES256", "kid": "p1"}, claims=claims)
        t.make_signed_token(Provider.key)
        self.answer(200, {"id_token": t.serialize(), "access_token": "x", "token_type": "Bearer"})

    def log_message(self, *args):
        pass


class Outside(Case):
    roles = ("nurse", "system", "admin")
    accounts = tuple((("--user", user, "--role", "nurse", "--name", "Ada N."), NURSE)
                     for user in ("nurse.ada", "nurse.bea"))

    @classmethod
    def setUpClass(cls):
        from jwcrypto import jwk
        cls.good = jwk.JWK.generate(kty="EC", crv="P-256", kid="p1")
        cls.app_key = jwk.JWK.generate(kty="EC", crv="P-384", kid="a1")
        Provider.key = cls.good
        Provider.keys = {"keys": [k.export_public(as_dict=True) for k in (cls.good, cls.app_key)]}
        cls.provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        Provider.issuer = f"http://127.0.0.1:{cls.provider.server_port}"
        threading.Thread(target=cls.provider.serve_forever, daemon=True).start()
        with tempfile.NamedTemporaryFile("w", suffix=".secret", delete=False) as f:
            f.write("the secret\n")
        cls.secret = f.name
        cls.config = (f"oauth.allow = 127.0.0.1\noauth.allow_http = true\noidc.issuer = {Provider.issuer}\n"
                      f"oidc.client_id = weft\noidc.secret_file = {f.name}\n")
        super().setUpClass()
        link = {"issuer": Provider.issuer, "subject": "ada@outside", "user": "nurse.ada"}
        assert cls.server.call("POST", "/auth/subjects", link, cls.nurse).status == 403
        assert cls.server.call("POST", "/auth/subjects", link, cls.admin).status == 204

    @classmethod
    def tearDownClass(cls):
        cls.provider.shutdown()
        os.unlink(cls.secret)
        super().tearDownClass()

    def setUp(self):
        Provider.change, Provider.key = {}, self.good

    def away(self, query="", cookie=""):
        """To the provider: (state, what it was asked, the browser's cookie)."""
        a = self.server.call("GET", "/oauth/outside" + query, headers={"Cookie": cookie})
        self.assertEqual(303, a.status, a.body)
        self.assertTrue(a.header("Location").startswith(Provider.issuer + "/go?tenant=1&"))
        said = parse_qs(urlsplit(a.header("Location")).query)
        self.assertEqual((["S256"], ["openid"], ["code"]),
                         (said["code_challenge_method"], said["scope"], said["response_type"]))
        return said, a.header("Set-Cookie").split(";")[0] or cookie

    def back(self, said, cookie, **over):
        code = os.urandom(8).hex()
        Provider.codes[code] = said
        q = {"code": code, "state": said["state"][0], **over}
        return self.server.call("GET", "/oauth/outside/return?" + urlencode(q), headers={"Cookie": cookie})

    def test_session(self):
        a = self.back(*self.away())
        self.assertEqual((303, "/console"), (a.status, a.header("Location")), a.body)
        session = a.header("Set-Cookie")
        self.assertTrue(session.startswith("weft=") and "HttpOnly" in session)
        me = self.server.call("GET", "/auth/me", headers={"Cookie": session.split(";")[0]})
        self.assertEqual("nurse.ada", me.json["user"])

    def test_within_a_launch(self):
        app = App(self, "launch/patient patient/Patient.rs")
        one = self.patient()
        app.ask()
        self.assertIn(f'href="/oauth/outside?l={app.handle}"', app.text)
        self.assertTrue(Provider.issuer.endswith("//" + self.server.call("GET", "/auth/ways").json["outside"]))
        handle = app.handle
        a = app.page(self.back(*self.away("?l=" + handle, app.cookie)))
        self.assertEqual(200, a.status)
        self.assertIn("Choose the patient", app.text)
        app.step([("name", "Probe")])
        app.step([("patient", one)])
        t = app.exchange(app.code_of(app.allow()))
        self.assertEqual(one, t.json["patient"])
        self.assertEqual(400, self.server.call("GET", "/oauth/outside?l=" + handle, headers={"Cookie": app.cookie}).status)

    def test_a_launch_changes_no_hands(self):
        """Whoever signs in elsewhere meanwhile does not take up the patient that another chose."""
        app = App(self, "launch/patient patient/Patient.rs")
        one = self.patient("Handed")
        app.ask()
        said, cookie = self.away("?l=" + app.handle, app.cookie)
        app.sign_in("nurse.bea", NURSE)
        app.step([("patient", one)])
        self.assertIn('name="allow"', app.text)
        a = self.back(said, cookie)
        self.assertEqual(400, a.status)
        self.assertNotIn('name="allow"', a.body.decode())

    def test_an_open_session_need_not_show_itself_again(self):
        app = App(self, "user/Patient.rs")
        a = self.server.call("POST", "/auth/sign-in", {"user": "nurse.ada", "password": NURSE,
                                                            "session": "cookie"})
        session = a.header("Set-Cookie").split(";")[0]
        app.ask()
        self.assertEqual(400, app.step([("open", "1")]).status)
        self.assertEqual(400, app.step([("open", "1")], cookie=f"{app.cookie}; weft=forged").status)
        foreign = self.server.call("POST", "/oauth/step", urlencode({"l": app.handle, "open": "1"}), headers={
            **FORM, "Cookie": f"{app.cookie}; {session}", "Origin": "https://evil.example"})
        self.assertEqual(400, foreign.status)
        app.step([("open", "1")], cookie=f"{app.cookie}; {session}")
        self.assertIn("About everyone you may see", app.text)
        self.assertEqual(200, app.exchange(app.code_of(app.allow())).status)

    def test_r128_fresh_is_what_the_provider_saw(self):
        """Signed in there this morning is no proof of who stands here now."""
        now = int(time.time())
        for seen, fresh in (({}, False), ({"auth_time": now - 3600}, False), ({"auth_time": now + 3600}, False),
                            ({"auth_time": now}, True)):
            Provider.change = seen
            cookie = self.back(*self.away()).header("Set-Cookie").split(";")[0]
            me = self.server.call("GET", "/auth/me", headers={"Cookie": cookie}).json
            a = self.server.call("POST", "/auth/totp", {"wrong": 1}, headers={
                "Cookie": cookie, "X-Weft-Csrf": me["csrf"]})
            self.assertEqual(fresh, "Show again that it is you" not in a.text(), (seen, a.body))

    def test_what_does_not_fit(self):
        from jwcrypto import jwk
        for change in ({"iss": "https://evil.example"}, {"aud": "other"}, {"aud": ["weft", "other"]},
                       {"exp": int(time.time()) - 600}, {"iat": int(time.time()) + 900}, {"nonce": "other"},
                       {"sub": "stranger"}, {"sub": ""}):
            Provider.change = change
            a = self.back(*self.away())
            self.assertEqual(400, a.status, change)
            self.assertNotIn("weft=", a.header("Set-Cookie"))
        Provider.change = {}
        Provider.key = jwk.JWK.generate(kty="EC", crv="P-256", kid="p1")
        self.assertEqual(400, self.back(*self.away()).status)
        Provider.key = self.good
        said, cookie = self.away()
        self.assertEqual(400, self.back(said, "weft-launch=other").status)
        self.assertEqual(400, self.back(said, cookie, state="other").status)
        self.assertEqual(400, self.back(said, cookie, iss="https://evil.example").status)
        self.assertEqual(400, self.back(said, cookie).status)  # once
        said, cookie = self.away()
        self.assertEqual(303, self.back(said, cookie).status)
        self.assertEqual(400, self.back(said, cookie).status)

    def assertion(self, app):
        from jwcrypto import jwt
        now = int(time.time())
        t = jwt.JWT(header={"alg": "ES384", "kid": "a1"}, claims={
            "iss": app.id, "sub": app.id, "aud": app.base + "/oauth/token", "exp": now + 200,
            "jti": os.urandom(8).hex()})
        t.make_signed_token(self.app_key)
        return self.server.call("POST", "/oauth/token", urlencode({
            "grant_type": "client_credentials", "scope": "system/Patient.rs",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": t.serialize()}), headers=FORM)

    def test_keys_by_address(self):
        def app(uri):
            return App(self, "system/Patient.rs", redirect_uris=[], token_endpoint_auth_method="private_key_jwt",
                       grant_types=["client_credentials"], jwks_uri=uri, decision={"role": "nurse"})
        good = app(Provider.issuer + "/keys")
        before = Provider.fetched
        for _ in range(3):
            a = self.assertion(good)
            self.assertEqual(200, a.status, a.body)
        self.assertEqual(before + 1, Provider.fetched)
        for bad in ("/away", "/nothing"):
            self.assertEqual(401, self.assertion(app(Provider.issuer + bad)).status)
        missed, before = app(Provider.issuer + "/r124"), Provider.missed
        for _ in range(4):  # anybody can name the app: what is not there is not asked for each time
            self.assertEqual(401, self.assertion(missed).status)
        self.assertEqual(before + 1, Provider.missed)
        # an address that is not let through is not connected to, whatever its name
        self.assertEqual(401, self.assertion(app(Provider.issuer.replace("127.0.0.1", "[::1]") + "/keys")).status)


if __name__ == "__main__":
    main()
