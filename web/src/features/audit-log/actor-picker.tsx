/** Finds a person among however many there are: the server searches, the list shows the first few. */
import { useDeferredValue, useState } from "react";

import { Avatar } from "@/ui/avatar";
import { SearchField } from "@/ui/field";
import { PersonName } from "@/ui/name";
import { ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";

import { usePeople } from "./queries";

export function ActorPicker({ onPick }: { onPick: (id: string) => void }) {
  const [search, setSearch] = useState("");
  const { data, error, isPending, refetch } = usePeople(useDeferredValue(search.trim()));
  return (
    <>
      <SearchField
        label="Search people"
        placeholder="Name or whole e-mail address"
        value={search}
        onChange={setSearch}
      />
      {isPending && (
        <Delayed>
          <SkeletonText lines={4} />
        </Delayed>
      )}
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {data?.items.length === 0 && <p className="text-muted">Nobody is called that.</p>}
      <ul aria-label="People" className="-mx-2 flex max-h-72 flex-col overflow-y-auto">
        {data?.items.map(({ id, name, email }) => (
          <li key={id}>
            <button
              type="button"
              onClick={() => onPick(id)}
              className="flex w-full items-center gap-2.5 rounded-control px-2 py-1.5 text-start hover:bg-hover"
            >
              <Avatar name={name} size={28} />
              <PersonName name={name} email={email} />
            </button>
          </li>
        ))}
      </ul>
      {data?.next && <p className="text-dense text-muted">There are more. Type to find them.</p>}
    </>
  );
}
