import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError, post, question } from "../lib/api";
import { changed } from "../lib/load";
import { CALL_EXCEPTION, CaseActs } from "./acts";
import { CallDialog } from "./call";

vi.mock("../lib/api", async (real) => ({
  ...(await real<typeof import("../lib/api")>()),
  post: vi.fn(),
  question: vi.fn(),
}));
vi.mock("./acts", async (real) => ({
  ...(await real<typeof import("./acts")>()),
  useInProgramme: () => false,
}));
vi.mock("./budget", async (real) => ({
  ...(await real<typeof import("./budget")>()),
  ContactBudget: () => null,
}));
afterEach(() => {
  cleanup();
  vi.mocked(post).mockReset();
  vi.mocked(question).mockReset();
});

const verdict = (fired: string[]) => ({
  decision: fired.length ? "deny" : "allow",
  why: fired.map((f) => `because of ${f}`),
  fired,
});
const ask = (fired: string[], exceptions: string[], may = false) => ({
  verdict: verdict([]),
  outbound: verdict(fired),
  may,
  ...(may && { number: "+13125550101" }),
  exceptions,
  version: "1",
  language: "en",
  paused: false,
  quiet: false,
  confidential: false,
  notAbout: [],
});

const OLD = "+13125550101";
const theirs = (patient: string, id = "t1") =>
  ({ resourceType: "Task", id, for: { reference: `Patient/${patient}` } }) as never;
/** The server answers from now on so; a consent of theirs says that something came. */
function comes(patient: string, is: object) {
  vi.mocked(question).mockResolvedValue(is);
  changed("Consent", patient);
}
const gone = () => waitFor(() => expect(screen.queryByText(OLD)).toBeNull());
const box = (label: string) => screen.getByLabelText<HTMLInputElement>(label);
const kept = () => {
  const bundle = vi.mocked(post).mock.calls.find(([path]) => path === "/fhir")?.[1];
  return (bundle as { entry: { resource: Record<string, unknown> }[] }).entry[0]?.resource;
};

async function except(name: RegExp) {
  vi.mocked(question).mockResolvedValue(ask(["CAP-01"], ["emergency", "callback"]));
  vi.mocked(post).mockResolvedValue(ask([], [], true));
  fireEvent.click(await screen.findByRole("radio", { name }));
  fireEvent.input(await screen.findByLabelText("ca_x_reason"), { target: { value: "asked" } });
  const use = screen.getByRole<HTMLButtonElement>("button", { name: "ca_x_use" });
  await waitFor(() => expect(use.disabled).toBe(false));
  fireEvent.click(use);
  await screen.findByText(OLD);
  expect(screen.queryByText("because of CAP-01")).toBeNull();
}
async function openedBy(patient: string, name: RegExp) {
  vi.mocked(question).mockResolvedValue(ask(["CAP-01"], ["emergency", "callback"]));
  render(<CallDialog task={theirs(patient)} onClose={() => undefined} />);
  await except(name);
}
async function allowed(patient: string) {
  vi.mocked(question).mockResolvedValue(ask([], [], true));
  render(<CallDialog task={theirs(patient)} onClose={() => undefined} />);
  await screen.findByText(OLD);
}

it("takes the number back where a no to calls ends the exception that opened it", async () => {
  await openedBy("p1", /callback/);
  comes("p1", ask(["CAP-01", "TCPA-REV-01"], ["emergency"]));
  await gone();
  expect(screen.getByText("because of TCPA-REV-01")).toBeTruthy();
  fireEvent.click(screen.getByRole("radio", { name: /emergency/ }));
  await waitFor(() => expect(box("ca_x_reason").value).toBe("asked")); // what was typed stays, for the other exception
  // What was opened once opens by itself no more.
  comes("p1", ask(["CAP-01"], ["emergency", "callback"]));
  await waitFor(() => expect(screen.queryByText("because of TCPA-REV-01")).toBeNull());
  expect(screen.queryByText(OLD)).toBeNull();
});

it("says what came since beside the number that an exception still opens", async () => {
  await openedBy("p2", /emergency/);
  const status = screen.getByRole("status");
  expect(status.textContent).toBe("");
  comes("p2", ask(["CAP-01", "TCPA-REV-01"], ["emergency"]));
  await screen.findByText("because of TCPA-REV-01");
  expect(screen.getByRole("status")).toBe(status); // there before, so that it is told
  expect(status.textContent).toContain("ca_since");
  expect(status.textContent).not.toContain("CAP-01");
  expect(screen.getByText(OLD)).toBeTruthy();
});

it("gives the number of now where the call may be made without the exception", async () => {
  await openedBy("p3", /emergency/);
  const is = { ...verdict(["CAP-09"]), decision: "allow" }; // told, refuses nothing
  comes("p3", { ...ask([], [], true), outbound: is, number: "+13125550102" });
  expect((await screen.findByText("+13125550102")).closest("a")?.href).toBe("tel:+13125550102");
  expect(screen.queryByText(OLD)).toBeNull();
  expect(screen.getByRole("status").textContent).toBe("");
});

it.each([
  ["another version of them", { version: "2" }],
  ["a confidential way", { confidential: true }],
  ["another confidential way", { confidentialTo: "+13125550109" }],
])("ends an exception with %s", async (what, now) => {
  const patient = `p4-${what.replaceAll(" ", "-")}`;
  await openedBy(patient, /emergency/);
  comes(patient, { ...ask(["CAP-01"], ["emergency"]), ...now });
  await gone();
});

it("says before the call what is known now", async () => {
  await openedBy("p5", /emergency/);
  comes("p5", { ...ask(["CAP-01"], ["emergency"]), paused: true });
  await screen.findByText("ca_paused");
  expect(screen.getByText(OLD)).toBeTruthy();
});

it.each([
  ["an exception", openedBy, [{ url: CALL_EXCEPTION, valueCode: "callback" }]],
  ["no exception", allowed, undefined],
] as const)("keeps a call that was begun by %s also after a no", async (what, open, extension) => {
  const patient = `p6-${what.replaceAll(" ", "-")}`;
  await open(patient, /callback/);
  const before = new Date().toISOString();
  fireEvent.click(screen.getByLabelText("ca_o_reached"));
  fireEvent.input(box("ca_call_note"), { target: { value: "Feels well." } });
  comes(patient, ask(["TCPA-REV-01"], []));
  await gone();
  expect(screen.getByText("ca_begun")).toBeTruthy();
  expect(box("ca_o_reached").checked).toBe(true);
  fireEvent.click(screen.getByRole("button", { name: "ca_keep" }));
  await waitFor(() => expect(kept()).toBeTruthy());
  expect(kept()).toMatchObject({ description: "Feels well.", output: [{ valueCode: "reached" }] });
  expect(kept()?.extension).toEqual(extension);
  const period = kept()?.executionPeriod as { start: string } | undefined;
  expect(period?.start).toBeTruthy();
  expect((period?.start ?? "z") <= before).toBe(true);
});

it("has no form where no number was given", async () => {
  vi.mocked(question).mockResolvedValue(ask(["CAP-01"], []));
  render(<CallDialog task={theirs("p7")} onClose={() => undefined} />);
  await screen.findByText("because of CAP-01");
  expect(screen.queryByRole("button", { name: "ca_keep" })).toBeNull();
  expect(document.activeElement?.id).not.toBe("ca-barred");
});

it("has no number for who may not see them any more", async () => {
  await openedBy("p8", /emergency/);
  vi.mocked(question).mockRejectedValue(new ApiError(403, [], ""));
  changed("Consent", "p8");
  await gone();
  expect(screen.getByText("error_forbidden")).toBeTruthy();
});

it("has no number while nobody knows, and asks again when told to", async () => {
  await allowed("p9");
  vi.mocked(question).mockRejectedValue(new ApiError(500, [], ""));
  changed("Consent", "p9");
  await gone();
  expect(screen.queryByText("ca_script_who")).toBeNull();
  expect(screen.getByRole("button", { name: "ca_keep" })).toBeTruthy();
  vi.mocked(question).mockResolvedValue(ask([], [], true));
  fireEvent.click(screen.getByRole("button", { name: "retry" }));
  await screen.findByText(OLD);
});

it("leads to what came, but not out of what is written", async () => {
  await allowed("p10");
  comes("p10", ask(["TCPA-REV-01"], []));
  await gone();
  await waitFor(() => expect(document.activeElement?.id).toBe("ca-barred"));
  comes("p10", ask([], [], true));
  await screen.findByText(OLD);
  box("ca_call_note").focus();
  comes("p10", ask(["TCPA-REV-01"], []));
  await gone();
  expect(document.activeElement?.id).toBe("call-note");
});

it("sends no exception that is offered no more", async () => {
  vi.mocked(question).mockResolvedValue(ask(["CAP-01"], ["emergency", "callback"]));
  render(<CallDialog task={theirs("p11")} onClose={() => undefined} />);
  fireEvent.click(await screen.findByRole("radio", { name: /callback/ }));
  await screen.findByRole("button", { name: "ca_x_use" });
  comes("p11", ask(["CAP-01", "TCPA-REV-01"], ["emergency"]));
  await screen.findByText("because of TCPA-REV-01");
  expect(screen.queryByRole("button", { name: "ca_x_use" })).toBeNull();
});

it("opens nothing with an answer that is not a yes", async () => {
  vi.mocked(question).mockResolvedValue(ask(["CAP-01"], ["callback"]));
  render(<CallDialog task={theirs("p12")} onClose={() => undefined} />);
  fireEvent.click(await screen.findByRole("radio", { name: /callback/ }));
  fireEvent.input(await screen.findByLabelText("ca_x_reason"), { target: { value: "asked" } });
  vi.mocked(question).mockResolvedValue(ask(["TCPA-REV-01"], []));
  vi.mocked(post).mockResolvedValue(ask(["TCPA-REV-01"], []));
  fireEvent.click(screen.getByRole("button", { name: "ca_x_use" }));
  await screen.findByText("because of TCPA-REV-01"); // asked anew
  expect(screen.queryByRole("button", { name: "ca_keep" })).toBeNull();
});

it("has nobody's number under another case", async () => {
  vi.mocked(question).mockResolvedValue(ask(["CAP-01"], ["emergency"]));
  const { rerender } = render(<CaseActs task={theirs("p13")} />);
  fireEvent.click(screen.getByRole("button", { name: /^ca_call/ }));
  await except(/emergency/);
  rerender(<CaseActs task={theirs("p14", "t2")} />);
  await screen.findByText("because of CAP-01");
  expect(screen.queryByText(OLD)).toBeNull();
  expect(screen.queryByRole("button", { name: "ca_keep" })).toBeNull();
});
