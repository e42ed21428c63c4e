// Apps that open from here with this patient (SMART EHR launch): each approved app with a launch address is a
// button; the visit under way goes along. The app then asks the server who may see what.
import { useAct, Wrong } from "../kit/act";
import { get, post, search } from "../lib/api";
import type { Resource } from "../lib/fhir";
import { t } from "../lib/i18n";
import { useLoad } from "../lib/load";

interface Launchable {
  app: string;
  name: string;
}

export function LaunchApps({ patient }: { patient: string }) {
  const [error, busy, act] = useAct();
  const { data } = useLoad<{ apps: Launchable[] }>("Launch|*|apps", () => get("/auth/launch"));
  if (!data?.apps.length) return null;
  const open = (app: string): Promise<void> =>
    act(async () => {
      const visit = await search<Resource>(
        "Encounter",
        { patient, status: "in-progress", _sort: "-date", _count: "1" },
        1,
      );
      const body = { app, patient, ...(visit[0] && { encounter: visit[0].id }) };
      const { url } = await post<{ url: string }>("/auth/launch", body);
      window.open(url, "_blank", "noopener,noreferrer");
      return t("launch_done");
    });
  return (
    <section class="launch no-print" aria-label={t("launch_title")}>
      {data.apps.map((a) => (
        <button
          key={a.app}
          type="button"
          class="btn small"
          disabled={busy}
          onClick={() => void open(a.app)}
        >
          {t("launch_open")} <bdi>{a.name}</bdi>
        </button>
      ))}
      <Wrong text={error} />
    </section>
  );
}
