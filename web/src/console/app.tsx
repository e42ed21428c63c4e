// The shell: top bar with the way around, search, live state and account; below it the screen that the
// address names. Staff only: a patient who signs in here is shown the portal.

import { useEffect, useState } from "preact/hooks";
import { Keys, Menu } from "../kit/basics";
import { ThemeChoice } from "../kit/choices";
import { BarStart, Before, Leave, WrongDoor } from "../kit/door";
import { Guard } from "../kit/guard";
import { Icon, type IconName } from "../kit/icons";
import { lazy } from "../kit/lazy";
import { HelpSheet, type Hit, helpOpen, Palette, paletteOpen } from "../kit/palette";
import { RenewPage, SecurityPage } from "../kit/security";
import { LanguageSelect, SignIn } from "../kit/signin";
import { Toasts } from "../kit/toast";
import { TrainingPage } from "../kit/training";
import { personName } from "../lib/fhir";
import { findPeople } from "../lib/find";
import { clock, fullDate, type Key, lang, t, wordOf } from "../lib/i18n";
import { useCommands } from "../lib/keys";
import { connected, heard, startLive, stopLive } from "../lib/live";
import { go, href, match, path } from "../lib/router";
import { session } from "../lib/session";
import { AccountsPage, mayAccounts } from "./accounts";
import { AppsPage, mayApps } from "./apps";
import { ExperiencePage, mayExperience } from "./experience";
import { IncidentPage } from "./incident";
import { IncidentsPage, mayIncidents } from "./incidents";
import { LendingPage } from "./lending";
import { Outbox } from "./outbox";
import { Patients } from "./patients";
import { mayPost, PostPage } from "./post";
import { mayRule, RulesPage } from "./rules";
import { WorklistPage } from "./worklist";
import { Workspace } from "./workspace";

// Outreach is the work of few: its screens come when they are opened.
const AudiencesPage = lazy(async () => (await import("./audience")).AudiencesPage);
const CampaignPage = lazy(async () => (await import("./campaigns")).CampaignPage);
const CampaignsPage = lazy(async () => (await import("./campaigns")).CampaignsPage);
const ProgrammesPage = lazy(async () => (await import("./programmes")).ProgrammesPage);
const WordsPage = lazy(async () => (await import("./words")).WordsPage);
const FleetPage = lazy(async () => (await import("./fleet")).FleetPage);
const ComplaintsPage = lazy(async () => (await import("./complaints")).ComplaintsPage);
const RosterPage = lazy(async () => (await import("./roster")).RosterPage);
const TeamsPage = lazy(async () => (await import("./teams")).TeamsPage);
const ComplaintPage = lazy(async () => (await import("./complaints")).ComplaintPage);
const mayComplain = (role: string | undefined): boolean =>
  ["nurse", "agent", "privacy"].includes(role ?? "");
/** Nurses come there from the worklist. */
const mayRoster = (role: string | undefined): boolean => role === "admin" || role === "nurse";
const mayTeams = (role: string | undefined): boolean => role === "admin";
const mayFleet = (role: string | undefined): boolean =>
  ["nurse", "agent", "admin"].includes(role ?? "");
const mayCampaign = (role: string | undefined): boolean =>
  role === "outreach" || role === "privacy";
const mayAudience = (role: string | undefined): boolean => role === "outreach";

const STALE_MS = 60_000;
/** Administrators read no record of a patient. */
const mayRecord = (role: string | undefined): boolean => role !== "admin";
const RECORD: { to: string; word: Key; icon: IconName }[] = [
  { to: "/", word: "nav_worklist", icon: "list" },
  { to: "/patients", word: "nav_patients", icon: "people" },
];
const OUTBOX: (typeof RECORD)[number] = { to: "/outbox", word: "nav_outbox", icon: "outbox" };
const RULES: (typeof RECORD)[number] = { to: "/rules", word: "nav_rules", icon: "table" };
const INCIDENTS: (typeof RECORD)[number] = {
  to: "/incidents",
  word: "in_title",
  icon: "warn",
};
const CAMPAIGNS: (typeof RECORD)[number] = {
  to: "/campaigns",
  word: "cp_title",
  icon: "send",
};
const EXPERIENCE: (typeof RECORD)[number] = {
  to: "/experience",
  word: "xp_title",
  icon: "heart",
};
const APPS: (typeof RECORD)[number] = { to: "/apps", word: "nav_apps", icon: "gear" };
const ACCOUNTS: (typeof RECORD)[number] = {
  to: "/accounts",
  word: "nav_accounts",
  icon: "key",
};
const OUTREACH: typeof RECORD = [
  { to: "/audiences", word: "nav_audiences", icon: "funnel" },
  { to: "/words", word: "nav_words", icon: "message" },
];
const FLEET: (typeof RECORD)[number] = { to: "/devices", word: "fl_title", icon: "device" };
const COMPLAINTS: (typeof RECORD)[number] = { to: "/complaints", word: "dc_nav", icon: "flag" };
const TEAMS: (typeof RECORD)[number] = { to: "/hours", word: "th_title", icon: "clock" };
const ROSTER: (typeof RECORD)[number] = { to: "/roster", word: "ro_title", icon: "calendar" };
const LETTERS: (typeof RECORD)[number] = { to: "/letters", word: "lt_title", icon: "mail" };
const PROGRAMMES: (typeof RECORD)[number] = {
  to: "/programmes",
  word: "pg_title",
  icon: "pulse",
};
const screensOf = (role: string | undefined): typeof RECORD => [
  ...(mayRecord(role) ? RECORD : []),
  ...(mayRecord(role) && session.value?.screen ? [OUTBOX] : []),
  ...(mayPost(role) ? [LETTERS] : []),
  ...(mayFleet(role) ? [FLEET] : []),
  ...(mayComplain(role) ? [COMPLAINTS] : []),
  ...(mayTeams(role) ? [TEAMS] : []),
  ...(mayRoster(role) ? [ROSTER] : []),
  ...(mayCampaign(role) ? [CAMPAIGNS] : []),
  ...(mayAudience(role) ? OUTREACH : []),
  ...(role === "privacy" ? OUTREACH.slice(1) : []),
  ...(role === "nurse" ? [PROGRAMMES] : []),
  ...(mayExperience(role) ? [EXPERIENCE] : []),
  ...(mayRule(role) ? [RULES] : []),
  ...(mayIncidents(role) ? [INCIDENTS] : []),
  ...(mayApps(role) ? [APPS] : []),
  ...(mayAccounts(role) ? [ACCOUNTS] : []),
];

function LiveState() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const silent = heard.value > 0 && now - heard.value > STALE_MS;
  const time = clock(connected.value && !silent ? now : heard.value || now);
  const word =
    heard.value === 0
      ? t("live_wait")
      : t(silent || !connected.value ? "live_stale" : "live_as_of", { time });
  const bad = heard.value > 0 && (silent || !connected.value);
  return (
    <span class={bad ? "live bad" : "live"} title={word}>
      <i class="dot" aria-hidden="true" />
      <span class="tabular">{word}</span>
    </span>
  );
}

function initials(name: string): string {
  const parts = name.split(/\s+/).filter(Boolean);
  return (
    (parts[0]?.[0] ?? "") + (parts.length > 1 ? (parts[parts.length - 1]![0] ?? "") : "")
  ).toUpperCase();
}

function Account() {
  const s = session.value!;
  return (
    <Menu
      label={
        <>
          <span class="avatar" aria-hidden="true">
            {initials(s.name)}
          </span>
          <span class="out-of-sight">{t("account")}</span>
        </>
      }
    >
      <div>
        <strong>
          <bdi>{s.name}</bdi>
        </strong>
        <p class="muted">{wordOf("ac_r_", s.role)}</p>
      </div>
      <LanguageSelect id="menu-language" />
      <ThemeChoice />
      <a class="btn" href={href("/security")}>
        {t("security_title")}
      </a>
      <a class="btn" href={href("/lending")}>
        {t("le_title")}
      </a>
      <button type="button" class="btn" onClick={() => (helpOpen.value = true)}>
        {t("help")} <Keys keys="?" />
      </button>
      <Leave />
    </Menu>
  );
}

function isCurrent(to: string, at: string): boolean {
  if (at === "/" && !mayRecord(session.value?.role)) return to === ACCOUNTS.to;
  return to === "/"
    ? at === "/" || at.startsWith("/case/")
    : at === to || at.startsWith(`${to}/`) || at.startsWith(`${to.slice(0, -1)}/`);
}

function TopBar() {
  return (
    <header class="bar no-print">
      <BarStart />
      <nav aria-label={t("nav")}>
        {screensOf(session.value?.role).map((s) => (
          <a
            key={s.to}
            href={href(s.to)}
            aria-current={isCurrent(s.to, path.value) ? "page" : undefined}
          >
            <Icon name={s.icon} />
            <span>{t(s.word)}</span>
          </a>
        ))}
      </nav>
      <button type="button" class="btn find" onClick={() => (paletteOpen.value = true)}>
        <Icon name="search" />
        <span>{t("find")}</span>
        <Keys keys="mod+k" />
      </button>
      <LiveState />
      <Account />
    </header>
  );
}

async function peopleHits(typed: string): Promise<Hit[]> {
  if (!mayRecord(session.value?.role)) return [];
  return (await findPeople(typed, 6)).map((p) => ({
    id: `patient-${p.id}`,
    label: personName(p),
    hint: fullDate(p.birthDate),
    run: () => go(`/patient/${p.id}`),
  }));
}

function Screen() {
  const at = path.value;
  const byCase = match("/case/:id", at);
  if (byCase) return <Workspace key={`c${byCase.id}`} task={byCase.id!} patient={null} />;
  const byPatient = match("/patient/:id", at);
  if (byPatient) return <Workspace key={`p${byPatient.id}`} task={null} patient={byPatient.id!} />;
  const ofCase = match("/incidents/case/:id", at);
  const incident = match("/incidents/:id", at);
  if (at === "/incidents" || ofCase) return <IncidentsPage key={at} from={ofCase?.id ?? ""} />;
  if (incident) return <IncidentPage key={at} id={incident.id!} />;
  const campaign = match("/campaigns/:id", at);
  if (at === "/campaigns") return <CampaignsPage />;
  if (campaign) return <CampaignPage key={at} id={campaign.id!} />;
  if (at === "/patients") return <Patients />;
  if (at === "/audiences") return <AudiencesPage />;
  if (at === "/words") return <WordsPage />;
  if (at === "/programmes") return <ProgrammesPage />;
  const complaint = match("/complaints/:id", at);
  if (at === "/complaints") return <ComplaintsPage />;
  if (complaint) return <ComplaintPage key={at} id={complaint.id!} />;
  if (at === "/devices") return <FleetPage />;
  if (at === "/hours") return <TeamsPage />;
  if (at === "/roster") return <RosterPage />;
  if (at === "/experience") return <ExperiencePage />;
  if (at === "/rules") return <RulesPage />;
  if (at === "/apps") return <AppsPage />;
  if (at === "/accounts") return <AccountsPage />;
  if (at === "/lending") return <LendingPage />;
  if (at === "/security") return <SecurityPage />;
  if (at === "/letters") return <PostPage />;
  if (at === "/outbox") return <Outbox />;
  return mayRecord(session.value?.role) ? <WorklistPage /> : <AccountsPage />;
}

const GO: { to: string; keys: string; label: Key }[] = [
  { to: "/", keys: "g w", label: "cmd_worklist" },
  { to: "/patients", keys: "g p", label: "cmd_patients" },
  { to: "/outbox", keys: "g o", label: "cmd_outbox" },
];

function Shell() {
  const who = session.value!.user;
  const mine = screensOf(session.value!.role).map((s) => s.to);
  useEffect(() => {
    if (who) void startLive();
    return stopLive;
  }, [who]);
  useCommands([
    {
      id: "palette",
      keys: "mod+k",
      label: t("cmd_palette"),
      run: () => (paletteOpen.value = true),
      always: true,
    },
    { id: "help", keys: "?", label: t("cmd_help"), run: () => (helpOpen.value = true) },
    ...GO.filter((c) => mine.includes(c.to)).map((c) => ({
      id: `go${c.to}`,
      keys: c.keys,
      label: t(c.label),
      run: () => go(c.to),
    })),
  ]);
  return (
    <>
      <TopBar />
      <main id="main" tabIndex={-1}>
        <Screen />
      </main>
      {paletteOpen.value && <Palette find={peopleHits} />}
      {helpOpen.value && <HelpSheet />}
      <Toasts />
      <Guard />
    </>
  );
}

export function App() {
  const s = session.value;
  useEffect(() => {
    document.title = `Weft · ${t("c_title")}`;
  }, [lang.value]);
  if (!s) return <SignIn title={t("c_title")} lead={t("c_lead")} />;
  if (s.untrained)
    return (
      <Before>
        <TrainingPage />
      </Before>
    );
  if (s.renew)
    return (
      <Before>
        <RenewPage />
      </Before>
    );
  return s.role === "patient" || s.role === "helper" ? (
    <WrongDoor title={t("c_not_staff")} to="/portal/" word={t("c_to_portal")} />
  ) : (
    <Shell />
  );
}
