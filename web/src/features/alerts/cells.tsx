/** Texts in a table that may be longer than their cell. */
import { Bdi } from "@/ui/name";

export function Cut({ text }: { text: string }) {
  return (
    <Bdi className="block truncate" title={text}>
      {text}
    </Bdi>
  );
}

export function TwoLines({ first, second }: { first: string; second: string | undefined }) {
  return (
    <span className="flex min-w-0 flex-col">
      <Cut text={first} />
      {second && (
        <span className="min-w-0 text-dense text-muted">
          <Cut text={second} />
        </span>
      )}
    </span>
  );
}
