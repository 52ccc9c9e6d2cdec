/** Canned replies: answers that are written once and used often. */
import { MessageSquareText, Plus, Trash2 } from "lucide-react";
import { useMemo, useRef } from "react";
import { useSearchParams } from "react-router";

import { withParams } from "@/lib/address";
import { idempotencyKeys } from "@/lib/idempotency";
import { platformTitle } from "@/lib/platforms";
import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Button } from "@/ui/button";
import { FilterChip } from "@/ui/filter-chip";
import { ListNews } from "@/ui/list-news";
import type { MenuItem } from "@/ui/menu";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { SearchParamField } from "@/ui/search-param-field";
import { DataTable, type Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";
import { toast, toastProblem } from "@/ui/toast";

import { addReply, removeReply, useReplies, type Reply } from "./queries";
import { NewReplyDialog, OpenedReplyDialog } from "./reply-dialog";
import { matching, PLATFORMS, platformIn, platformsOf } from "./values";

const TITLE = "Canned replies";

export function Component() {
  return useCan("conversations:read") ? (
    <CannedReplies />
  ) : (
    <Page title={TITLE}>
      <NoPermission what="see the canned replies" />
    </Page>
  );
}

const OPTIONS = PLATFORMS.map((platform) => ({ value: platform, label: platformTitle(platform) }));

function CannedReplies() {
  const mayWrite = useCan("conversations:write");
  const search = useRef<HTMLInputElement>(null);
  const [params, setParams] = useSearchParams();
  const platform = platformIn(params);
  const opened = params.get("reply");
  const add = () => setParams((before) => withParams(before, { new: "1", reply: undefined }));
  const close = () =>
    setParams((before) => withParams(before, { new: undefined, reply: undefined }), { replace: true });
  const setPlatform = (value: string | undefined) => setParams((before) => withParams(before, { platform: value }));
  useShortcuts(TITLE, [
    { keys: "/", does: "Search canned replies", run: () => search.current?.focus() },
    ...(mayWrite ? [{ keys: "n", does: "Write a canned reply", run: add }] : []),
  ]);
  return (
    <Page
      title={TITLE}
      actions={
        mayWrite && (
          <Button variant="primary" icon={Plus} onClick={add}>
            Write a canned reply
          </Button>
        )
      }
      filters={
        <>
          <SearchParamField ref={search} param="q" label="Search canned replies" className="w-full md:w-64" />
          <FilterChip
            label="Platform"
            value={platform}
            options={OPTIONS}
            onChange={setPlatform}
            onClear={() => setPlatform(undefined)}
          />
        </>
      }
    >
      <List onAdd={mayWrite ? add : undefined} />
      {mayWrite && params.has("new") && <NewReplyDialog onClose={close} />}
      {opened !== null && <OpenedReplyDialog id={opened} mayWrite={mayWrite} onClose={close} />}
    </Page>
  );
}

function List({ onAdd }: { onAdd: (() => void) | undefined }) {
  const [params, setParams] = useSearchParams();
  const platform = platformIn(params);
  const search = params.get("q") ?? "";
  const list = useReplies(platform);
  const { rows, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = list;
  const hrefOf = ({ id }: Reply) => `?${withParams(params, { reply: id }).toString()}`;
  const shown = useMemo(() => matching(rows, search), [rows, search]);
  if (error && rows.length === 0) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!isPending && rows.length === 0 && !platform) return <NoReplies onAdd={onAdd} />;
  return (
    <>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <ListNews list={list} />
      {!isPending && shown.length === 0 && !hasNextPage ? (
        <EmptyState
          icon={MessageSquareText}
          title="No canned reply matches"
          text="There are some for other words or platforms."
          action={
            <Button onClick={() => setParams((before) => withParams(before, { q: undefined, platform: undefined }))}>
              Show all
            </Button>
          }
        />
      ) : (
        <DataTable
          label={TITLE}
          rows={shown}
          columns={COLUMNS}
          rowKey={({ id }) => id}
          rowHref={hrefOf}
          loading={isPending}
          hasNextPage={hasNextPage}
          isFetchingNextPage={isFetchingNextPage}
          fetchNextPage={fetchNextPage}
          storageKey="canned-replies"
          cards={replyCard}
          rowMenu={onAdd && ((reply) => menuOf(reply, hrefOf(reply)))}
        />
      )}
    </>
  );
}

const COLUMNS: Column<Reply>[] = [
  { id: "shortcut", header: "Shortcut", width: 176, cell: ({ shortcut }) => <Cut text={`/${shortcut}`} /> },
  { id: "title", header: "Title", cell: ({ title }) => <Cut text={title} /> },
  { id: "body", header: "Text", optional: true, cell: ({ body }) => <Cut text={body} /> },
  {
    id: "platforms",
    header: "Platforms",
    width: 160,
    optional: true,
    cell: ({ platforms }) => <Cut text={platformsOf(platforms)} />,
  },
  {
    id: "updated",
    header: "Changed",
    width: 128,
    optional: true,
    cell: ({ updated_at: at }) => <RelativeTime at={at} />,
  },
];

function Cut({ text }: { text: string }) {
  return (
    <bdi className="block truncate" title={text}>
      {text}
    </bdi>
  );
}

const replyCard = (reply: Reply) => (
  <span className="flex min-w-0 flex-col gap-1">
    <span className="truncate font-medium">
      <bdi>/{reply.shortcut}</bdi> · <bdi>{reply.title}</bdi>
    </span>
    <span className="line-clamp-2 text-dense wrap-anywhere text-muted" dir="auto">
      {reply.body}
    </span>
    <span className="text-dense text-muted">{platformsOf(reply.platforms)}</span>
  </span>
);

const menuOf = (reply: Reply, href: string): MenuItem[] => [
  { label: "Change…", to: href },
  "separator",
  { label: "Remove", icon: Trash2, danger: true, onSelect: () => void remove(reply) },
];

/** Gone at once; taken back, it is written anew with the same words. */
async function remove({ id, shortcut, title, body, platforms }: Reply): Promise<void> {
  const keyOf = idempotencyKeys();
  const content = { shortcut, title, body, platforms };
  try {
    await removeReply(id);
  } catch (error) {
    return toastProblem(error);
  }
  const undo = async () => void (await addReply(content, keyOf(content)));
  return toast({ title: `/${shortcut} is removed`, tone: "ok", undo });
}

function NoReplies({ onAdd }: { onAdd: (() => void) | undefined }) {
  return (
    <EmptyState
      icon={MessageSquareText}
      title="Nothing is canned yet"
      text="Write an answer once that is given often. Whoever answers types / and a few letters of it; names are filled in."
      action={
        onAdd ? (
          <Button icon={Plus} onClick={onAdd}>
            Write the first canned reply
          </Button>
        ) : (
          <p className="text-muted">Your role may use canned replies; others write them.</p>
        )
      }
      guide={{ to: "/connections", label: "Where answers are sent to" }}
    />
  );
}
