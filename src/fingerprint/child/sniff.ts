/**
 * Tells what content is by its first bytes, and by nothing else: no name, no announced type, no probing by a decoder.
 * The answer forces the loader or demuxer, so a manifest dressed as a film never reaches code that follows references.
 */
export const imageTypes = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const;
export type ImageType = (typeof imageTypes)[number];
export const videoTypes = ['mp4', 'matroska', 'avi', 'mpegts'] as const;
export type VideoType = (typeof videoTypes)[number];

/** Bytes that `sniff` wants to see: three transport stream packets with time codes. */
export const sniffBytes = 3 * 192 + 4;

const atoms = new Set(['moov', 'mdat', 'wide', 'free', 'skip', 'pnot']);
const avifBrands = new Set(['avif', 'avis']);
/** Brands of still pictures in the same box format that libvips cannot read here. */
const otherPictureBrands = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1', 'crx ']);

/** Returns null for content of any other type. */
export function sniff(head: Buffer): ImageType | VideoType | null {
  return sniffImage(head) ?? sniffVideo(head);
}

export function isImageType(type: ImageType | VideoType): type is ImageType {
  return imageTypes.some((known) => known === type);
}

function sniffImage(head: Buffer): ImageType | null {
  if (startsWith(head, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  if (text(head, 0, 4) === 'RIFF' && text(head, 8, 12) === 'WEBP') return 'webp';
  if (text(head, 0, 6) === 'GIF87a' || text(head, 0, 6) === 'GIF89a') return 'gif';
  if (startsWith(head, [0x49, 0x49, 0x2a, 0x00]) || startsWith(head, [0x4d, 0x4d, 0x00, 0x2a])) return 'tiff';
  if (text(head, 4, 8) === 'ftyp' && brands(head).some((brand) => avifBrands.has(brand))) return 'avif';
  return null;
}

function sniffVideo(head: Buffer): VideoType | null {
  if (text(head, 4, 8) === 'ftyp') return otherPictureBrands.has(text(head, 8, 12)) ? null : 'mp4';
  if (atoms.has(text(head, 4, 8))) return 'mp4';
  if (startsWith(head, [0x1a, 0x45, 0xdf, 0xa3])) return 'matroska';
  if (text(head, 0, 4) === 'RIFF' && text(head, 8, 12) === 'AVI ') return 'avi';
  if (hasSyncBytes(head, 0, 188) || hasSyncBytes(head, 4, 192)) return 'mpegts';
  return null;
}

/** Major and compatible brands of an ISO base media file. A film may list a still brand, but not as its major one. */
function brands(head: Buffer): string[] {
  const major = text(head, 8, 12);
  if (major !== 'mif1' && major !== 'msf1' && major !== 'miaf') return [major];
  const end = Math.min(head.readUInt32BE(0), head.length);
  const found = [major];
  for (let at = 16; at + 4 <= end; at += 4) found.push(text(head, at, at + 4));
  return found;
}

function hasSyncBytes(head: Buffer, first: number, stride: number): boolean {
  return [0, 1, 2].every((packet) => head[first + packet * stride] === 0x47);
}

function startsWith(head: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, at) => head[at] === byte);
}

function text(head: Buffer, from: number, to: number): string {
  return head.toString('latin1', from, to);
}
