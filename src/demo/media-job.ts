/** What the demo and the bench ask of the child that makes media, and what it answers. Plain data: it crosses IPC. */

export type VideoCodec = 'h264' | 'hevc' | 'vp9' | 'vp8' | 'av1' | 'mpeg4' | 'mpeg2video';
export type ImageFormat = 'jpeg' | 'png' | 'webp';

export interface EncodeSettings {
  readonly codec: VideoCodec;
  /** Constant rate factor on the codec's own scale; left out, a middling one. MPEG-4 and MPEG-2 take it as quantiser. */
  readonly crf?: number;
}

export interface FilmRequest {
  /** A film of `films.ts`. */
  readonly filmId: string;
  /** The extension picks the container: mp4, mov, mkv, webm, avi, ts. */
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly encode: EncodeSettings;
}

export interface StillRequest {
  /** A still of `films.ts`. */
  readonly stillId: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  /** 1 to 100; left out, 88. */
  readonly quality?: number;
}

export interface VideoEdits {
  readonly encode: EncodeSettings;
  /** Factor on both sides, or a height to scale to with the shape kept. Sides are rounded to even numbers. */
  readonly scale?: { readonly factor: number } | { readonly height: number };
  /** Upper bound of the height, applied after `scale`; never enlarges. */
  readonly heightMax?: number;
  readonly trimStartSeconds?: number;
  readonly trimEndSeconds?: number;
  /** Left and right swapped. */
  readonly mirror?: boolean;
  /** Left out, the average rate of the input, at most `framesPerSecondMax`. */
  readonly framesPerSecond?: number;
  readonly framesPerSecondMax?: number;
}

export interface TranscodeRequest {
  readonly input: string;
  readonly output: string;
  readonly edits: VideoEdits;
}

export interface ImageEdits {
  readonly format: ImageFormat;
  /** 1 to 100; left out, 85. */
  readonly quality?: number;
  /** Factor on both sides. */
  readonly scale?: number;
  /** Left and right swapped. */
  readonly mirror?: boolean;
}

export interface EditImageRequest {
  readonly input: string;
  readonly output: string;
  readonly edits: ImageEdits;
}

export interface MadeVideo {
  readonly path: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly durationSeconds: number;
  readonly frames: number;
}

export interface MadeImage {
  readonly path: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
}

export type MediaJob =
  | { readonly kind: 'probe' }
  | ({ readonly kind: 'film' } & FilmRequest)
  | ({ readonly kind: 'still' } & StillRequest)
  | ({ readonly kind: 'transcode' } & TranscodeRequest)
  | ({ readonly kind: 'edit-image' } & EditImageRequest);

export interface JobMessage {
  readonly id: number;
  readonly job: MediaJob;
}

export type JobReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string };
