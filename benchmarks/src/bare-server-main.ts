import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { BareServerOrder, BareServerReady } from "./child-messages.ts";

// The yardstick: all that node:http itself needs to read a body and to write these bytes, in the cheapest way it knows
// (headers as an array, the body as a latin1 string in the same write).

process.once("message", (order: BareServerOrder) => {
  const server = createServer(
    { keepAliveTimeout: order.keepAliveTimeoutMs, noDelay: true },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        Buffer.concat(chunks).toString("utf8");
        response.writeHead(200, [...order.headers]);
        response.end(order.body, "latin1");
      });
    },
  );
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo; // a TCP listener's address
    process.send?.({ kind: "listening", port } satisfies BareServerReady);
  });
});
process.on("disconnect", () => process.exit(0));
