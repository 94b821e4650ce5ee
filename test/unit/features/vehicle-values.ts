// Values that fields of vehicles.ts change to and that are too long for a row.

/** In place of the CA in world.yaml. */
export const otherCa = `-----BEGIN CERTIFICATE-----
MIIBdjCCAR2gAwIBAgIUR/mkegvPDk4dJFzLYHKV4KSMzIYwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTI5MTYwMTM5WhgPMjEyNjExMDUxNjAx
MzlaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
nl9Tt8nby4EydPjUdh29BYgGygxEHp8lKTS6/OkDdnyFIoW9r3qkjgQem92foRDy
trOQfgGF/XGamKyGKodQg6NTMFEwHQYDVR0OBBYEFJH0URj/Ju5u1LaNfP0SGxu+
K/1NMB8GA1UdIwQYMBaAFJH0URj/Ju5u1LaNfP0SGxu+K/1NMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgPVYTVNmK1dgxAoKDEtr6Ih+XR/PETCbd
8jURkgXs51ACIFpLe1kcSWDNEtAptj3Lg3PLcuVAj5hIoC7zCMf4H1Cf
-----END CERTIFICATE-----`;

/** In place of the key in world.yaml. */
export const otherKeys =
  '{"keys":[{"kty":"EC","crv":"P-256","kid":"2026-12","x":"qasamBoBXAnjWrtTnXayb7-lH5Le1Tix3A5Wsrpfqvg","y":"Nsf4EBasY_kmh00QFgxswbyaIryhsjvS1U7V4TWgMtc"}]}';

/** In place of the intermediate in world.yaml. */
export const fromIssuer = {
  'certificates.authority': {
    type: 'CertManager',
    issuerRef: { name: 'mesh-ca', kind: 'ClusterIssuer', group: 'cert-manager.io' },
    caBundle: 'root: -----BEGIN CERTIFICATE-----',
  },
};

/** All that is in googleCloud of a provider. */
export const otherGoogle = [
  ...['project', 'secretRef.name', 'cluster.name', 'cluster.location'].map((it) => [it, 'others-project']),
  ...['monitoring', 'logging', 'trace'].map((api) => [`endpoints.${api}`, 'https://elsewhere']),
].map(([field = '', to = '']) => [`telemetry.providers.2.googleCloud.${field}`, to] as const);

/** Those who name the provider of world.yaml. */
export const toOthers = {
  'telemetry.accessLogs.0.providers': ['others'],
  'telemetry.tracing.providers': ['others'],
};
