/** What the web app keeps on the device for reading offline. */
import type { Page } from "@playwright/test";

/** All of it as text; empty when there is nothing. */
export const keptOnDevice = (page: Page): Promise<string> => page.evaluate(read);

function read(): Promise<string> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("keyval-store");
    opening.addEventListener("error", () => reject(new Error("IndexedDB cannot be opened")));
    opening.addEventListener("success", () => {
      const database = opening.result;
      if (!database.objectStoreNames.contains("keyval")) return resolve("");
      const reading = database.transaction("keyval").objectStore("keyval").get("socialai.cache");
      reading.addEventListener("success", () => resolve(reading.result ? JSON.stringify(reading.result) : ""));
    });
  });
}
