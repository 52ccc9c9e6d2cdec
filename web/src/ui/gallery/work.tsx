/** Progress, background work, first steps, tabs. */
import { useState } from "react";
import { runActivity } from "@/lib/activity";
import { Unreachable } from "@/lib/problems";
import { ActivityMenu } from "../activity-menu";
import { Button } from "../button";
import { Card } from "../page";
import { Progress } from "../progress";
import { Checklist } from "../steps";
import { LinkTabs, TabPanel, Tabs } from "../tabs";

export function Work() {
  return (
    <>
      <Card title="Progress">
        <Progress label="Audit log" value={120} max={1000} detail="120 of 1,000 entries" />
        <Progress label="Upload" value={0.5} />
        <Progress label="Import" />
        <Progress label="Done" value={1} />
      </Card>
      <Background />
      <Steps />
      <Views />
    </>
  );
}

function Background() {
  const [release, setRelease] = useState<() => void>();
  const start = () =>
    void runActivity("Export of the audit log", async (report) => {
      report("1,200 of 5,000 entries", 0.24);
      await new Promise<void>((resolve) => setRelease(() => resolve));
      return { done: "5,000 entries.", download: { name: "audit.csv", blob: new Blob(["id\n"]) } };
    });
  return (
    <Card title="Background work" actions={<ActivityMenu />}>
      <div className="flex flex-wrap gap-2">
        <Button onClick={start}>Start</Button>
        <Button onClick={() => release?.()}>Finish</Button>
        <Button onClick={() => void runActivity("Import", () => Promise.reject(new Unreachable()))}>Fail</Button>
      </div>
    </Card>
  );
}

function Steps() {
  const [done, setDone] = useState(false);
  return (
    <Card title="Checklist">
      <Checklist
        items={[
          { id: "login", title: "Log in", text: "You are here.", done: true },
          {
            id: "mfa",
            title: "Protect your account",
            text: "Add a second factor.",
            done,
            action: <Button onClick={() => setDone(true)}>Add one</Button>,
          },
          { id: "invite", title: "Invite a colleague", text: "Nobody works alone.", done: false },
        ]}
      />
    </Card>
  );
}

function Views() {
  const [view, setView] = useState("all");
  return (
    <Card title="Tabs">
      <Tabs
        label="Views"
        value={view}
        onChange={setView}
        tabs={[
          { value: "all", label: "All", count: 10_000 },
          { value: "mine", label: "Mine", count: 0 },
          { value: "archived", label: "Archived" },
        ]}
      />
      <TabPanel of="Views" value={view}>
        This is {view}.
      </TabPanel>
      <LinkTabs
        label="Settings"
        tabs={[
          { to: "/gallery.html", label: "Here" },
          { to: "/elsewhere", label: "Elsewhere", count: 3 },
        ]}
      />
    </Card>
  );
}
