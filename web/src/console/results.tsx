// New results of a patient who asked to hear of them first: what they asked, and "told by phone" or a few
// words to them, after which they see the result themselves. Shown only where somebody asked for it.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Area } from "../kit/field";
import { get, post, search } from "../lib/api";
import { type Observation, words } from "../lib/fhir";
import { dayTime, type Key, t } from "../lib/i18n";
import { changed, useLoad } from "../lib/load";
import { ContactBudget } from "./budget";

interface Release {
  choices: { category: string; how: "now" | "written" | "phone"; since?: string }[];
}
const TAG = "https://weft.health/fhir/release";
const CODES = "laboratory,imaging";
const CATEGORY: Record<string, string> = { laboratory: "lab", imaging: "imaging" };

type Tagged = Observation & {
  meta?: { lastUpdated?: string; tag?: { system?: string }[] };
  category?: { coding?: { code?: string }[] }[];
};

export function Results({ id }: { id: string }) {
  const release = useLoad<Release>(`QuestionnaireResponse|${id}|release`, () =>
    get<Release>(`/fhir/Patient/${id}/$release`),
  );
  const asked = release.data?.choices.filter((c) => c.how !== "now") ?? [];
  const key = `Observation|${id}|results`;
  const { data } = useLoad<Tagged[]>(asked.length ? key : null, () =>
    search<Tagged>(
      "Observation",
      { patient: id, category: CODES, _sort: "-_lastUpdated", _count: "50" },
      50,
    ),
  );
  const rows = (data ?? [])
    .map((o) => {
      const code = o.category?.flatMap((c) => c.coding ?? []).find((c) => CATEGORY[c.code ?? ""]);
      return { o, wish: asked.find((c) => c.category === CATEGORY[code?.code ?? ""]) };
    })
    .filter(({ o, wish }) => wish && (o.meta?.lastUpdated ?? "") >= (wish.since ?? ""))
    .filter(({ o }) => !o.meta?.tag?.some((x) => x.system === TAG));
  if (!rows.length) return null;
  return (
    <section class="card facts-list" aria-labelledby="results">
      <h2 id="results">{t("results_title")}</h2>
      <ContactBudget patient={id} />
      <ul class="plain">
        {rows.map(({ o, wish }) => (
          <Row key={o.id} o={o} how={wish!.how} patient={id} />
        ))}
      </ul>
    </section>
  );
}

function Row({ o, how, patient }: { o: Tagged; how: string; patient: string }) {
  const [text, setText] = useState("");
  const [error, busy, act] = useAct(`Observation|${patient}|results`);
  const tell = (what: "phone" | "written"): void =>
    void act(async () => {
      await post(`/fhir/Observation/${o.id}/$told`, { how: what, text });
      changed("Communication", patient);
      return t("results_told");
    });
  const value = o.valueQuantity ? `${o.valueQuantity.value} ${o.valueQuantity.unit ?? ""}` : "";
  return (
    <li class="stack">
      <p>
        <strong dir="auto">{words(o.code)}</strong> {value}{" "}
        <span class="muted">{dayTime(o.effectiveDateTime ?? o.meta?.lastUpdated)}</span>
      </p>
      <p class="strong">{t(`results_asked_${how}` as Key)}</p>
      <Area
        id={`told-${o.id}`}
        label={t("results_text")}
        value={text}
        maxLength={4000}
        onValue={setText}
      />
      <Wrong text={error} />
      <div class="case-acts">
        <button type="button" class="btn" disabled={busy} onClick={() => tell("phone")}>
          {t("results_phone")}
        </button>
        <button
          type="button"
          class="btn"
          disabled={busy || !text.trim()}
          onClick={() => tell("written")}
        >
          {t("results_write")}
        </button>
      </div>
    </li>
  );
}
