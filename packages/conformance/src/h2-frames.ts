/** Types of HTTP/2 frames (RFC 9113, 6) that attacks are made of. */
export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames; what a bit means depends on the type. */
export const FLAG = { endStream: 1, endHeaders: 4 } as const;

/** What a client sends first, with empty settings. */
export const PREFACE = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(FRAME.settings, 0, 0),
]);

/** One frame. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A four-byte number, as many payloads begin with. */
export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** An HPACK block (RFC 7541) that leaves the dynamic table alone; names and values shorter than 127 bytes. */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  const all = { ":method": "POST", ":scheme": "http", ":authority": "x", ":path": "/", ...fields };
  return Buffer.concat(
    Object.entries(all).map(([name, value]) =>
      Buffer.from(
        `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`,
        "latin1",
      ),
    ),
  );
}

/** The numbers of the types of all whole frames in what a server sent. */
export function frameTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    types.push(bytes.readUInt8(at + 3));
  return types;
}
