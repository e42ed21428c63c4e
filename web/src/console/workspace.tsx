// One case, or one patient, on one screen: the list beside it, the patient in the middle, the case and
// the conversation at the end. Below 960 px the panes stack: the case first, then the patient.
import { useEffect } from "preact/hooks";
import { Failed, Skeleton } from "../kit/basics";
import { idOf } from "../lib/fhir";
import { t } from "../lib/i18n";
import { useCommands } from "../lib/keys";
import { again } from "../lib/load";
import { rightOf } from "../lib/rights";
import { go } from "../lib/router";
import { CasePanel } from "./case";
import { Composer, Thread } from "./composer";
import { behind, usePatientCases, useTask } from "./data";
import { PatientPane } from "./patient";
import { RightPanel } from "./right";
import { BackLink, Worklist } from "./worklist";

/** The patient's open case when the patient was opened without one. */
function useOpenCase(patient: string | null): string | null {
  const cases = usePatientCases(patient);
  const open = cases.data?.find((c) => ["requested", "in-progress", "on-hold"].includes(c.status));
  return open?.id ?? null;
}

export function Workspace({ task, patient }: { task: string | null; patient: string | null }) {
  const found = useOpenCase(task ? null : patient);
  const taskId = task ?? found;
  const loaded = useTask(taskId);
  const who = patient ?? (loaded.data ? idOf(loaded.data.for) : null);
  useCommands([
    { id: "back", keys: "escape", label: t("back_list"), run: () => go("/"), always: false },
  ]);
  useEffect(() => {
    document.querySelector<HTMLElement>("#main")?.focus({ preventScroll: true });
  }, [taskId]);
  return (
    <div class="work">
      <aside class="work-list" aria-label={t("nav_worklist")}>
        <Worklist open={taskId ?? undefined} compact />
      </aside>
      <section class="work-patient" aria-label={t("tab_patient")}>
        <BackLink />
        {who ? (
          <PatientPane id={who} focus={behind(loaded.data)} />
        ) : (
          <Waiting error={loaded.error} id={taskId} />
        )}
      </section>
      <aside class="work-case" aria-label={t("tab_case")}>
        <div class="only-narrow">
          <BackLink />
          <strong>
            <bdi>{loaded.data?.for?.display}</bdi>
          </strong>
        </div>
        {loaded.data &&
          (rightOf(loaded.data) ? (
            <RightPanel key={loaded.data.id} task={loaded.data} />
          ) : (
            <CasePanel key={loaded.data.id} task={loaded.data} />
          ))}
        {who && (
          <>
            <Thread patient={who} />
            <Composer patient={who} task={taskId} />
          </>
        )}
      </aside>
    </div>
  );
}

function Waiting({
  error,
  id,
}: {
  error: import("../lib/api").ApiError | undefined;
  id: string | null;
}) {
  if (!error) return <Skeleton lines={9} />;
  return <Failed error={error} retry={() => again(`Task|*|${id}`)} />;
}
