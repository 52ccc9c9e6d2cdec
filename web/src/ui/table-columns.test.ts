import { expect, it } from "vitest";
import { gridOf, type Column } from "./table-columns";

const column = (id: string, width?: number | "1fr"): Column<string> => ({ id, header: id, cell: () => id, width });

it("columns without a width share what is left", () => {
  expect(gridOf([column("a"), column("b", 100)], false)).toEqual({ template: "minmax(128px, 1fr) 100px", least: 228 });
});

it("a table of fixed columns only leaves no hole at its right", () => {
  expect(gridOf([column("a", 80), column("b", 100)], true)).toEqual({
    template: "minmax(80px, 1fr) 100px 44px",
    least: 224,
  });
});
