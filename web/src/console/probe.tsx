// "Test to me": words as they are being written go to one's own number or mail address, by the real channel, marked as
// a test. An address is one's own once the code that was sent there is typed back.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Field } from "../kit/field";
import { get, post } from "../lib/api";
import { dayTime, type Key, LANGS, type Lang, t } from "../lib/i18n";
import { useLoad } from "../lib/load";

type Channel = "sms" | "email";
interface Own {
  sms?: { to: string; verified: boolean };
  email?: { to: string; verified: boolean };
  last?: { channel: Channel; at: string; state: "waiting" | "sent" | "failed"; screen?: string };
}
const KEY = "ActivityDefinition|*|own";
const LOOK_MS = 1500;

function Prove({ channel, own, put }: { channel: Channel; own: Own; put: (o: Own) => void }) {
  const [to, setTo] = useState("");
  const [code, setCode] = useState("");
  const [error, busy, act] = useAct();
  const waits = own[channel];
  const step = (path: string, body: object, said: Key): void =>
    void act(async () => {
      put(await post<Own>(path, { channel, ...body }));
      setCode("");
      return t(said);
    });
  return (
    <form
      class="au-stack"
      onSubmit={(e) => {
        e.preventDefault();
        if (waits) step("/own-addresses/confirm", { code }, "tm_proved");
        else step("/own-addresses", { to }, "tm_code_sent");
      }}
    >
      {waits ? (
        <>
          <p>
            {t("tm_code_to")} <bdi dir="ltr">{waits.to}</bdi>
          </p>
          <Field
            id="tm-code"
            label={t("tm_code")}
            required
            maxLength={6}
            autocomplete="one-time-code"
            value={code}
            onValue={setCode}
          />
        </>
      ) : (
        <Field
          id="tm-to"
          label={t(channel === "sms" ? "tm_number" : "tm_mail")}
          required
          maxLength={254}
          type={channel === "sms" ? "tel" : "email"}
          dir="ltr"
          value={to}
          onValue={setTo}
        />
      )}
      <Wrong text={error} />
      <div class="acts">
        <button type="submit" class="btn" disabled={busy}>
          {t(waits ? "tm_prove" : "tm_ask")}
        </button>
        {waits && (
          <button
            type="button"
            class="btn quiet"
            disabled={busy}
            onClick={() => step("/own-addresses", { to: "" }, "tm_forgot")}
          >
            {t("tm_other")}
          </button>
        )}
      </div>
    </form>
  );
}

/** Asks again while the last one waits for its turn. */
function useOwn(): [Own | undefined, (o: Own) => void] {
  const [kept, setKept] = useState<Own>();
  const { data } = useLoad<Own>(KEY, () => get("/own-addresses"));
  const own = kept ?? data;
  const put = (o: Own): void => {
    setKept(o);
    if (o.last?.state === "waiting")
      setTimeout(() => void get<Own>("/own-addresses").then(put, () => undefined), LOOK_MS);
  };
  return [own, put];
}

function Last({ own }: { own: Own }) {
  if (!own.last) return null;
  return (
    <div role="status">
      <p>{`${t(`tm_${own.last.state}`)} · ${dayTime(own.last.at)}`}</p>
      {own.last.screen && (
        <p class="note" dir="auto">
          {own.last.screen}
        </p>
      )}
    </div>
  );
}

/** words: as they stand in the form; id: those that are saved. */
export function TestToMe({ words, id }: { words?: object; id?: string }) {
  const [own, put] = useOwn();
  const [channel, setChannel] = useState<Channel>("sms");
  const [tongue, setTongue] = useState<Lang>("en");
  const [error, busy, act] = useAct();
  const send = (): void =>
    void act(async () => {
      await post(
        "/words-test",
        id ? { id, channel, language: tongue } : { words, channel, language: tongue },
      );
      put(await get<Own>("/own-addresses"));
      return t("tm_on_its_way");
    });
  if (!own) return null;
  const mine = own[channel];
  return (
    <section class="card block" aria-labelledby="tm-title">
      <h2 id="tm-title">{t("tm_title")}</h2>
      <p class="muted">{t("tm_hint")}</p>
      <div class="au-row">
        <div class="field">
          <label for="tm-channel">{t("tm_by")}</label>
          <select
            class="box"
            id="tm-channel"
            value={channel}
            onChange={(e) => setChannel(e.currentTarget.value as Channel)}
          >
            <option value="sms">{t("wd_sms")}</option>
            <option value="email">{t("wd_email")}</option>
          </select>
        </div>
        <div class="field">
          <label for="tm-language">{t("tm_language")}</label>
          <select
            class="box"
            id="tm-language"
            value={tongue}
            onChange={(e) => setTongue(e.currentTarget.value as Lang)}
          >
            {(Object.keys(LANGS) as Lang[]).map((l) => (
              <option key={l} value={l} lang={l}>
                {LANGS[l].name}
              </option>
            ))}
          </select>
        </div>
      </div>
      {mine?.verified ? (
        <>
          <p>
            {t("tm_goes_to")} <bdi dir="ltr">{mine.to}</bdi>
          </p>
          <Wrong text={error} />
          <div class="acts">
            <button type="button" class="btn" disabled={busy} onClick={send}>
              {t("tm_send")}
            </button>
            <Forget channel={channel} put={put} />
          </div>
        </>
      ) : (
        <Prove key={channel} channel={channel} own={own} put={put} />
      )}
      <Last own={own} />
    </section>
  );
}

function Forget({ channel, put }: { channel: Channel; put: (o: Own) => void }) {
  const [error, busy, act] = useAct();
  return (
    <>
      <Wrong text={error} />
      <button
        type="button"
        class="btn quiet"
        disabled={busy}
        onClick={() =>
          void act(async () => {
            put(await post<Own>("/own-addresses", { channel, to: "" }));
            return t("tm_forgot");
          })
        }
      >
        {t("tm_other")}
      </button>
    </>
  );
}
