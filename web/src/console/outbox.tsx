// The demonstration's outbox: what arrives on the patients' phones and in their mailboxes, and a way to
// answer as the patient. The real server serves this only when it runs as a demonstration.
import { useEffect, useRef, useState } from "preact/hooks";
import { Empty, errorText, Failed, Skeleton } from "../kit/basics";
import { Icon } from "../kit/icons";
import { tell } from "../kit/toast";
import { type ApiError, get, post } from "../lib/api";
import { dayTime, t, time } from "../lib/i18n";
import { again, changed, useLoad } from "../lib/load";

export interface Letter {
  id: string;
  channel: string;
  to: string;
  from: string;
  subject?: string;
  text: string;
  direction: "out" | "in";
  time: string | number;
  status?: string;
}
const KEY = "Communication|*|outbox";
const POLL_MS = 2000;

const peer = (l: Letter): string => (l.direction === "out" ? l.to : l.from);

/** Newest conversation first; inside one, oldest letter first. */
export function conversations(all: Letter[], channel: string): [string, Letter[]][] {
  const by = new Map<string, Letter[]>();
  for (const l of all) {
    if (l.channel !== channel) continue;
    by.set(peer(l), [l, ...(by.get(peer(l)) ?? [])]);
  }
  return [...by];
}

function Reply({ channel, from, to }: { channel: string; from: string; to: string }) {
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    if (!text.trim()) return;
    try {
      await post("/demo/outbox/reply", { channel, from, to, text: text.trim() });
      setText("");
      setError("");
      tell(t("outbox_replied"));
      changed("Communication");
    } catch (err) {
      setError(errorText(err as ApiError));
    }
  };
  return (
    <form class="phone-reply" onSubmit={submit}>
      <input
        class="box"
        dir="auto"
        aria-label={t("outbox_reply")}
        placeholder={t("outbox_reply")}
        value={text}
        onInput={(e) => setText(e.currentTarget.value)}
      />
      <button type="submit" class="btn primary" disabled={!text.trim()}>
        <Icon name="send" />
        <span class="out-of-sight">{t("outbox_send")}</span>
      </button>
      {error && (
        <p class="note bad" role="alert" dir="auto">
          {error}
        </p>
      )}
    </form>
  );
}

function Who({
  all,
  at,
  pick,
  id,
}: {
  all: [string, Letter[]][];
  at: string;
  pick: (w: string) => void;
  id: string;
}) {
  return (
    <div class="field inline-field">
      <label for={id}>{t("outbox_whose")}</label>
      <select
        class="box"
        id={id}
        dir="ltr"
        value={at}
        onChange={(e) => pick(e.currentTarget.value)}
      >
        {all.map(([who]) => (
          <option key={who} value={who}>
            {who}
          </option>
        ))}
      </select>
    </div>
  );
}

function Phone({ letters }: { letters: Letter[] }) {
  const all = conversations(letters, "sms");
  const [picked, setPicked] = useState("");
  const end = useRef<HTMLOListElement>(null);
  const open = all.find(([who]) => who === picked) ?? all[0];
  useEffect(() => {
    if (end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [open?.[1].length, open?.[0]]);
  if (!open)
    return (
      <div class="card">
        <Empty icon="phone" title={t("outbox_none_phone")} />
      </div>
    );
  const [who, list] = open;
  const sender = list.find((l) => l.direction === "out")?.from ?? "";
  return (
    <>
      <Who all={all} at={who} pick={setPicked} id="phone-who" />
      <div class="phone">
        <header>
          <span class="avatar" aria-hidden="true">
            <Icon name="heart" />
          </span>
          <bdi>{sender}</bdi>
        </header>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
        <ol ref={end} tabIndex={0} aria-label={who}>
          {list.map((l) => (
            <li key={l.id} class={l.direction === "out" ? "bubble theirs" : "bubble own"}>
              <p dir="auto">{l.text}</p>
              <time class="said-meta">{dayTime(l.time)}</time>
            </li>
          ))}
        </ol>
        <Reply channel="sms" from={who} to={sender} />
      </div>
    </>
  );
}

function Mail({ letters }: { letters: Letter[] }) {
  const mails = letters.filter((l) => l.channel === "email");
  const [picked, setPicked] = useState("");
  const open = mails.find((m) => m.id === picked) ?? mails[0];
  if (!open)
    return (
      <div class="card">
        <Empty icon="mail" title={t("outbox_none_mail")} />
      </div>
    );
  return (
    <div class="mail card">
      <ul aria-label={t("outbox_mail")}>
        {mails.map((m) => (
          <li key={m.id}>
            <button type="button" aria-pressed={m === open} onClick={() => setPicked(m.id)}>
              <strong>
                <bdi>{peer(m)}</bdi>
              </strong>
              <time class="muted">{time(m.time)}</time>
              <span class="cut" dir="auto">
                {m.subject || m.text}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <article>
        <h3 dir="auto">{open.subject}</h3>
        <dl>
          <dt class="muted">{t("outbox_from")}</dt>
          <dd>
            <bdi>{open.from}</bdi>
          </dd>
          <dt class="muted">{t("outbox_to")}</dt>
          <dd>
            <bdi>{open.to}</bdi> · <time class="muted">{dayTime(open.time)}</time>
          </dd>
        </dl>
        <p class="letter" dir="auto">
          {open.text}
        </p>
        <Reply
          channel="email"
          from={peer(open)}
          to={open.direction === "out" ? open.from : open.to}
        />
      </article>
    </div>
  );
}

export function Outbox() {
  const box = useLoad<Letter[]>(KEY, () => get<Letter[]>("/demo/outbox"));
  useEffect(() => {
    const timer = setInterval(() => again(KEY), POLL_MS);
    return () => clearInterval(timer);
  }, []);
  const list = box.data;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t("nav_outbox")}</h1>
        <p class="muted">{t("outbox_lead")}</p>
      </header>
      {!list && box.error && box.error.status === 404 && (
        <Empty icon="outbox" title={t("outbox_off")} />
      )}
      {!list && box.error && box.error.status !== 404 && (
        <Failed error={box.error} retry={() => again(KEY)} />
      )}
      {!list && !box.error && <Skeleton lines={6} />}
      {list && (
        <div class="outbox">
          <section aria-label={t("outbox_phone")} class="outbox-phone">
            <h2>{t("outbox_phone")}</h2>
            <Phone letters={list} />
          </section>
          <section aria-label={t("outbox_mail")} class="outbox-mail">
            <h2>{t("outbox_mail")}</h2>
            <Mail letters={list} />
          </section>
        </div>
      )}
    </div>
  );
}
