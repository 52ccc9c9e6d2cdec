import assert from "node:assert/strict";
import { test } from "node:test";

import { createClient, dataOf, ProblemError } from "../src/index.js";

/** A client whose requests are answered by the given function instead of a server. */
function clientAnsweredBy(answer: (request: Request) => Response, credential?: () => string) {
  return createClient({
    origin: "http://hub.test",
    ...(credential && { credential, csrfToken: () => "csrf-1" }),
    fetch: async (request) => answer(request),
  });
}

test("answer of a call that went well is its data", async () => {
  const client = clientAnsweredBy(() => Response.json({ items: [] }));
  const page = await dataOf(client.GET("/users"));
  assert.deepEqual(page.items, []);
});

test("every request carries the credential and the CSRF token of that moment", async () => {
  const seen: (string | null)[] = [];
  let token = "first";
  const client = clientAnsweredBy(
    (request) => {
      seen.push(request.headers.get("authorization"), request.headers.get("x-csrf-token"));
      return Response.json({ items: [] });
    },
    () => token,
  );
  await client.GET("/users");
  token = "second";
  await client.GET("/users");
  assert.deepEqual(seen, ["Bearer first", "csrf-1", "Bearer second", "csrf-1"]);
});

test("refusal becomes an error with its code, sentence and fields", async () => {
  const problem = {
    type: "/docs/problems#invalid",
    title: "Some values are not acceptable",
    status: 422,
    code: "invalid",
    detail: "Some values are not acceptable",
    advice: "Correct the fields listed under `errors`.",
    request_id: "r-1",
    errors: [{ field: "email", message: "This is not an e-mail address." }],
  };
  const client = clientAnsweredBy(() => Response.json(problem, { status: 422 }));
  const failure = await dataOf(client.GET("/users")).then(
    () => assert.fail("the refusal was taken for data"),
    (error: unknown) => error,
  );
  assert.ok(failure instanceof ProblemError);
  assert.equal(failure.code, "invalid");
  assert.equal(failure.fieldMessage("email"), "This is not an e-mail address.");
  assert.equal(failure.fieldMessage("name"), undefined);
});

test("error page of a proxy becomes a problem, too", async () => {
  const page = () => new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "content-type": "text/html" } });
  await assert.rejects(dataOf(clientAnsweredBy(page).GET("/users")), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.equal(error.code, "no_problem_document");
    assert.equal(error.problem.status, 502);
    return true;
  });
});
