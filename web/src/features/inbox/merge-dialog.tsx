/** Saying that two contacts are one person. It can be undone, so it is not asked twice. */
import { Merge } from "lucide-react";
import { useState } from "react";

import { idempotencyKeys } from "@/lib/idempotency";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { SearchField } from "@/ui/field-text";
import { Bdi } from "@/ui/name";
import { ProblemAlert } from "@/ui/problem";
import { toast } from "@/ui/toast";

import { merge, part } from "./contact-requests";
import { useContactSearch, type Contact } from "./queries";

interface Props {
  contact: Contact;
  name: string;
  onClose: () => void;
}

export function MergeDialog({ contact, name, onClose }: Props) {
  const [q, setQ] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const [running, setRunning] = useState<string>();
  const [keyOf] = useState(idempotencyKeys);
  const { data, error, isFetching } = useContactSearch(q.trim());
  const found = (data ?? []).filter(({ id }) => id !== contact.id);
  const run = async (other: Contact) => {
    setRunning(other.id);
    setFailure(undefined);
    try {
      const { id } = await merge(contact.id, other.id, keyOf(other.id));
      toast({ title: "The two contacts are one", tone: "ok", undo: () => part(id) });
      onClose();
    } catch (refusal) {
      setFailure(refusal);
      setRunning(undefined);
    }
  };
  return (
    <Dialog
      open
      size="sm"
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={`${name} is also…`}
      description="The other contact becomes a part of this one, with all that was said. It can be undone."
    >
      <SearchField label="Find the other contact" placeholder="Name, e-mail or telephone" value={q} onChange={setQ} />
      {failure !== undefined && <ProblemAlert error={failure} />}
      {error && <ProblemAlert error={error} />}
      <ul aria-label="Contacts" className="flex flex-col gap-1">
        {found.map((other) => (
          <li key={other.id} className="flex items-center gap-2">
            <span className="min-w-0 flex-1">
              <Bdi className="block truncate">{other.name || "No name"}</Bdi>
              <Bdi className="block truncate text-dense text-muted">
                {[other.company, other.email].filter(Boolean).join(" · ")}
              </Bdi>
            </span>
            <Button
              size="sm"
              icon={Merge}
              aria-label={`Make ${other.name || "this contact"} a part of it`}
              loading={running === other.id}
              onClick={() => void run(other)}
            >
              The same
            </Button>
          </li>
        ))}
      </ul>
      <p role="status" className="text-muted empty:hidden">
        {q.trim().length > 1 && !isFetching && found.length === 0 && "Nobody is found by that."}
      </p>
    </Dialog>
  );
}
