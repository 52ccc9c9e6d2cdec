/** Which workspace this is, and the way to the others. */
import { Check, ChevronsUpDown } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";

import { switchTenant, useSession, useTenant } from "@/lib/session";
import { Avatar } from "@/ui/avatar";
import { cx } from "@/ui/cx";
import { Menu } from "@/ui/menu";
import { toastProblem } from "@/ui/toast";

export function TenantMenu({ isCollapsed = false }: { isCollapsed?: boolean }) {
  const tenant = useTenant();
  const tenants = useSession((session) => session.facts?.tenants) ?? [];
  const { goTo, isSwitching } = useSwitch();
  const mark = <Avatar name={tenant.name} size={24} />;
  if (tenants.length < 2) {
    return (
      <div
        className={cx("flex min-h-8 min-w-0 flex-1 items-center gap-2 px-1", isCollapsed && "px-0")}
        title={tenant.name}
      >
        {mark}
        {isCollapsed ? (
          <span className="sr-only">{tenant.name}</span>
        ) : (
          <bdi className="truncate font-semibold">{tenant.name}</bdi>
        )}
      </div>
    );
  }
  return (
    <Menu
      label="Workspaces"
      trigger={
        <button
          type="button"
          aria-label={`Workspace ${tenant.name}`}
          aria-busy={isSwitching}
          className={cx(
            "flex min-h-8 min-w-0 flex-1 items-center gap-2 rounded-control px-1 hover:bg-hover",
            isCollapsed && "flex-none",
          )}
        >
          {mark}
          {!isCollapsed && (
            <>
              <bdi className="min-w-0 flex-1 truncate text-start font-semibold">{tenant.name}</bdi>
              <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-muted" />
            </>
          )}
        </button>
      }
      items={[
        { heading: "Workspaces" },
        ...tenants.map(({ id, name, slug }) => ({
          label: name,
          ...(id === tenant.id ? { icon: Check, hint: "here" } : { onSelect: () => void goTo(slug) }),
        })),
      ]}
    />
  );
}

export function useSwitch() {
  const navigate = useNavigate();
  const [isSwitching, setIsSwitching] = useState(false);
  const goTo = async (slug: string) => {
    setIsSwitching(true);
    try {
      await switchTenant(slug);
      await navigate("/");
    } catch (error) {
      toastProblem(error);
    } finally {
      setIsSwitching(false);
    }
  };
  return { goTo, isSwitching };
}
