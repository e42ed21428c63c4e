// Passkeys in the browser (WebAuthn): making one, signing in with one, showing again who is there. The
// server makes each challenge and checks each answer; here bytes only change their dress.
import { call } from "./api";
import type { Session } from "./session";

interface Challenge {
  challenge: string;
  rpId: string;
}
interface Begin extends Challenge {
  handle: string;
  user: string;
  name: string;
  there: { id: string }[];
}

/** An address of numbers has no passkeys: they belong to a name. */
export const hasPasskeys = (): boolean =>
  typeof PublicKeyCredential === "function" &&
  isSecureContext &&
  !/^[\d.]+$|^\[/.test(location.hostname);

export function toText(bytes: ArrayBuffer): string {
  let s = "";
  for (const b of new Uint8Array(bytes)) s += String.fromCharCode(b);
  return btoa(s).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
export function toBytes(text: string): ArrayBuffer {
  const s = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(s, (c) => c.charCodeAt(0)).buffer;
}

const TIMEOUT_MS = 300_000;
const KINDS = [-7, -8, -257];

/** Null when the person closed the browser's question. */
async function ask(c: Challenge, allow: string[] = []): Promise<Record<string, string> | null> {
  const got = (await navigator.credentials
    .get({
      publicKey: {
        challenge: toBytes(c.challenge),
        rpId: c.rpId,
        userVerification: "required",
        timeout: TIMEOUT_MS,
        allowCredentials: allow.map((id) => ({ type: "public-key" as const, id: toBytes(id) })),
      },
    })
    .catch(() => null)) as PublicKeyCredential | null;
  if (!got) return null;
  const said = got.response as AuthenticatorAssertionResponse;
  return {
    id: toText(got.rawId),
    clientData: toText(said.clientDataJSON),
    authenticatorData: toText(said.authenticatorData),
    signature: toText(said.signature),
    userHandle: said.userHandle ? toText(said.userHandle) : "",
  };
}

export async function signInByPasskey(): Promise<Session | null> {
  const c = await call<Challenge>("POST", "/auth/passkey/begin", {});
  const said = await ask(c);
  return said && call<Session>("POST", "/auth/passkey/sign-in", { ...said, session: "cookie" });
}

export async function stepUpByPasskey(): Promise<boolean> {
  const c = await call<Challenge>("POST", "/auth/step-up/begin", {});
  const said = await ask(c);
  if (said) await call("POST", "/auth/step-up", { passkey: said });
  return !!said;
}

/** False when the person closed the browser's question. */
export async function addPasskey(name: string): Promise<boolean> {
  const b = await call<Begin>("POST", "/auth/passkeys/begin", {});
  const made = (await navigator.credentials
    .create({
      publicKey: {
        challenge: toBytes(b.challenge),
        rp: { id: b.rpId, name: "Weft" },
        user: { id: toBytes(b.handle), name: b.user, displayName: b.name },
        pubKeyCredParams: KINDS.map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        attestation: "none",
        timeout: TIMEOUT_MS,
        excludeCredentials: b.there.map((k) => ({ type: "public-key", id: toBytes(k.id) })),
      },
    })
    .catch(() => null)) as PublicKeyCredential | null;
  if (!made) return false;
  const said = made.response as AuthenticatorAttestationResponse;
  await call("POST", "/auth/passkeys", {
    clientData: toText(said.clientDataJSON),
    attestation: toText(said.attestationObject),
    name,
  });
  return true;
}
