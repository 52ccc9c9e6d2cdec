/** A code for a camera; dark on white in both themes, because many cameras read nothing else. */
import { QRCodeSVG } from "qrcode.react";
import { cx } from "./cx";

interface QrCodeProps {
  value: string;
  label: string;
  className?: string | undefined;
}

export function QrCode({ value, label, className }: QrCodeProps) {
  return (
    <span className={cx("block w-fit rounded-card border border-border bg-[#fff] p-3", className)}>
      <QRCodeSVG value={value} size={168} bgColor="#ffffff" fgColor="#000000" role="img" aria-label={label} />
    </span>
  );
}
