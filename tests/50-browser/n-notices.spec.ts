// Notices on the patient's own device: off until they turn them on, which is a consent they can see; off again the
// same way. The browser's own push service is played here (it is on the internet); the worker is the real one.
import { axe, expect, shot, signIn, test } from "./kit";

test.use({ viewport: { width: 390, height: 844 } });

test("a patient turns notices on and off for this device", async ({ page }) => {
  await page.addInitScript(() => {
    let there: unknown = null;
    const made = {
      endpoint: "https://push.example.org/walk/1",
      toJSON: () => ({
        endpoint: "https://push.example.org/walk/1",
        keys: {
          p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
          auth: "BTBZMqHH6r4Tts7J_aSIgg",
        },
      }),
      unsubscribe: async () => {
        there = null;
        return true;
      },
    };
    Notification.requestPermission = async () => "granted";
    PushManager.prototype.getSubscription = async () => there as PushSubscription | null;
    PushManager.prototype.subscribe = async (how) => {
      if (!how?.userVisibleOnly || String(how.applicationServerKey).length !== 87) throw new Error("no key");
      there = made;
      return made as unknown as PushSubscription;
    };
  });
  await signIn(page, "portal", "patient");
  await page.getByRole("navigation").getByRole("link", { name: "Settings" }).click();
  const card = page.getByRole("region", { name: "Notices on this device" });
  await expect(card).toContainText("Notices are off for this device.");
  await card.getByRole("button", { name: "Turn on notices here" }).click();
  await expect(card).toContainText("Notices are on for this device.");
  await expect(page.getByRole("region", { name: "Your choices" }).getByText(/Notices on your device/)).toBeVisible();
  expect((await page.evaluate(() => navigator.serviceWorker.getRegistrations())).length).toBe(1);
  await axe(page);
  await shot(page, "n1-notices-390");
  await card.getByRole("button", { name: "Turn off notices here" }).click();
  await expect(card.getByRole("button", { name: "Turn on notices here" })).toBeVisible();
  const letters = page.getByRole("checkbox", { name: "Letters" });
  await expect(letters).toBeChecked(); // they need no word of the patient, and end with one
  await letters.click();
  await expect(page.getByRole("region", { name: "Your choices" }).getByText("Letters")).toBeVisible();
  await expect(letters).not.toBeChecked();
  await page.getByLabel("Language", { exact: true }).selectOption("ar");
  await expect(page.getByRole("region", { name: "الإشعارات على هذا الجهاز" })).toBeVisible();
  await axe(page);
});
