/** The only error that a decoder throws: the peer's bytes break the protocol. After it the decoder is dead. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}
