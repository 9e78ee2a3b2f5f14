/** One DER element (X.690): tag, length, content. Only what a certificate needs. */
export function encodeDer(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), encodeLength(body.length), body]);
}

/** A SEQUENCE. */
export function encodeSequence(...content: readonly Uint8Array[]): Buffer {
  return encodeDer(0x30, ...content);
}

/** An OBJECT IDENTIFIER such as `2.5.4.3`. */
export function encodeOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return encodeDer(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(encodeArc)]));
}

/** A BIT STRING of whole bytes. */
export function encodeBits(bytes: Uint8Array): Buffer {
  return encodeDer(0x03, Buffer.from([0]), bytes);
}

/** A UTCTime, in whole seconds; for years 1950 to 2049. */
export function encodeTime(at: Date): Buffer {
  const digits = at.toISOString().replaceAll(/[-:T]/g, "").slice(2, 14);
  return encodeDer(0x17, Buffer.from(`${digits}Z`, "latin1"));
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

/** Base 128, most significant first; all but the last byte have the top bit. */
function encodeArc(arc: number): number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | (rest % 128));
  }
  return bytes;
}
