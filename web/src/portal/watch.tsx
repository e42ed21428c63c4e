// Whether anybody looks at what comes in, and when they look again: said before somebody waits for an answer.
import { Icon } from "../kit/icons";
import { get } from "../lib/api";
import { type Team, teamOf, useTeams } from "../lib/hours";
import { dayTimeInText, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { me } from "./data";

const useProgrammes = (): string[] =>
  useLoad<{ programme: string }[]>(`EpisodeOfCare,CarePlan|${me()}|programme`, () =>
    get(`/programmes/enrolled?patient=${me()}`),
  ).data?.map((x) => x.programme) ?? [];

/** Who watches over whoever is signed in. */
export const useMyTeam = (): Team | undefined => teamOf(useTeams().data, useProgrammes());

/** Whom to call in danger, by the number of the place where they live. */
export function Emergency() {
  const number = useMyTeam()?.emergency;
  return <>{number ? t("em_call", { number }) : t("w_urgent")}</>;
}

export function Watching() {
  const team = useMyTeam();
  if (!team) return null;
  if (team.watching)
    return team.until ? (
      <p class="muted watching">{t("wt_now", { time: dayTimeInText(team.until) })}</p>
    ) : null;
  return (
    <div class="note wait watching" role="status">
      <Icon name="clock" />
      <div>
        <p>
          <strong>{t("wt_nobody")}</strong>{" "}
          {team.until && t("wt_again", { time: dayTimeInText(team.until) })}
        </p>
        <p>
          {team.emergency ? t("em_call", { number: team.emergency }) : t("w_urgent")}
          {team.phone && (
            <>
              {" "}
              {t("wt_phone")} <bdi dir="ltr">{team.phone}</bdi>
            </>
          )}
        </p>
      </div>
    </div>
  );
}
