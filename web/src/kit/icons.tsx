// Line icons, drawn on a 24 grid. Decoration beside words, never instead of them.
const PATHS = {
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  outbox:
    "M4 13v5a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-5M4 13h5l1.5 3h3L15 13h5M12 3v8M8.5 6.5 12 3l3.5 3.5",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 4.500a3.500 3.500 0 0 1 0 6.500M18 14.500c2 .8 3.200 2.700 3.500 5.500",
  key: "M8 20a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9ZM11.200 12.300 20 3.500M16 7.500l3 3M13.500 10l2 2",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  close: "M6 6l12 12M18 6L6 18",
  check: "M4.500 12.500l5 5 10-11",
  stop: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM5.700 5.700l12.600 12.600",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.500 2",
  warn: "M12 4 2.800 20h18.400L12 4ZM12 10v4.500M12 17.500h.01",
  flag: "M5 21V4h13l-3 4.500 3 4.500H5",
  funnel: "M4 5h16l-6 8v6l-4-2v-4L4 5Z",
  message: "M4 5h16v11H9l-5 4V5Z",
  mail: "M3 6h18v12H3V6ZM3 7l9 7 9-7",
  phone:
    "M7 2.500h10a1 1 0 0 1 1 1v17a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-17a1 1 0 0 1 1-1ZM10.500 18.500h3",
  device: "M6 3h12v18H6V3ZM9 7h6M9 10.500h6M12 17.500h.01",
  pulse: "M3 12h4l2.500-6 4 12 2.500-6h5",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4v-9Z",
  gear: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM9 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z",
  pill: "M10.500 20.500a5 5 0 0 1-7-7l10-10a5 5 0 0 1 7 7l-10 10ZM8.500 8.500l7 7",
  note: "M6 3h9l4 4v14H6V3ZM14 3v5h5M9 13h7M9 17h5",
  door: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h10",
  heart: "M12 20S4 15 4 9.500A4.300 4.300 0 0 1 12 7a4.300 4.300 0 0 1 8 2.500C20 15 12 20 12 20Z",
  calendar: "M4 6h16v15H4V6ZM4 10.500h16M8 3v4M16 3v4",
  table: "M4 5h16v14H4V5ZM4 10h16M10 10v9",
  send: "M4 12 20.500 4 16 20l-4-6.500L4 12ZM12 13.500l8.500-9.500",
  sun: "M12 16.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600 19 19M19 5l-1.400 1.400M6.400 17.600 5 19",
} as const;
export type IconName = keyof typeof PATHS;
const TURNS: IconName[] = ["back", "next", "send", "door", "list"];

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      class={TURNS.includes(name) ? "icon turns" : "icon"}
      viewBox="0 0 24 24"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Brand({ word }: { word: string }) {
  return (
    <>
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="9" fill="#0A4FB0" />
        <path
          d="M4 12.500c4.500 0 4.500 7 9 7s4.500-7 9-7c3 0 4 3.500 6 3.500M4 19.500c4.500 0 4.500-7 9-7s4.500 7 9 7c3 0 4-3.500 6-3.500"
          fill="none"
          stroke="#fff"
          stroke-width="2.400"
          stroke-linecap="round"
        />
      </svg>
      <span>{word}</span>
    </>
  );
}
