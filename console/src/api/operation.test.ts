import { expect, test } from "vitest";
import { ApiError } from "./operation";

test("whatever the server answers, there is something to do", () => {
  for (const status of [0, 400, 403, 404, 409, 413, 429, 500, 503]) {
    expect(new ApiError("It failed", "Failed", status).nextStep, String(status)).not.toBe("");
  }
});
