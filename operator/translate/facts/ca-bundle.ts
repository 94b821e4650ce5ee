// Whether a text that a user wrote is a list of certificates as Envoy takes it. Pure.
import { X509Certificate } from 'node:crypto';

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Of all that begins in it: a sidecar would reject the whole. */
export function isCaBundle(pem: string): boolean {
  const blocks = pem.match(block) ?? [];
  const begun = pem.split('-----BEGIN ').length - 1;
  return blocks.length > 0 && blocks.length === begun && blocks.every(isCertificate);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
