/** An account for the tests of the rules. */
import type { Schemas } from "@/lib/api";

type Account = Schemas["ChannelAccount"];

export function account(changes: Partial<Account> = {}): Account {
  return {
    id: "chan_1",
    platform: "facebook",
    external_id: "1067",
    name: "Harbour & Sons",
    state: "healthy",
    state_since: "2026-11-01T00:00:00Z",
    uses_own_app: false,
    scopes: [],
    settings: {
      text_limit: null,
      ignores_comments: false,
      has_human_agent: false,
      poll_every_seconds: null,
      widget: null,
    },
    connected_by: "usr_1",
    connected_at: "2026-11-01T00:00:00Z",
    updated_at: "2026-11-01T00:00:00Z",
    ...changes,
  };
}
