// The conversation with the care team. What is typed is kept until it is sent.
import { useEffect, useRef, useState } from "preact/hooks";
import { Empty, errorText, Failed, Skeleton } from "../kit/basics";
import { Area } from "../kit/field";
import { Icon } from "../kit/icons";
import { tell } from "../kit/toast";
import { type ApiError, post } from "../lib/api";
import { draft, keepDraft } from "../lib/drafts";
import type { Communication } from "../lib/fhir";
import { dayTime, dayTimeInText, t } from "../lib/i18n";
import { again, changed } from "../lib/load";
import { isUnread, readMark, useSeen } from "../lib/read";
import { saidIn } from "../lib/said";
import { isMine, me, timeOf, useMessages } from "./data";
import { Watching } from "./watch";

export const DRAFT = "portal.message";

function Write() {
  const [text, setText] = useState(draft(DRAFT));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const set = (next: string): void => {
    setText(next);
    keepDraft(DRAFT, next);
  };
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    if (!text.trim() || busy) return;
    setBusy(true);
    setError("");
    try {
      await post("/fhir/Communication", {
        resourceType: "Communication",
        status: "completed",
        subject: { reference: `Patient/${me()}` },
        sender: { reference: `Patient/${me()}` },
        sent: new Date().toISOString(),
        payload: [{ contentString: text.trim() }],
      });
      set("");
      tell(t("msg_sent"));
    } catch (err) {
      setError(errorText(err as ApiError));
    }
    setBusy(false);
    changed("Communication", me());
  };
  return (
    <form class="write" onSubmit={submit}>
      <Area id="write" label={t("msg_label")} dir="auto" value={text} onValue={set} />
      {error && (
        <p class="note bad" role="alert" dir="auto">
          {error}
        </p>
      )}
      <button type="submit" class="btn primary" disabled={busy || !text.trim()}>
        <Icon name="send" />
        {t("msg_send")}
      </button>
    </form>
  );
}

/** Who else read it: what the patient read they know. */
function readBy(c: Communication): string {
  const mark = readMark(c);
  return mark?.by.startsWith("RelatedPerson/")
    ? t("msg_read_by", { who: mark.who || t("msg_helper"), time: dayTimeInText(mark.at) })
    : "";
}

/** What was new when the page opened stays under its line while it is read. */
function useFirstNew(data: Communication[] | undefined): string {
  const first = useRef<string>(undefined);
  if (data && first.current === undefined) first.current = data.find(isUnread)?.id ?? "";
  return first.current ?? "";
}

export function Messages() {
  const { data, error } = useMessages();
  const end = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const firstNew = useFirstNew(data);
  useEffect(() => {
    const line = list.current?.querySelector(".talk-new");
    if (line) line.scrollIntoView?.({ block: "center" });
    else end.current?.scrollIntoView?.({ block: "end" });
  }, [data?.length]);
  useSeen(
    list,
    me(),
    (data ?? []).filter(isUnread).map((c) => c.id!),
  );
  return (
    <div class="place">
      <h1 tabIndex={-1}>{t("nav_messages")}</h1>
      <p class="muted">{t("msg_lead")}</p>
      <Watching />
      {!data && error && <Failed error={error} retry={() => again(`Communication|${me()}|mine`)} />}
      {!data && !error && <Skeleton />}
      {data?.length === 0 && (
        <Empty icon="message" title={t("msg_none")}>
          <p>{t("msg_none_lead")}</p>
        </Empty>
      )}
      <ol ref={list} class="talk" aria-label={t("nav_messages")}>
        {(data ?? []).map((c) => (
          <li key={c.id} class={isMine(c) ? "own" : "theirs"}>
            {c.id === firstNew && <p class="talk-new">{t("msg_new")}</p>}
            <p class="talk-who">
              <bdi>{isMine(c) ? t("msg_you") : (c.sender?.display ?? t("msg_team"))}</bdi>
            </p>
            <p class="talk-text" dir="auto">
              {saidIn(c)}
            </p>
            <p class="muted small" data-seen={c.id}>
              <time dateTime={timeOf(c)}>{dayTime(timeOf(c))}</time>
              {readBy(c) && <span dir="auto"> · {readBy(c)}</span>}
            </p>
          </li>
        ))}
      </ol>
      <Write />
      <div ref={end} />
    </div>
  );
}
