/** Hashes of the shipped image and clip; they change only when those two are made anew. */
export interface ExpectedFrame {
  readonly timeMs: number;
  /** PDQ of the frame as it is, in hexadecimal digits. */
  readonly hash: string;
}

export const expectedImage: readonly ExpectedFrame[] = [
  { timeMs: 0, hash: 'f62324f89a07d4d291b86f25096e9cb3f31490131b6ced4766acd2929c9973f9' },
];

export const expectedClip: readonly ExpectedFrame[] = [
  { timeMs: 0, hash: 'a5b4b6d9fa484b07e0f61607a06fa46b6033469740344f27ad68bb499f4addf4' },
  { timeMs: 500, hash: 'fe1ed8528a5e7a788b13a5b3c4d60511f1d3e5d14da361a13ee8030f9e32ba5c' },
  { timeMs: 1_000, hash: '4e2430a580e54ebc3ae6d983e35a0467f34bbfad8269b22d9f3c8e7961866956' },
  { timeMs: 1_500, hash: 'a1691e875fada7840252c7e95556b2955785f5a1f6a5b509edf02d57122a5878' },
];
