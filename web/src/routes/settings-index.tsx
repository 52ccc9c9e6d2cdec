/** `/settings` itself: the list on a phone, the first page where both have room. */
import { Navigate } from "react-router";

import { useIsWide } from "@/shell/use-is-wide";

export function Component() {
  return useIsWide() ? <Navigate to="/settings/profile" replace /> : null;
}
