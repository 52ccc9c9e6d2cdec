/** Canned replies behind `/`: filled in by the server, which knows what stands for what. */
import { api, call } from "@/lib/api";
import { toastProblem } from "@/ui/toast";

import { matching, replaceSlash, slashAt } from "./canned-rules";
import type { Conversation } from "./filter";
import { useCannedReplies } from "./queries";
import type { Offer } from "./text-area";

export function useCannedOffer({ id, platform }: Conversation): (text: string, caret: number) => Offer | undefined {
  const { data: replies } = useCannedReplies(platform, true);
  return (text, caret) => {
    const slash = slashAt(text, caret);
    if (!slash || !replies) return undefined;
    return {
      title: "Canned replies",
      items: matching(replies, slash.query).map(({ id: reply, shortcut, title, body }) => ({
        id: reply,
        label: `/${shortcut}`,
        hint: title || body,
      })),
      take: async (item) => {
        try {
          const params = { path: { id: item.id } };
          const filled = await call(api.POST("/canned-replies/{id}/expand", { params, body: { conversation_id: id } }));
          return replaceSlash(text, slash, filled.text);
        } catch (error) {
          toastProblem(error);
          return undefined;
        }
      },
    };
  };
}
