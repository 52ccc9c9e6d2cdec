/** Which files may go along, decided before anything is sent; the hub decides again. */
import type { Config } from "./protocol.ts";

export type FileProblem = "file_too_large" | "file_type";

export function fileProblem(
  file: Pick<File, "size" | "type" | "name">,
  rule: Config["attachments"],
): FileProblem | null {
  if (rule.max_bytes > 0 && file.size > rule.max_bytes) return "file_too_large";
  if (rule.types.length === 0) return null;
  const type = file.type.toLowerCase();
  const isAllowed = rule.types.some((allowed) => {
    const wanted = allowed.toLowerCase();
    if (wanted.startsWith(".")) return file.name.toLowerCase().endsWith(wanted);
    return wanted.endsWith("/*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
  });
  return isAllowed ? null : "file_type";
}

export function sizeInWords(bytes: number, language: string): string {
  const isLarge = bytes >= 1_000_000;
  const unit = isLarge ? "megabyte" : "kilobyte";
  const value = isLarge ? bytes / 1_000_000 : Math.max(1, bytes / 1000);
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}
