/** Crafted files that try to make a decoder open, read or call something else. */

/** What a manifest points at: an address of the test's own, and a real clip on disk. */
export interface Bait {
  readonly httpUrl: string;
  readonly udpPort: number;
  readonly clipPath: string;
}

export function hlsPlaylist(uri: string): Buffer {
  return Buffer.from(`#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n${uri}\n#EXT-X-ENDLIST\n`);
}

export function dashManifest(uri: string): Buffer {
  return Buffer.from(`<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">
<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000" codecs="avc1.42c01e" width="320" height="240">
<BaseURL>${uri}</BaseURL></Representation></AdaptationSet></Period></MPD>`);
}

function concatScript(uri: string): Buffer {
  return Buffer.from(`ffconcat version 1.0\nfile '${uri}'\n`);
}

function sessionDescription(port: number): Buffer {
  const lines = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=x', 'c=IN IP4 127.0.0.1', 't=0 0', `m=video ${port} RTP/AVP 96`];
  return Buffer.from([...lines, 'a=rtpmap:96 H264/90000', ''].join('\r\n'));
}

function svgDocument(uri: string): Buffer {
  return Buffer.from(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "${uri}">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">
<image width="64" height="64" xlink:href="${uri}"/><text>&x;</text></svg>`);
}

/** Every manifest, pointing at the network and at the disk. */
export function manifests({ httpUrl, udpPort, clipPath }: Bait): [string, Buffer][] {
  return [
    ['HLS to http', hlsPlaylist(httpUrl)],
    ['HLS to a file', hlsPlaylist(`file://${clipPath}`)],
    ['DASH to http', dashManifest(httpUrl)],
    ['DASH to a file', dashManifest(`file://${clipPath}`)],
    ['ffconcat to http', concatScript(httpUrl)],
    ['ffconcat to a file', concatScript(clipPath)],
    ['SDP', sessionDescription(udpPort)],
    ['SVG to http', svgDocument(httpUrl)],
    ['SVG to a file', svgDocument(`file://${clipPath}`)],
  ];
}

/** The same manifest behind the first bytes of each accepted type, so that it passes a sniffer. */
export function disguises(manifest: Buffer): [string, Buffer][] {
  const ftyp = Buffer.from('\0\0\0\x10ftypisom\0\0\x02\0', 'latin1');
  const wide = Buffer.from('\0\0\0\x08wide', 'latin1');
  const stream = Buffer.alloc(188 * 8, 0xff);
  for (let packet = 0; packet < 8; packet++) stream[packet * 188] = 0x47;
  manifest.copy(stream, 4);
  return [
    ['mp4', Buffer.concat([ftyp, manifest])],
    ['mov', Buffer.concat([wide, manifest])],
    ['matroska', Buffer.concat([Buffer.from('\x1aE\xdf\xa3', 'latin1'), manifest])],
    ['avi', Buffer.concat([Buffer.from('RIFF\xff\0\0\0AVI ', 'latin1'), manifest])],
    ['transport stream', stream],
    ['jpeg', Buffer.concat([Buffer.from('\xff\xd8\xff\xe0', 'latin1'), manifest])],
    ['png', Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), manifest])],
    ['gif', Buffer.concat([Buffer.from('GIF89a', 'latin1'), manifest])],
    ['tiff', Buffer.concat([Buffer.from('II*\0', 'latin1'), manifest])],
  ];
}

/** Boxes on the way from the top of a file to its data references. */
const pathToReferences = ['moov', 'trak', 'mdia', 'minf', 'dinf', 'dref'];

/**
 * Puts another data reference in place of "in this file" (a `url ` box of 12 bytes with flag 1) in a film whose `moov`
 * comes last, and corrects the sizes of all boxes around it.
 */
export function withDataReference(film: Buffer, reference: Buffer): Buffer {
  const own = Buffer.from('\0\0\0\x0curl \0\0\0\x01', 'latin1');
  const at = film.indexOf(own);
  if (at === -1) throw new Error('the film has no data reference');
  const changed = Buffer.concat([film.subarray(0, at), reference, film.subarray(at + own.length)]);
  for (const box of pathToReferences) {
    const start = changed.indexOf(box, changed.indexOf('moov')) - 4;
    changed.writeUInt32BE(changed.readUInt32BE(start) + reference.length - own.length, start);
  }
  return changed;
}

export function urlReference(uri: string): Buffer {
  return box('url ', Buffer.concat([Buffer.alloc(4), Buffer.from(`${uri}\0`)]));
}

/** A classic alias record whose second kind of entry is an absolute path; the kind that demuxers follow. */
export function aliasReference(path: string): Buffer {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const fixed = Buffer.alloc(150);
  fixed[10] = 1;
  fixed.write('disk', 11);
  fixed[50] = name.length;
  fixed.write(name.slice(0, 63), 51);
  fixed.writeInt16BE(1, 130);
  fixed.writeInt16BE(1, 132);
  const entries = Buffer.concat([entry(2, path), entry(18, path), Buffer.from([0xff, 0xff, 0, 0])]);
  return box('alis', Buffer.concat([Buffer.alloc(4), fixed, entries]));
}

function entry(kind: number, text: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt16BE(kind, 0);
  head.writeInt16BE(text.length, 2);
  return Buffer.concat([head, Buffer.from(text), Buffer.alloc(text.length % 2)]);
}

function box(name: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(name, 4, 'latin1');
  return Buffer.concat([head, body]);
}
