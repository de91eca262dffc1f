/**
 * The secured listeners of a broker: TLS, TLS with certificates of clients, and SASL with and without TLS. Keys,
 * certificates and the password are made anew for each broker; the keys go with its folder.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Listener, Properties } from './broker-settings.ts';

const run = promisify(execFile);

export interface Credentials {
  /** The authority that signed the certificates of the broker and of the client. */
  readonly caPem: string;
  /** For the listener `mutualTls`. */
  readonly clientCertificatePem: string;
  readonly clientKeyPem: string;
  /** Known to PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 alike. */
  readonly user: string;
  readonly password: string;
}

export const securedListeners = {
  tls: { name: 'TLS', protocol: 'SSL' },
  mutualTls: { name: 'MUTUAL_TLS', protocol: 'SSL' },
  saslTls: { name: 'SASL_TLS', protocol: 'SASL_SSL' },
  saslPlaintext: { name: 'SASL_PLAIN', protocol: 'SASL_PLAINTEXT' },
} as const satisfies Record<string, Pick<Listener, 'name' | 'protocol'>>;

const scramMechanisms = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];
const loginModules = 'org.apache.kafka.common.security';

/** Makes keys and certificates in `folder`. */
export async function makeCredentials(folder: string): Promise<Credentials> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Without the system's configuration, which may add what it likes.
  writeFileSync(join(folder, 'openssl.cnf'), '[req]\ndistinguished_name = dn\n[dn]\n');
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem'];
  const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE', ...authority];
  await certify(folder, 'ca', ['-addext', 'basicConstraints=critical,CA:TRUE']);
  await certify(folder, 'broker', ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', ...leaf]);
  await certify(folder, 'client', leaf);
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  writeFileSync(join(folder, 'broker-chain.pem'), read('broker-key.pem') + read('broker.pem'), { mode: 0o600 });
  return {
    caPem: read('ca.pem'),
    clientCertificatePem: read('client.pem'),
    clientKeyPem: read('client-key.pem'),
    user: 'floodgate',
    password: randomUUID(),
  };
}

/** NAME.pem and NAME-key.pem: good for two days, on P-256, which is quick to make. */
async function certify(folder: string, name: string, settings: readonly string[]): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}-key.pem`];
  const subject = ['-subj', `/CN=floodgate test ${name}`, '-days', '2', '-config', 'openssl.cnf'];
  const command = ['req', '-x509', ...key, ...subject, ...settings, '-out', `${name}.pem`];
  try {
    await run('openssl', command, { cwd: folder });
  } catch (error) {
    throw new Error(`openssl could not make a certificate; version 3 or newer is needed: ${(error as Error).message}`);
  }
}

export function securityProperties(folder: string, { user, password }: Credentials): Properties {
  const plain = `${loginModules}.plain.PlainLoginModule required user_${user}="${password}";`;
  const properties: Record<string, string> = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(folder, 'broker-chain.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(folder, 'ca.pem'),
    [`listener.name.${securedListeners.mutualTls.name.toLowerCase()}.ssl.client.auth`]: 'required',
    'sasl.enabled.mechanisms': ['PLAIN', ...scramMechanisms].join(','),
  };
  for (const { name } of [securedListeners.saslTls, securedListeners.saslPlaintext]) {
    const prefix = `listener.name.${name.toLowerCase()}`;
    properties[`${prefix}.plain.sasl.jaas.config`] = plain;
    for (const mechanism of scramMechanisms) {
      properties[`${prefix}.${mechanism.toLowerCase()}.sasl.jaas.config`] =
        `${loginModules}.scram.ScramLoginModule required;`;
    }
  }
  return properties;
}

/** SCRAM users are records of the cluster, and the first ones are written when the storage is formatted. */
export function scramArguments({ user, password }: Credentials): string[] {
  return scramMechanisms.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${user},password=${password}]`]);
}
