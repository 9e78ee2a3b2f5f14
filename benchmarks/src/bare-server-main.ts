import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { AddressInfo, Server } from "node:net";
import { assertNever } from "@rockpool/base";
import type { BareServerOrder, BareServerReady } from "./child-messages.ts";

// The yardstick: all that node:http or node:http2 itself needs to read a body and to write these bytes, in the cheapest
// way it knows (headers as an array, the body as a latin1 string in the same write; of HTTP/2 the stream API).

process.once("message", (order: BareServerOrder) => {
  const server = createServer(order);
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo; // a TCP listener's address
    process.send?.({ kind: "listening", port } satisfies BareServerReady);
  });
});
process.on("disconnect", () => process.exit(0));

function createServer(order: BareServerOrder): Server {
  const { transport, certificate } = order;
  const options = { keepAliveTimeout: order.keepAliveTimeoutMs, noDelay: true };
  switch (transport) {
    case "http":
      return http.createServer(options, (request, response) => answerHttp1(request, response, order));
    case "https":
      return https.createServer({ ...options, ...certificate }, (request, response) =>
        answerHttp1(request, response, order),
      );
    case "h2c":
      return serveStreams(http2.createServer(), order);
    case "h2":
      return serveStreams(http2.createSecureServer({ ...certificate }), order);
    default:
      return assertNever(transport);
  }
}

function answerHttp1(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { headers, body }: BareServerOrder,
): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    Buffer.concat(chunks).toString("utf8");
    response.writeHead(200, [...headers]);
    response.end(body, "latin1");
  });
}

function serveStreams(server: http2.Http2Server | http2.Http2SecureServer, order: BareServerOrder): Server {
  server.on("stream", (stream: http2.ServerHttp2Stream) => answerHttp2(stream, order));
  return server;
}

function answerHttp2(stream: http2.ServerHttp2Stream, { headers, body }: BareServerOrder): void {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => {
    Buffer.concat(chunks).toString("utf8");
    stream.respond([":status", "200", ...headers]);
    stream.end(body, "latin1");
  });
}
