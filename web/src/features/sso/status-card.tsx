/** Whether it is on, whether it works, and what the provider has to know of us. */
import { CircleCheck, CirclePause, FlaskConical, LogIn, OctagonAlert, Plug } from "lucide-react";
import { useState } from "react";

import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Copyable } from "@/ui/code";
import { cx } from "@/ui/cx";
import { Card, DetailList } from "@/ui/page";
import { ProblemAlert } from "@/ui/problem";
import { toast } from "@/ui/toast";

import { sentence } from "./form-values";
import { beginTestLogIn, saveConnection, testConnection, type Connection } from "./queries";
import { visit } from "./test-ticket";

interface StatusCardProps {
  connection: Connection | null;
  mayChange: boolean;
}

export function StatusCard({ connection, mayChange }: StatusCardProps) {
  if (!connection) {
    return (
      <Card
        title="Not set up yet"
        description="Make an application at your identity provider (OpenID Connect, a confidential web application), give it the address below, and enter here what it shows you."
      >
        <DetailList
          items={[{ term: "Redirect URI", detail: <Copyable text={presumedRedirect()} label="redirect URI" /> }]}
        />
      </Card>
    );
  }
  const { enabled } = connection.settings;
  return (
    <Card
      title={enabled ? "People can log in this way" : "Nobody can log in this way yet"}
      description={
        enabled
          ? "Passwords and passkeys go on working beside it."
          : "Test the settings first; then turn it on. Nothing changes for anybody until you do."
      }
      actions={
        <Badge tone={enabled ? "ok" : "neutral"} icon={enabled ? CircleCheck : CirclePause}>
          {enabled ? "On" : "Off"}
        </Badge>
      }
      footer={mayChange && <Switch connection={connection} />}
    >
      <DetailList
        items={[
          { term: "Redirect URI", detail: <Copyable text={connection.redirect_uri} label="redirect URI" /> },
          { term: "People start at", detail: <Copyable text={connection.start_url} label="start address" /> },
        ]}
      />
      {mayChange && <Tests key={connection.updated_at} />}
    </Card>
  );
}

/** Until the server says it: the address under which this page was opened is nearly always its own. */
const presumedRedirect = () => `${location.origin}/api/v1/auth/sso/callback`;

function Switch({ connection }: { connection: Connection }) {
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const { settings } = connection;
  const set = async (enabled: boolean) => {
    await saveConnection({ ...settings, enabled }, "");
  };
  const turn = async () => {
    setWorking(true);
    setFailure(undefined);
    try {
      await set(!settings.enabled);
      const title = settings.enabled ? "Single sign-on is off" : "Single sign-on is on";
      toast({ title, tone: "ok", undo: () => set(settings.enabled) });
    } catch (error) {
      setFailure(error);
    } finally {
      setWorking(false);
    }
  };
  return (
    <>
      {failure !== undefined && <ProblemAlert error={failure} className="w-full" />}
      <Button variant={settings.enabled ? "secondary" : "primary"} loading={working} onClick={() => void turn()}>
        {settings.enabled ? "Turn off" : "Turn on"}
      </Button>
    </>
  );
}

type Outcome = Awaited<ReturnType<typeof testConnection>>;

/** Of the stored settings; another version of them begins anew. */
function Tests() {
  const [outcome, setOutcome] = useState<Outcome>();
  const [failure, setFailure] = useState<unknown>();
  const [running, setRunning] = useState<"connection" | "log-in">();
  const run = async (kind: "connection" | "log-in", work: () => Promise<Outcome | undefined>) => {
    if (running) return;
    setRunning(kind);
    setOutcome(undefined);
    setFailure(undefined);
    try {
      setOutcome(await work());
    } catch (error) {
      setFailure(error);
    } finally {
      setRunning(undefined);
    }
  };
  const logIn = async () => {
    await visit(beginTestLogIn());
    return undefined;
  };
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap gap-2">
        <Button icon={Plug} loading={running === "connection"} onClick={() => void run("connection", testConnection)}>
          Test connection
        </Button>
        <Button icon={LogIn} loading={running === "log-in"} onClick={() => void run("log-in", logIn)}>
          Test log-in
        </Button>
      </div>
      <p className="flex items-start gap-1.5 text-dense text-muted">
        <FlaskConical size={14} aria-hidden className="mt-[3px] shrink-0" />
        The test log-in opens your provider in a new tab and shows what it says of you. Nobody is signed in or made a
        user, and your own session stays. Both tests use the saved settings.
      </p>
      <div role="status">
        {outcome && (
          <p
            className={cx(
              "flex items-start gap-2 rounded-card p-3",
              outcome.works ? "bg-ok-soft text-ok-text" : "bg-danger-soft text-danger-text",
            )}
          >
            {outcome.works ? (
              <CircleCheck size={16} aria-hidden className="mt-0.5 shrink-0" />
            ) : (
              <OctagonAlert size={16} aria-hidden className="mt-0.5 shrink-0" />
            )}
            <span className="min-w-0 wrap-anywhere">{sentence(outcome.message)}</span>
          </p>
        )}
      </div>
      {failure !== undefined && <ProblemAlert error={failure} />}
    </div>
  );
}
