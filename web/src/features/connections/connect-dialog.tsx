/** Connecting an account: where, what it will be allowed to do, and off to the platform. Web chat is made at once. */
import { KeyRound, LogIn } from "lucide-react";
import { useState } from "react";

import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { RadioField } from "@/ui/field-choice";
import { FormActions } from "@/ui/form-actions";
import { ErrorState, OfflineNote } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { useOnline } from "@/lib/connection";

import { guideOf, readinessOf, whatComes } from "./platform-words";
import { usePlatforms, type Platform, type WidgetMade } from "./queries";
import { explained } from "./scopes";
import { useLogIn } from "./use-log-in";
import { WidgetStart } from "./widget-start";

interface Props {
  /** The platform that was chosen already. */
  chosen: string;
  onChoose: (platform: string) => void;
  onApp: (platform: string) => void;
  onMade: (made: WidgetMade) => void;
  onClose: () => void;
}

export function ConnectDialog(props: Props) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title="Connect an account"
      description="Messages that people write to it arrive in the inbox, and are answered from there."
    >
      <Content {...props} />
    </Dialog>
  );
}

function Content({ chosen, onChoose, onApp, onMade, onClose }: Props) {
  const { data: platforms, error, refetch } = usePlatforms();
  if (!platforms) {
    if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
    return (
      <Delayed>
        <SkeletonText lines={6} />
      </Delayed>
    );
  }
  const options = platforms.map(({ platform, title }) => ({
    value: platform,
    label: title,
    description: whatComes(platform),
  }));
  const platform = platforms.find((one) => one.platform === chosen);
  return (
    <>
      <RadioField label="Where?" options={options} value={chosen} onChange={onChoose} />
      {platform?.platform === "web_chat" ? (
        <WidgetStart onMade={onMade} onClose={onClose} />
      ) : platform && readinessOf(platform).isReady ? (
        <Agreement key={platform.platform} platform={platform} onClose={onClose} />
      ) : (
        <NotYet platform={platform} onApp={onApp} onClose={onClose} />
      )}
    </>
  );
}

/** Nothing is chosen, or what is chosen lacks something. */
function NotYet({ platform, onApp, onClose }: { platform: Platform | undefined } & Pick<Props, "onApp" | "onClose">) {
  return (
    <>
      {platform && <p role="status">{readinessOf(platform).text}</p>}
      <FormActions>
        <Button onClick={onClose}>Cancel</Button>
        {platform?.has_login && (
          <Button variant="primary" icon={KeyRound} onClick={() => onApp(platform.platform)}>
            Set own app…
          </Button>
        )}
      </FormActions>
    </>
  );
}

const APPS = [
  { value: "own", label: "Your own app", description: "The limits and the review at the platform are yours alone." },
  { value: "operator", label: "The operator's app", description: "Shared with other workspaces of this installation." },
];

/** What the platform will ask for, and why; the way there is one press. */
function Agreement({ platform, onClose }: { platform: Platform; onClose: () => void }) {
  const { platform: name, title, scopes, own_app: own, has_operator_app: hasOperators } = platform;
  const [app, setApp] = useState(own ? "own" : "operator");
  const logIn = useLogIn(name, app === "own");
  const online = useOnline();
  return (
    <>
      {own && hasOperators && <RadioField label="Through which app?" options={APPS} value={app} onChange={setApp} />}
      <section aria-label={`What ${title} will ask for`} className="flex flex-col gap-2">
        <p className="font-medium">{title} will ask whether this program may:</p>
        <ul className="list-disc ps-5">
          {explained(scopes).map(({ name: scope, why }) => (
            <li key={scope}>
              {why} <span className="font-mono text-dense wrap-anywhere text-muted">{scope}</span>
            </li>
          ))}
        </ul>
        <p className="text-muted">
          You log in at {title}, in this tab, and come back here to choose accounts. Your password stays there; what
          comes back is kept encrypted. The guide {guideOf(name)} shows each step.
        </p>
      </section>
      {!online && <OfflineNote />}
      <FormActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="primary" icon={LogIn} loading={logIn.isRunning} disabled={!online} onClick={logIn.run}>
          Go on to {title}
        </Button>
      </FormActions>
    </>
  );
}
