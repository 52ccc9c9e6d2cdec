/** An answer: counted as the channel counts, with what the channel forbids said before it is sent. */
import { CircleAlert, Copy, Hand, Send, Timer } from "lucide-react";
import { useEffect, useId } from "react";

import { copyText } from "@/lib/browser";
import { serverNow } from "@/lib/clock";
import { useOnline } from "@/lib/connection";
import { formatDateTime } from "@/lib/format";
import { useUser } from "@/lib/session";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Kbd } from "@/ui/kbd";
import { Bdi } from "@/ui/name";
import { OfflineNote, ProblemAlert } from "@/ui/problem";
import { toast } from "@/ui/toast";
import { Tooltip } from "@/ui/tooltip";

import { AttachButton, AttachedFiles, FilesNote, useDropped } from "./attached-files";
import { attach, takeAttached, useAttachedTo } from "./attaching";
import { holdsBack, takesNone } from "./attaching-rules";
import { useCannedOffer } from "./canned";
import type { BoxProps } from "./composer";
import { countText } from "./counting";
import { useDraft } from "./drafts";
import { send } from "./outbox";
import { standing, type Standing } from "./policy-rules";
import { useNames, usePolicy, type Policy } from "./queries";
import { TextArea } from "./text-area";
import { useClaim } from "./use-claim";
import { useRecently } from "./use-recently";
import { countdown } from "./waiting";
import { nameOf, platformName } from "./words";

const TYPING_MS = 5000;
/** Thinking about a word is writing, too. */
const WRITING_MS = 45_000;

export function ReplyBox({ conversation, field, onTyping, onLeave }: BoxProps) {
  const { id } = conversation;
  const me = useUser().id;
  const [text, setText] = useDraft(id, "reply");
  const policy = usePolicy(id);
  const claim = useClaim(conversation, useRecently(text, WRITING_MS));
  const offerAt = useCannedOffer(conversation);
  const isTyping = useRecently(text, TYPING_MS);
  useEffect(() => {
    onTyping(isTyping);
    return () => onTyping(false);
  }, [isTyping, onTyping]);
  const described = useId();
  const aboutFiles = useId();
  const rules = policy.data?.rules;
  const files = useAttachedTo(id);
  const now = policy.data && standing(policy.data, text);
  const isEmpty = !text.trim() && files.length === 0;
  const mayNot = now?.blocked ?? now?.wrong ?? (rules && holdsBack(files, rules));
  const mayAttach = rules !== undefined && !now?.isDraftOnly && !now?.blocked;
  const add = (chosen: File[]) => {
    if (!rules || !mayAttach) return;
    const none = takesNone(rules);
    if (none) toast({ title: none, tone: "warn" });
    else attach(id, chosen, rules);
  };
  const isOver = useDropped(add);
  const isHeld = claim.by !== undefined && !claim.hasTakenOver;
  const go = () => {
    if (isEmpty || mayNot || isHeld || now?.isDraftOnly) return;
    send({ conversation: id, text: text.trim(), files: takeAttached(id), takesOver: claim.hasTakenOver }, me);
    setText("");
  };
  if (policy.data && now?.blocked) return <Blocked reason={now.blocked} text={text} />;
  return (
    <>
      {claim.by !== undefined && (
        <Answering by={claim.by} hasTakenOver={claim.hasTakenOver} takeOver={claim.takeOver} />
      )}
      {policy.error && !policy.data && <ProblemAlert error={policy.error} onRetry={() => void policy.refetch()} />}
      <TextArea
        ref={field}
        label={`Answer to ${nameOf(conversation)}`}
        placeholder="Write an answer; / for canned replies"
        value={text}
        onChange={setText}
        describedBy={described}
        isInvalid={now?.count.isOver ?? false}
        offerAt={offerAt}
        onSend={go}
        onLeave={onLeave}
        onFiles={add}
      />
      {rules && <AttachedFiles files={files} rules={rules} />}
      {isOver && mayAttach && (
        <p role="status" className="rounded-card bg-info-soft px-3 py-1.5 text-info-text">
          {takesNone(rules) ?? "Let go to attach it to the answer."}
        </p>
      )}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <div id={described} className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 text-dense text-muted">
          {policy.data && now && <Facts policy={policy.data} now={now} />}
          {rules && mayAttach && <FilesNote id={aboutFiles} rules={rules} files={files} />}
          {conversation.status === "closed" && <span>Sending opens the conversation again.</span>}
          <Offline />
        </div>
        {rules && mayAttach && <AttachButton rules={rules} describedBy={aboutFiles} onFiles={add} />}
        {now?.isDraftOnly ? (
          <CopyOnly text={text} platform={conversation.platform} />
        ) : (
          <Tooltip text="Ctrl or ⌘ and Enter">
            <Button variant="primary" icon={Send} onClick={go} disabled={isEmpty || mayNot !== undefined || isHeld}>
              Send
              <Kbd className="pointer-coarse:hidden [&>span]:border-transparent [&>span]:bg-transparent [&>span]:text-on-accent">
                mod+Enter
              </Kbd>
            </Button>
          </Tooltip>
        )}
      </div>
    </>
  );
}

/** A colleague is at it; two answers to one turn are worse than none. */
function Answering({ by, hasTakenOver, takeOver }: { by: string; hasTakenOver: boolean; takeOver: () => void }) {
  const nameOfUser = useNames();
  return (
    <p role="status" className="flex flex-wrap items-center gap-2 rounded-card bg-info-soft px-3 py-1.5 text-info-text">
      <Hand size={16} aria-hidden className="shrink-0" />
      <span className="min-w-0 flex-1">
        <Bdi>{nameOfUser(by)}</Bdi> is answering.
      </span>
      {!hasTakenOver && (
        <Button size="sm" className="text-text" onClick={takeOver}>
          Take over
        </Button>
      )}
    </p>
  );
}

/** What was begun is not lost with the window. */
function Blocked({ reason, text }: { reason: string; text: string }) {
  return (
    <div className="flex flex-col gap-2">
      <p role="status" className="flex items-start gap-2 rounded-card bg-warn-soft px-3 py-2 text-warn-text">
        <CircleAlert size={16} aria-hidden className="mt-0.5 shrink-0" />
        {reason}
      </p>
      {text && (
        <p className="text-dense text-muted">
          Your draft is kept: <Bdi className="text-text">{text}</Bdi>
        </p>
      )}
    </div>
  );
}

function Facts({ policy: { rules, verdict }, now }: { policy: Policy; now: Standing }) {
  const left = countdown(verdict.window_closes_at, serverNow());
  return (
    <>
      <span
        className={cx("tabular-nums", now.count.isOver ? "text-danger-text" : now.count.isNear && "text-warn-text")}
      >
        {countText(now.count, rules.unit)}
      </span>
      {now.wrong && <span className="text-danger-text">{now.wrong}</span>}
      {left && verdict.window_closes_at && (
        <Tooltip text={`Until ${formatDateTime(verdict.window_closes_at)}`} focusable>
          <span className={cx("inline-flex items-center gap-1 rounded-sm", left.isSoon && "text-warn-text")}>
            <Timer size={14} aria-hidden className="shrink-0" />
            {left.text}
          </span>
        </Tooltip>
      )}
      {verdict.needs_human_agent_tag && <span>Only what is written by hand may be sent now.</span>}
    </>
  );
}

function Offline() {
  return useOnline() ? null : <OfflineNote />;
}

function CopyOnly({ text, platform }: { text: string; platform: Parameters<typeof platformName>[0] }) {
  const copy = async () => {
    const isCopied = await copyText(text.trim());
    toast(
      isCopied
        ? { title: `Copied. Paste it at ${platformName(platform)} and send it there.`, tone: "ok" }
        : { title: "The browser did not let us copy it: select the text and copy it yourself.", tone: "warn" },
    );
  };
  return (
    <>
      <span className="text-dense text-muted">{platformName(platform)} lets only people send this, by hand.</span>
      <Button variant="primary" icon={Copy} disabled={!text.trim()} onClick={() => void copy()}>
        Copy the text
      </Button>
    </>
  );
}
