import { describe, expect, it } from 'vitest';
import { sniff } from '../../../../src/fingerprint/child/sniff.ts';

const ftyp = (major: string, ...compatible: string[]) => {
  const body = Buffer.from(`ftyp${major}\0\0\0\0${compatible.join('')}`, 'latin1');
  const size = Buffer.alloc(4);
  size.writeUInt32BE(body.length + 4);
  return Buffer.concat([size, body, Buffer.alloc(32)]);
};
const stream = (first: number, stride: number) => {
  const bytes = Buffer.alloc(580);
  for (const packet of [0, 1, 2]) bytes[first + packet * stride] = 0x47;
  return bytes;
};
const latin = (text: string) => Buffer.from(text, 'latin1');

describe('sniff', () => {
  it.each([
    ['jpeg', latin('\xff\xd8\xff\xe0')],
    ['png', latin('\x89PNG\r\n\x1a\n')],
    ['webp', latin('RIFF\x10\0\0\0WEBPVP8 ')],
    ['gif', latin('GIF89a')],
    ['tiff', latin('II*\0')],
    ['tiff', latin('MM\0*')],
    ['avif', ftyp('avif', 'mif1')],
    ['avif', ftyp('mif1', 'miaf', 'avif')],
    ['mp4', ftyp('isom', 'avif')],
    ['mp4', ftyp('qt  ')],
    ['mp4', latin('\0\0\0\x08wide\0\0\0\0mdat')],
    ['mp4', latin('\0\0\x10\0moov')],
    ['matroska', latin('\x1aE\xdf\xa3')],
    ['avi', latin('RIFF\x10\0\0\0AVI LIST')],
    ['mpegts', stream(0, 188)],
    ['mpegts', stream(4, 192)],
  ])('knows %s', (type, head) => {
    expect(sniff(head)).toBe(type);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', latin('G')],
    ['an HLS playlist', latin('#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts')],
    ['a DASH manifest', latin('<?xml version="1.0"?><MPD>')],
    ['a concat script', latin("ffconcat version 1.0\nfile 'x'")],
    ['a session description', latin('v=0\no=- 0 0 IN IP4 127.0.0.1')],
    ['an SVG', latin('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['a PDF', latin('%PDF-1.7')],
    ['an HEIC picture', ftyp('heic', 'mif1')],
    ['a wave file', latin('RIFF\x10\0\0\0WAVEfmt ')],
  ])('does not know %s', (_name, head) => {
    expect(sniff(head)).toBeNull();
  });
});
