/**
 * What is appended to a file so that its bytes are no other upload's while its pictures stay the same: an element that the
 * format itself has for nothing, with a name inside.
 */
import { createHash } from 'node:crypto';

const nameBytes = 32;

/** The tail for a file with this extension. Different names give different tails of the same length. */
export function distinctTail(extension: string, name: string): Buffer {
  const payload = createHash('sha256').update(name).digest();
  switch (extension) {
    case '.mp4':
    case '.m4v':
    case '.mov':
      return Buffer.concat([sizeOf(nameBytes + 8), Buffer.from('free'), payload]);
    case '.webm':
    case '.mkv':
      // EBML Void: its id, then the size as a variable-length number of one byte. It lies behind the segment, where demuxers
      // stop reading.
      return Buffer.concat([Buffer.from([0xec, 0x80 | nameBytes]), payload]);
    case '.avi':
      return Buffer.concat([Buffer.from('JUNK'), littleSizeOf(nameBytes), payload]);
    default:
      throw new Error(`no way is known to append to a ${extension} file`);
  }
}

function sizeOf(bytes: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes);
  return size;
}

function littleSizeOf(bytes: number): Buffer {
  return sizeOf(bytes).reverse();
}
