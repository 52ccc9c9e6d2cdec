/** The pages of Settings: first one's own, then the workspace's. */
import {
  BellRing,
  Building2,
  KeyRound,
  LaptopMinimal,
  LockKeyhole,
  LogIn,
  MessageSquareText,
  Palette,
  ScrollText,
  ShieldCheck,
  UserRound,
  Users,
  Webhook,
} from "lucide-react";

import type { SectionGroup } from "@/shell/sections";

export const settingsSections: SectionGroup[] = [
  {
    title: "You",
    items: [
      { to: "/settings/profile", label: "Profile", icon: UserRound },
      { to: "/settings/security", label: "Password and factors", icon: LockKeyhole },
      { to: "/settings/sessions", label: "Sessions", icon: LaptopMinimal },
      { to: "/settings/appearance", label: "Appearance", icon: Palette },
    ],
  },
  {
    title: "Workspace",
    items: [
      {
        to: "/settings/workspace",
        label: "General",
        icon: Building2,
        needs: "settings:read",
        keywords: "name answers due first response target sla",
      },
      { to: "/settings/users", label: "People", icon: Users, needs: "users:read", keys: "g u" },
      {
        to: "/settings/canned-replies",
        label: "Canned replies",
        icon: MessageSquareText,
        needs: "conversations:read",
        keywords: "templates answers snippets",
      },
      { to: "/settings/api-keys", label: "API keys", icon: KeyRound, needs: "api_keys:read", keys: "g k" },
      { to: "/settings/webhooks", label: "Webhooks", icon: Webhook, needs: "webhooks:read", keys: "g w" },
      {
        to: "/settings/alerts",
        label: "Alerting",
        icon: BellRing,
        needs: "alerts:read",
        keys: "g t",
        keywords: "alert rules targets pagerduty slack",
      },
      { to: "/settings/sso", label: "Single sign-on", icon: LogIn, needs: "sso:read" },
      { to: "/settings/policy", label: "Security policy", icon: ShieldCheck, needs: "settings:read" },
      { to: "/settings/audit-log", label: "Audit log", icon: ScrollText, needs: "audit:read", keys: "g a" },
    ],
  },
];
