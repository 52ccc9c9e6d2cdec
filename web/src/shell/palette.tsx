/** Ctrl-K: go anywhere, do anything. */
import { BellRing, Building2, KeyRound, Keyboard, LogOut, Moon, Sun, SunMoon, UserPlus, Webhook } from "lucide-react";
import { useNavigate } from "react-router";

import { setAppearance } from "@/lib/appearance";
import { logOut, useCan, useSession, useTenant } from "@/lib/session";
import { type Command, PaletteDialog } from "@/ui/palette";
import { toastProblem } from "@/ui/toast";

import type { SectionItem } from "./sections";
import { useSwitch } from "./tenant-menu";

interface Props {
  /** Pages, by the heading they stand under. */
  places: Record<string, SectionItem[]>;
  onOpenChange: (open: boolean) => void;
  onShortcuts: () => void;
}

export function Palette({ places, onOpenChange, onShortcuts }: Props) {
  const navigate = useNavigate();
  const tenant = useTenant();
  const tenants = useSession((session) => session.facts?.tenants) ?? [];
  const { goTo } = useSwitch();
  const [mayInvite, mayMakeKeys] = [useCan("users:manage"), useCan("api_keys:manage")];
  const [mayAddWebhooks, mayAddTargets] = [useCan("webhooks:manage"), useCan("alerts:manage")];
  const go = (to: string) => () => void navigate(to);
  const commands: Command[] = [
    ...Object.entries(places).flatMap(([group, items]) =>
      items.map(({ to, label, icon, keys, keywords }) => ({
        id: to,
        group,
        label,
        icon,
        run: go(to),
        ...(keys && { shortcut: keys }),
        ...(keywords && { keywords }),
      })),
    ),
    ...(mayInvite
      ? [
          {
            id: "invite",
            group: "Do",
            label: "Invite people",
            icon: UserPlus,
            run: go("/settings/users/invitations?new=1"),
          },
        ]
      : []),
    ...(mayMakeKeys
      ? [{ id: "key", group: "Do", label: "Create an API key", icon: KeyRound, run: go("/settings/api-keys?new=1") }]
      : []),
    ...(mayAddWebhooks
      ? [{ id: "webhook", group: "Do", label: "Add a webhook", icon: Webhook, run: go("/settings/webhooks?new=1") }]
      : []),
    ...(mayAddTargets
      ? [
          {
            id: "alert target",
            group: "Do",
            label: "Add an alert target",
            icon: BellRing,
            run: go("/settings/alerts?new=1"),
          },
        ]
      : []),
    { id: "shortcuts", group: "Do", label: "Keyboard shortcuts", icon: Keyboard, shortcut: "?", run: onShortcuts },
    { id: "log-out", group: "Do", label: "Log out", icon: LogOut, run: () => void logOut().catch(toastProblem) },
    ...(["system", "light", "dark"] as const).map((theme) => ({
      id: `theme ${theme}`,
      group: "Appearance",
      label: theme === "system" ? "Follow the system" : theme === "light" ? "Light" : "Dark",
      keywords: "theme appearance mode",
      icon: theme === "system" ? SunMoon : theme === "light" ? Sun : Moon,
      run: () => setAppearance({ theme }),
    })),
    ...tenants
      .filter(({ id }) => id !== tenant.id)
      .map(({ id, name, slug }) => ({
        id,
        group: "Workspaces",
        label: `Switch to ${name}`,
        icon: Building2,
        run: () => void goTo(slug),
      })),
  ];
  return <PaletteDialog open onOpenChange={onOpenChange} commands={commands} />;
}
