/**
 * Something that a button opens, whose code is fetched when the button is about to be used. Pages have many such buttons,
 * and what they open is the heaviest part of the primitives: without this it would be in every first load and, opened or
 * not, in every row of a table.
 */
import { cloneElement, type ComponentType, type ReactElement, useEffect, useState } from "react";

interface Props {
  trigger: ReactElement<TriggerProps>;
}

interface TriggerProps {
  ref?: React.Ref<HTMLButtonElement>;
  onClick?: () => void;
  onFocus?: () => void;
  onPointerEnter?: () => void;
  "aria-haspopup"?: "menu" | "dialog";
  "aria-expanded"?: boolean;
}

export function onDemand<P extends Props>(kind: "menu" | "dialog", load: () => Promise<ComponentType<P>>) {
  let Loaded: ComponentType<P> | undefined;
  const fetch = async () => {
    Loaded = await load();
  };
  return function OnDemand(props: P) {
    const [isUsed, setIsUsed] = useState(false);
    if (isUsed && Loaded) return <Used Whole={Loaded} props={props} />;
    const open = () => void fetch().then(() => setIsUsed(true));
    return cloneElement(props.trigger, {
      onPointerEnter: () => void fetch(),
      onFocus: () => void fetch(),
      onClick: open,
      "aria-haspopup": kind,
      "aria-expanded": false,
    });
  };
}

/** The whole thing in place of its button, opened as the press that asked for it would have. */
function Used<P extends Props>({ Whole, props }: { Whole: ComponentType<P>; props: P }) {
  const [button, setButton] = useState<HTMLButtonElement | null>(null);
  useEffect(() => {
    button?.focus();
    button?.click();
  }, [button]);
  return <Whole {...props} trigger={cloneElement(props.trigger, { ref: setButton })} />;
}
