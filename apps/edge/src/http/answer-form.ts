import type { DatabaseError, RockpoolError } from "@rockpool/base";
import type { ResultForm } from "@rockpool/protocol/psdb";
import type { HeaderList } from "./http-exchange.ts";
import type { SpokenSession } from "./session-codec.ts";

/** What else an answer says: of the session after the statement, and how long it took. */
export interface AnswerSurroundings {
  readonly spoken: SpokenSession;
  readonly elapsedMs: number;
}

/** How a protocol puts an answer together: `head`, the result's text, a tail. All texts are ASCII. */
export interface AnswerForm {
  readonly result: ResultForm;
  readonly head: string;
  tail(around: AnswerSurroundings): string;
  /** The body of a statement that the edge answered by itself, without a result. */
  nothing(around: AnswerSurroundings): string;
  /** An error as the whole answer. */
  failure(
    error: RockpoolError | DatabaseError,
    around: AnswerSurroundings,
  ): { readonly httpStatus: number; readonly body: string };
  /** An error behind a result that is closed JSON; null = there is no place for one, and the answer has to be broken off. */
  lateFailure(error: RockpoolError | DatabaseError, around: AnswerSurroundings): string | null;
  /** Headers beside the ones that every answer has. */
  headers(spoken: SpokenSession): HeaderList;
  /** Whether a client can go on in the session that a statement made. If not, no transaction may be open behind it. */
  readonly keepsSession: boolean;
}
