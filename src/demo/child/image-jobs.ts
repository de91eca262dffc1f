/** Stills and edited copies of images, with sharp. */
import sharp, { type Sharp } from 'sharp';
import { createCanvas } from '../canvas.ts';
import { findStill, renderStillPixels } from '../films.ts';
import type { EditImageRequest, ImageFormat, MadeImage, StillRequest } from '../media-job.ts';

sharp.concurrency(1);
sharp.cache(false);

/** Throws when there is no still of that name. */
export async function renderStill(request: StillRequest): Promise<MadeImage> {
  const canvas = createCanvas(request.width, request.height);
  renderStillPixels(findStill(request.stillId), canvas);
  const { width, height, pixels } = canvas;
  const image = sharp(Buffer.from(pixels.buffer), { raw: { width, height, channels: 3 } });
  return save(image, request.output, request.format, request.quality ?? 88);
}

/** The orientation that a viewer would honour is applied first, since the copy carries no such note. */
export async function editImage({ input, output, edits }: EditImageRequest): Promise<MadeImage> {
  const upright = await sharp(input, { failOn: 'none' }).autoOrient().toBuffer({ resolveWithObject: true });
  let image = sharp(upright.data, { failOn: 'none' });
  if (edits.mirror === true) image = image.flop();
  if (edits.scale !== undefined) image = image.resize(Math.max(1, Math.round(upright.info.width * edits.scale)));
  return save(image, output, edits.format, edits.quality ?? 85);
}

async function save(image: Sharp, path: string, format: ImageFormat, quality: number): Promise<MadeImage> {
  const encoded = format === 'png' ? image.png() : image.toFormat(format, { quality });
  const { size, width, height } = await encoded.toFile(path);
  return { path, bytes: size, width, height };
}
