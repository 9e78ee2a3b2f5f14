import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { encodeBits, encodeDer, encodeOid, encodeSequence, encodeTime } from "./der.ts";

/** A certificate with its private key, both PEM. */
export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a test may choose of a certificate. */
export interface TestCertificateOptions {
  /** DNS names and IPv4 addresses; default `localhost` and `127.0.0.1`. */
  readonly names?: readonly string[];
  /** Days from now at which it becomes and ceases to be valid; default -1 and 30. */
  readonly validDays?: readonly [number, number];
}

/** An authority of one test, with a key that nobody else has. */
export interface TestAuthority {
  /** Its own certificate, PEM: what the other side is told to trust. */
  readonly certificate: string;
  /** Signs a certificate for servers and clients alike. */
  issue(name: string, options?: TestCertificateOptions): TestCertificate;
}

const ECDSA_SHA256 = encodeSequence(encodeOid("1.2.840.10045.4.3.2"));
const DAY_MS = 86_400_000;

/** Creates an authority (X.509 v3 as of RFC 5280, P-256): keys are made at run time, none is checked in. */
export function createTestAuthority(name: string): TestAuthority {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = encodeName(name);
  const isAuthority = extension("2.5.29.19", encodeSequence(encodeDer(0x01, Buffer.from([0xff]))));
  return {
    certificate: encodeCertificate(
      { issuer, subject: issuer, publicKey, extensions: [isAuthority] },
      privateKey,
    ),
    issue(subject, options = {}) {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const content = {
        issuer,
        subject: encodeName(subject),
        publicKey: own.publicKey,
        extensions: [alternativeNames(options.names ?? ["localhost", "127.0.0.1"])],
        ...(options.validDays === undefined ? {} : { validDays: options.validDays }),
      };
      return {
        certificate: encodeCertificate(content, privateKey),
        key: own.privateKey.export({ type: "pkcs8", format: "pem" }),
      };
    },
  };
}

/** Paths of what `makeTestCertificates` wrote; `issue` writes a further pair of the same authority. */
export interface TestCertificateFiles {
  readonly caFile: string;
  /** For `localhost` and `127.0.0.1`. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Writes `<name>.pem` and `<name>.key`, over what was there, as a renewal does. */
  readonly issue: (
    name: string,
    options?: TestCertificateOptions,
  ) => { readonly certFile: string; readonly keyFile: string };
}

/** Makes an authority and a server certificate of its own in `folder`. */
export function makeTestCertificates(folder: string): TestCertificateFiles {
  mkdirSync(folder, { recursive: true });
  const authority = createTestAuthority("test authority");
  const caFile = write(folder, "ca.pem", authority.certificate);
  const issue: TestCertificateFiles["issue"] = (name, options) => {
    const { certificate, key } = authority.issue(name, options);
    return {
      keyFile: write(folder, `${name}.key`, key),
      certFile: write(folder, `${name}.pem`, certificate),
    };
  };
  return { caFile, ...issue("server"), issue };
}

/** In one step, so that nobody reads half a file. */
function write(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return path;
}

interface CertificateContent {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly validDays?: readonly [number, number];
}

function encodeCertificate(content: CertificateContent, signer: KeyObject): string {
  const [from, to] = content.validDays ?? [-1, 30];
  const at = (days: number): Buffer => encodeTime(new Date(Date.now() + days * DAY_MS));
  const serial = randomBytes(8);
  serial[0] = 0x40 | (serial.readUInt8(0) & 0x3f); // positive, without a leading zero
  const body = encodeSequence(
    encodeDer(0xa0, encodeDer(0x02, Buffer.from([2]))), // version 3
    encodeDer(0x02, serial),
    ECDSA_SHA256,
    content.issuer,
    encodeSequence(at(from), at(to)),
    content.subject,
    content.publicKey.export({ type: "spki", format: "der" }),
    encodeDer(0xa3, encodeSequence(...content.extensions)),
  );
  const signature = encodeBits(sign("sha256", body, signer));
  const base64 = encodeSequence(body, ECDSA_SHA256, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** A distinguished name with a common name only. */
function encodeName(name: string): Buffer {
  const value = encodeDer(0x0c, Buffer.from(name, "utf8"));
  return encodeSequence(encodeDer(0x31, encodeSequence(encodeOid("2.5.4.3"), value)));
}

function extension(oid: string, value: Buffer): Buffer {
  return encodeSequence(encodeOid(oid), encodeDer(0x04, value));
}

function alternativeNames(names: readonly string[]): Buffer {
  const encoded = names.map((name) =>
    isIP(name) === 4
      ? encodeDer(0x87, Buffer.from(name.split(".").map(Number)))
      : encodeDer(0x82, Buffer.from(name, "latin1")),
  );
  return extension("2.5.29.17", encodeSequence(...encoded));
}
