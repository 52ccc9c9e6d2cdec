/** Where a tooltip goes: below its control where there is room, else above; inside the window in any case. */

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

const GAP = 6;
const EDGE = 8;

export function placeTooltip(
  owner: Box,
  own: Pick<Box, "width" | "height">,
  view: Pick<Box, "width" | "height">,
): { left: number; top: number } {
  const below = owner.top + owner.height + GAP;
  const top = below + own.height + EDGE <= view.height ? below : owner.top - GAP - own.height;
  const centred = owner.left + owner.width / 2 - own.width / 2;
  const left = Math.min(centred, view.width - own.width - EDGE);
  return { left: Math.max(EDGE, left), top: Math.max(EDGE, top) };
}
