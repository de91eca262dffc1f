import fc from 'fast-check';
import { expect, it } from 'vitest';
import { limits } from '../../../src/config/limits.ts';
import { decodeBase64 } from '../../../src/fetch/inline-source.ts';

it('decodes what any encoder makes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      expect([...decodeBase64(Buffer.from(bytes).toString('base64'))]).toEqual([...bytes]);
    }),
  );
});

// Goal: one text for one content. Whatever decodes is exactly what encoding it again gives.
it('takes no second spelling', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ABz9+/=-_ \n'), minLength: 1, maxLength: 12 }), (text) => {
      let decoded: Buffer | undefined;
      try {
        decoded = decodeBase64(text);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'invalid_event' });
      }
      if (decoded !== undefined) expect(decoded.toString('base64')).toBe(text);
    }),
    { numRuns: 500 },
  );
});

it('takes content of exactly the limit', () => {
  expect(decodeBase64(Buffer.alloc(limits.inlineBytesMax).toString('base64'))).toHaveLength(limits.inlineBytesMax);
});
