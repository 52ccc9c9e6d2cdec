import { describe, expect, it } from "vitest";

import { Lines } from "./export";

describe("lines of an export", () => {
  it("are counted when they are whole, wherever the stream is cut", async () => {
    const text = '{"seq":4,"action":"a"}\n{"seq":15,"action":"b"}\n';
    for (let cut = 0; cut <= text.length; cut += 1) {
      const lines = new Lines("jsonl");
      lines.take(text.slice(0, cut));
      lines.take(text.slice(cut));
      expect([lines.count, lines.lastSeq]).toEqual([2, 15]);
      expect(await lines.toBlob().text()).toBe(text);
    }
  });

  it("go on after the last whole one when the stream broke off", async () => {
    const lines = new Lines("csv");
    lines.take('seq,at\n"1","x"\n"2","hal');
    lines.dropRest();
    expect([lines.count, lines.lastSeq]).toEqual([1, 1]);
    lines.take('seq,at\n"2","half"\n"3","y"\n');
    expect([lines.count, lines.lastSeq]).toEqual([3, 3]);
    expect(await lines.toBlob().text()).toBe('seq,at\n"1","x"\n"2","half"\n"3","y"\n');
  });

  it("of an empty log are the names of the columns only", async () => {
    const lines = new Lines("csv");
    lines.take("seq,at\n");
    expect([lines.count, lines.lastSeq, await lines.toBlob().text()]).toEqual([0, 0, "seq,at\n"]);
  });
});
