// What a screen is for, said with each request (X-Purpose-Of-Use): care of a patient is one thing, running
// the house another, and the record shows less for the second. Only what the role may state
// (spec/rules/role-purposes.csv); a role that has one purpose has said it by signing in.
const HOUSE = [
  "/rules",
  "/incidents",
  "/apps",
  "/accounts",
  "/lending",
  "/security",
  "/training",
  "/evidence",
];

export function purposeOf(role: string | undefined, at: string): string {
  if (role !== "nurse") return "";
  return HOUSE.some((x) => at === x || at.startsWith(`${x}/`)) ? "HOPERAT" : "TREAT";
}
