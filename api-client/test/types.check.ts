/**
 * What the compiler must refuse. Each `@ts-expect-error` is an assertion: when the line below it compiles, the check of
 * types fails.
 */
import type { ApiClient, Schemas } from "../src/index.js";
import { dataOf } from "../src/index.js";

export async function pathsParametersAndBodiesAreChecked(client: ApiClient) {
  const page = await dataOf(client.GET("/users", { params: { query: { limit: 10 } } }));
  const role: Schemas["Role"] | undefined = page.items[0]?.role;

  // @ts-expect-error there is no such path
  await client.GET("/nothing");
  // @ts-expect-error a path answers only its own methods
  await client.DELETE("/users");
  // @ts-expect-error a parameter has its type
  await client.GET("/users", { params: { query: { limit: "ten" } } });
  // @ts-expect-error a body has its required fields
  await client.POST("/invitations", { body: { email: "ann@acme.test" } });
  // @ts-expect-error a role is one of the five
  const unknown: Schemas["Role"] = "owner";

  return { role, unknown };
}
