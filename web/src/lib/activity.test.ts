import { beforeEach, expect, it } from "vitest";

import { forgetActivities, runActivity, useActivities } from "./activity";

const newest = () => useActivities.getState().activities[0];

beforeEach(forgetActivities);

it("shows progress while it runs and the outcome afterwards", async () => {
  const finish = Promise.withResolvers<void>();
  const running = runActivity("Export", async (report) => {
    report("200 of 400", 0.5);
    await finish.promise;
    return { done: "400 entries exported." };
  });
  expect(newest()).toMatchObject({ title: "Export", state: "running", detail: "200 of 400", share: 0.5 });
  finish.resolve();
  await running;
  expect(newest()).toMatchObject({ state: "done", detail: "400 entries exported." });
});

it("keeps the error of work that failed", async () => {
  const error = new Error("no space");
  expect(await runActivity("Export", () => Promise.reject(error))).toBeUndefined();
  expect(newest()).toMatchObject({ state: "failed", error });
});

it("ends work that is cancelled", async () => {
  const running = runActivity(
    "Export",
    (_, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  newest()?.cancel();
  await running;
  expect(newest()?.state).toBe("cancelled");
});

it("stops what runs when somebody else logs in", async () => {
  const running = runActivity(
    "Export",
    (_, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  forgetActivities();
  await running;
  expect(useActivities.getState().activities).toEqual([]);
});
