/** The rail, from top to bottom. A part of the product appears here when it can be used. */
import { BellRing, HeartPulse, Home, Inbox, MailWarning, Plug, Send, Settings } from "lucide-react";

import type { SectionGroup } from "@/shell/sections";

export const sections: SectionGroup[] = [
  { items: [{ to: "/", label: "Home", icon: Home, keys: "g h" }] },
  {
    title: "Work",
    items: [
      {
        to: "/inbox",
        label: "Inbox",
        icon: Inbox,
        needs: "conversations:read",
        keys: "g i",
        keywords: "conversations messages comments customers",
      },
    ],
  },
  {
    title: "Run",
    items: [
      {
        to: "/connections",
        label: "Connections",
        icon: Plug,
        needs: "channels:read",
        keys: "g c",
        keywords: "channels accounts facebook instagram x linkedin web chat widget",
      },
      {
        to: "/system",
        label: "System",
        icon: HeartPulse,
        needs: "system:read",
        keys: "g y",
        keywords: "health work queues workers",
        // Its tab; notifications lead there by a short address.
        also: "/alerts",
      },
      { to: "/settings", label: "Settings", icon: Settings, keys: "g s" },
    ],
  },
];

/** The pages about how the installation does, which the page "System" has as tabs. */
export const systemSections: SectionGroup[] = [
  {
    title: "System",
    items: [
      { to: "/alerts", label: "Alerts", icon: BellRing, needs: "alerts:read", keys: "g l" },
      { to: "/system/dead-letters", label: "Dead letters", icon: MailWarning, needs: "work:read", keys: "g d" },
      {
        to: "/system/effects",
        label: "Outside actions",
        icon: Send,
        needs: "work:read",
        keys: "g o",
        keywords: "acts effects ledger",
      },
    ],
  },
];
