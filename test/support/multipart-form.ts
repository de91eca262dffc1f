/** A multipart/form-data body as a client would send it. */
const boundary = 'floodgate-test-boundary';

export interface FormFile {
  readonly bytes: string | Buffer;
  readonly type?: string;
  readonly name?: string;
}

export function formOf(fields: Record<string, string | string[]>, file?: FormFile) {
  const parts = Object.entries(fields).flatMap(([name, values]) =>
    [values].flat().map((value) => Buffer.from(`${head(`name="${name}"`)}\r\n${value}\r\n`)),
  );
  if (file !== undefined) {
    const disposition = `name="${file.name ?? 'file'}"; filename="upload.bin"`;
    const type = `Content-Type: ${file.type ?? 'application/octet-stream'}\r\n`;
    parts.push(Buffer.from(`${head(disposition)}${type}\r\n`), Buffer.from(file.bytes), Buffer.from('\r\n'));
  }
  const payload = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
  return { payload, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

function head(disposition: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
}
