/**
 * kafkajs keeps what it has of an answer when the connection breaks in the middle of it, as with a broker that is killed
 * while it sends, and takes what comes on the next connection for the rest. From then on no answer is understood: every
 * request on it times out, and it never ends, since a timeout does not break the connection. Here each connection begins
 * with nothing.
 */
import { Connection, type WireConnection } from './internals.ts';

const original = Connection.prototype.connect;
/** Each answer begins with its length. */
const lengthBytes = 4;

function connectWithNothingKept(this: WireConnection): Promise<boolean> {
  if (!this.isConnected()) {
    // Half closed, it may still bring something, for which nobody waits any more.
    this.socket?.removeAllListeners('data');
    this.chunks = [];
    this.bytesBuffered = 0;
    this.bytesNeeded = lengthBytes;
  }
  return original.call(this);
}

/** Safe to call more than once. */
export function separateAnswersOfConnections(): void {
  Connection.prototype.connect = connectWithNothingKept;
}
