/** How a widget gets onto a website. */
import { CodeBlock } from "@/ui/code";
import { TextLink } from "@/ui/text-link";

import type { Widget } from "./queries";

export function Install({ widget: { script, page } }: { widget: Pick<Widget, "script" | "page"> }) {
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <CodeBlock text={script} label="Line for the website" copy wrap />
      <p className="text-muted">
        Anywhere in the page, or through a tag manager; twice does no harm.{" "}
        <TextLink href={page}>Try the chat on a page of its own</TextLink>: what you write there arrives in the inbox.
      </p>
    </div>
  );
}
