/** The demo's people, one click each. */
import { ChevronRight, LoaderCircle } from "lucide-react";
import { useState } from "react";

import type { Schemas } from "@/lib/api";
import { roleName } from "@/lib/role-names";
import { Avatar } from "@/ui/avatar";
import { ProblemAlert } from "@/ui/problem";

import { logIn as send } from "./requests";
import type { LogInUnderWay } from "./use-log-in";

type DemoLogin = Schemas["DemoLogin"];

interface DemoLogInsProps {
  demo: DemoLogin[];
  logIn: LogInUnderWay;
  /** The password is not ours to know: it has to be typed. */
  onPick: (login: DemoLogin) => void;
}

export function DemoLogIns({ demo, logIn, onPick }: DemoLogInsProps) {
  const [busy, setBusy] = useState<DemoLogin>();
  const [failure, setFailure] = useState<unknown>();
  if (demo.length === 0) return null;

  const pick = async (login: DemoLogin) => {
    if (busy) return;
    const { email, tenant, password } = login;
    if (!password) return onPick(login);
    setBusy(login);
    setFailure(undefined);
    try {
      await logIn.attempt(() => send({ email, password, tenant }));
    } catch (error) {
      setFailure(error);
      onPick(login);
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <section aria-labelledby="demo" className="rounded-card border border-border bg-surface">
      <header className="px-5 pt-4 pb-2">
        <h2 id="demo" className="font-semibold">
          Look around in the demo
        </h2>
        <p className="text-dense text-muted">
          {demo.some(({ password }) => password)
            ? "One click logs you in as one of these people."
            : "Pick somebody, then type the password that was set for the demo."}
        </p>
      </header>
      {failure !== undefined && <ProblemAlert error={failure} className="mx-5 my-2" />}
      <ul className="divide-y divide-border border-t border-border">
        {demo.map((login) => (
          <li key={`${login.email} ${login.tenant}`}>
            <button
              type="button"
              aria-busy={busy === login}
              onClick={() => void pick(login)}
              className="flex w-full items-center gap-3 px-5 py-2.5 text-start -outline-offset-2 hover:bg-hover"
            >
              <Avatar name={login.email} />
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{roleName(login.role)}</span>
                <span className="block truncate text-dense text-muted">
                  {login.email} in {login.tenant}
                </span>
              </span>
              {busy === login ? (
                <LoaderCircle size={16} aria-hidden className="shrink-0 animate-spin text-muted" />
              ) : (
                <ChevronRight size={16} aria-hidden className="shrink-0 text-muted" />
              )}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
