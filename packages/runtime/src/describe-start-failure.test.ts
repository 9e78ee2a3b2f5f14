import { expect, test } from "vitest";
import { describeStartFailure } from "./describe-start-failure.ts";

const CONFIG = {
  listen: {
    http: { host: "0.0.0.0", port: 80 },
    https: { host: "edge.internal", port: 443 },
    admin: { host: "::1", port: 9090 },
    reusePort: false,
  },
};

function failure(fields: object): Error {
  return Object.assign(new Error("listen failed"), { syscall: "listen" }, fields);
}

test.each([
  [
    { code: "EADDRINUSE", address: "0.0.0.0", port: 80 },
    "cannot listen on 0.0.0.0:80 (listen.http): another program",
  ],
  [{ code: "EACCES", address: "0.0.0.0", port: 80 }, "set listen.http.port above 1023"],
  [
    { code: "EADDRNOTAVAIL", address: "::1", port: 9090 },
    "cannot listen on [::1]:9090 (listen.admin): this machine",
  ],
  [{ code: "ENOTFOUND", syscall: "getaddrinfo", hostname: "edge.internal" }, "set listen.https.host"],
  [{ code: "EADDRINUSE", address: "10.0.0.5", port: 443 }, "cannot listen on 10.0.0.5:443 (listen.https)"],
  [{ code: "ERR_OSSL_X509_KEY_VALUES_MISMATCH" }, "a certificate or its key cannot be used"],
])("%j is said in one line", (fields, said) => {
  const line = describeStartFailure(failure(fields), CONFIG);
  expect(line).toContain(said);
  expect(line).not.toContain("\n");
});

test("what is not expected is not explained", () => {
  expect(describeStartFailure(new TypeError("a bug"), CONFIG)).toBeNull();
  expect(describeStartFailure(failure({ code: "EADDRINUSE", address: "x", port: 1 }), CONFIG)).toBeNull();
  expect(describeStartFailure(failure({ code: "EADDRINUSE", address: "x", port: 1 }), {})).toBeNull();
  expect(describeStartFailure("text", CONFIG)).toBeNull();
});
