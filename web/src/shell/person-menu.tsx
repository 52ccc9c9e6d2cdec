/** Who is signed in, and what concerns only this person. */
import { Keyboard, LogOut, MonitorX, Moon, UserRound } from "lucide-react";
import { lazy, Suspense, useState } from "react";

import { setAppearance, useAppearance } from "@/lib/appearance";
import { logOut, useUser } from "@/lib/session";
import { Avatar } from "@/ui/avatar";
import { cx } from "@/ui/cx";
import { Menu, type MenuItem } from "@/ui/menu";
import { toastProblem } from "@/ui/toast";

const LogOutEverywhere = lazy(() =>
  import("./log-out-everywhere").then((module) => ({ default: module.LogOutEverywhere })),
);

interface Props {
  isCollapsed?: boolean;
  onShortcuts: () => void;
}

export function PersonMenu({ isCollapsed = false, onShortcuts }: Props) {
  const user = useUser();
  const { items, dialog } = usePersonItems(onShortcuts);
  return (
    <>
      <Menu
        label={`${user.name}, your menu`}
        side="top"
        header={
          <>
            <bdi className="block truncate font-medium">{user.name}</bdi>
            <bdi className="block truncate text-dense text-muted">{user.email}</bdi>
          </>
        }
        trigger={
          <button
            type="button"
            aria-label={`${user.name}, your menu`}
            className={cx(
              "flex min-h-8 min-w-0 flex-1 items-center gap-2 rounded-control px-1 hover:bg-hover",
              isCollapsed && "flex-none",
            )}
          >
            <Avatar name={user.name} size={24} />
            {!isCollapsed && <bdi className="min-w-0 flex-1 truncate text-start">{user.name}</bdi>}
          </button>
        }
        items={items}
      />
      {dialog}
    </>
  );
}

/** The entries, and the dialog that one of them opens. */
export function usePersonItems(onShortcuts: () => void) {
  const theme = useAppearance((appearance) => appearance.theme);
  const [asks, setAsks] = useState(false);
  const isDark = theme === "dark";
  const items: MenuItem[] = [
    { label: "Profile", icon: UserRound, to: "/settings/profile" },
    {
      label: isDark ? "Light appearance" : "Dark appearance",
      icon: Moon,
      onSelect: () => setAppearance({ theme: isDark ? "light" : "dark" }),
    },
    { label: "Keyboard shortcuts", icon: Keyboard, hint: "?", onSelect: onShortcuts },
    "separator",
    { label: "Log out", icon: LogOut, onSelect: () => void logOut().catch(toastProblem) },
    { label: "Log out everywhere…", icon: MonitorX, onSelect: () => setAsks(true) },
  ];
  const dialog = asks && (
    <Suspense>
      <LogOutEverywhere onOpenChange={setAsks} />
    </Suspense>
  );
  return { items, dialog };
}
