/** Goal: the client says nothing by itself, waits for nothing without a bound, and gets exactly what the connection holds. */
import { describe, expect, it } from 'vitest';
import { kafkaClientOptions } from '../../../../src/log/kafka/client-options.ts';

const brokers = ['a:9092', 'b:9092'];

describe('the options of the Kafka client', () => {
  it('have neither TLS nor credentials unless the connection has', () => {
    const options = kafkaClientOptions({ brokers });
    expect(options).toMatchObject({ brokers, enforceRequestTimeout: true, clientId: 'floodgate' });
    expect(options).not.toHaveProperty('ssl');
    expect(options).not.toHaveProperty('sasl');
  });

  it('speak TLS with the certificates of the system, or with those given', () => {
    expect(kafkaClientOptions({ brokers, tls: {} }).ssl).toEqual({});
    expect(kafkaClientOptions({ brokers, tls: { ca: 'CA', cert: 'CERT', key: 'KEY' } }).ssl).toEqual({
      ca: ['CA'],
      cert: 'CERT',
      key: 'KEY',
    });
  });

  it('carry credentials, and log nothing that could repeat them', () => {
    const sasl = { mechanism: 'scram-sha-512', username: 'me', password: 'a secret' } as const;
    const options = kafkaClientOptions({ brokers, sasl });
    expect(options.sasl).toEqual(sasl);
    expect(options.logLevel).toBe(0);
    expect(options.logCreator?.(0)({} as never)).toBeUndefined();
  });
});
