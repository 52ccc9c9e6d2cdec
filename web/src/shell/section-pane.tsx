/** A list of pages beside the opened one. On a phone the list is a page of its own, and each page leads back to it. */
import { ChevronLeft, ChevronRight } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Link, NavLink } from "react-router";

import { cx } from "@/ui/cx";

import { type SectionGroup, useAllowed } from "./sections";

interface Props {
  title: string;
  to: string;
  groups: SectionGroup[];
  /** The list itself is what was asked for. */
  isList: boolean;
  children: ReactNode;
}

export function SectionPane({ title, to, groups, isList, children }: Props) {
  const allowed = useAllowed(groups);
  const Heading = isList ? "h1" : "h2";
  useEffect(() => {
    if (isList) document.title = `${title} · SocialAI Hub`;
  }, [isList, title]);
  return (
    <div className="flex h-full">
      <nav
        aria-label={title}
        className={cx(
          "w-full shrink-0 overflow-y-auto border-border bg-canvas p-3 md:block md:w-56 md:border-e",
          !isList && "hidden",
        )}
      >
        <Heading className="px-2 pt-1 pb-3 text-title font-semibold md:text-base">{title}</Heading>
        {allowed.map((group) => (
          <section key={group.title} aria-label={group.title} className="mb-4">
            <h2 className="px-2 pb-1 text-xs font-medium text-muted">{group.title}</h2>
            <ul>
              {group.items.map(({ to, label, icon: Icon }) => (
                <li key={to}>
                  <NavLink
                    to={to}
                    className={({ isActive }) =>
                      cx(
                        "flex min-h-11 items-center gap-2.5 rounded-control px-2 hover:bg-hover md:min-h-8",
                        isActive && "bg-selected font-medium text-accent-text",
                      )
                    }
                  >
                    <Icon aria-hidden className="size-4 shrink-0" />
                    <span className="flex-1 truncate">{label}</span>
                    <ChevronRight aria-hidden className="size-4 text-muted md:hidden rtl:rotate-180" />
                  </NavLink>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </nav>
      <div className={cx("min-w-0 flex-1 flex-col md:flex", isList ? "hidden" : "flex")}>
        <Link to={to} className="flex min-h-11 items-center gap-1 border-b border-border px-3 text-muted md:hidden">
          <ChevronLeft aria-hidden className="size-4 rtl:rotate-180" />
          {title}
        </Link>
        <div className="min-h-0 flex-1">{children}</div>
      </div>
    </div>
  );
}
