/** A new key, and a line to try it. */
import { serverNow } from "@/lib/clock";
import { formatDateTime } from "@/lib/format";
import { CodeBlock } from "@/ui/code";
import { SecretDialog as Frame } from "@/ui/secret-dialog";

import { useApiKeyOfId, type ApiKey, type Made } from "./queries";
import { exampleOf } from "./scopes";

interface Props {
  made: Made;
  /** The key in whose place it comes. */
  replaces?: ApiKey | undefined;
  onClose: () => void;
}

export function SecretDialog({ made, replaces, onClose }: Props) {
  const { name, scopes, prefix } = made.api_key;
  return (
    <Frame
      of="The key"
      name={name}
      description={replaces ? <Overlap replaced={replaces} /> : undefined}
      secret={made.secret}
      label="API key"
      file={`api-key-${prefix.slice(-8)}.txt`}
      noun="key"
      ifLost="without it, make another one."
      onClose={onClose}
    >
      <CodeBlock text={exampleOf(scopes, location.origin)} label="Try it, with the key in SOCIALAI_API_KEY" copy wrap />
    </Frame>
  );
}

function Overlap({ replaced }: { replaced: ApiKey }) {
  // It got its end when it was replaced.
  const { data } = useApiKeyOfId(replaced.id);
  const ends = data?.rotated_to ? data.expires_at : undefined;
  if (!ends || Date.parse(ends) <= serverNow().getTime()) return <>It takes the place of {replaced.prefix}.</>;
  return (
    <>
      The old key {replaced.prefix} works until {formatDateTime(ends)}. Change your programs over before.
    </>
  );
}
