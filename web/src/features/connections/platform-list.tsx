/** The platforms whose accounts can be connected, and what is needed for each. */
import { KeyRound, Plug } from "lucide-react";

import { Button } from "@/ui/button";
import { Section } from "@/ui/page";
import { PlatformMark } from "@/ui/platform-mark";
import { ErrorState } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";

import { readinessOf, whatComes } from "./platform-words";
import { usePlatforms, type Platform } from "./queries";

interface Actions {
  onConnect: (platform: string) => void;
  onApp: (platform: string) => void;
}

/** Without actions for whoever may only look. */
export function PlatformSection({ actions }: { actions: Actions | undefined }) {
  return (
    <Section title="Platforms" description="What can be connected here, and what is needed for it.">
      <Platforms actions={actions} />
    </Section>
  );
}

function Platforms({ actions }: { actions: Actions | undefined }) {
  const { data: platforms, error, refetch } = usePlatforms();
  if (!platforms) {
    if (error) return <ErrorState error={error} onRetry={() => void refetch()} className="py-4" />;
    return (
      <Delayed>
        <SkeletonText lines={5} />
      </Delayed>
    );
  }
  return (
    <ul aria-label="Platforms" className="divide-y divide-border rounded-card border border-border">
      {platforms.map((platform) => (
        <Row key={platform.platform} platform={platform} actions={actions} />
      ))}
    </ul>
  );
}

function Row({ platform, actions }: { platform: Platform; actions: Actions | undefined }) {
  const { platform: name, title, has_login: hasLogin, own_app: own } = platform;
  const { isReady, text } = readinessOf(platform);
  return (
    <li aria-label={title} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <PlatformMark platform={name} />
      <div className="min-w-0 flex-1 basis-64">
        <h3 className="font-medium">{title}</h3>
        <p>{whatComes(name)}</p>
        <p className="text-dense text-muted">{text}</p>
      </div>
      {actions && (
        <div className="flex flex-wrap items-center gap-2">
          {hasLogin && (
            <Button size="sm" icon={KeyRound} aria-label={`Own app for ${title}`} onClick={() => actions.onApp(name)}>
              {own ? "Own app…" : "Set own app…"}
            </Button>
          )}
          {isReady && (
            <Button size="sm" icon={Plug} aria-label={`Connect ${title}`} onClick={() => actions.onConnect(name)}>
              Connect…
            </Button>
          )}
        </div>
      )}
    </li>
  );
}
