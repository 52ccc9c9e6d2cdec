/** The rail, from top to bottom. A part of the product appears here when it can be used. */
import { HeartPulse, Home, Settings } from "lucide-react";

import type { SectionGroup } from "@/shell/sections";

export const sections: SectionGroup[] = [
  { items: [{ to: "/", label: "Home", icon: Home, keys: "g h" }] },
  {
    title: "Run",
    items: [
      { to: "/system", label: "System", icon: HeartPulse, needs: "system:read", keys: "g y" },
      { to: "/settings", label: "Settings", icon: Settings, keys: "g s" },
    ],
  },
];
