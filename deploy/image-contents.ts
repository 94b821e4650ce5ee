// What of this project is in its image, and how the image is run: the one list, which the Dockerfile follows (a test
// compares them) and from which images are made where there is no Docker. Entry: imageContents.

/** In the project, as `node deploy/bundle/main.ts` makes it. */
export const bundleFolder = 'dist';

export interface ImageContents {
  /** Path in the project → path in the image; folders as a whole. */
  readonly files: readonly (readonly [from: string, to: string])[];
  readonly entrypoint: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Beside it in the image: Node, as /usr/local/bin/node, and iptables with both back ends. */
export const imageContents: ImageContents = {
  files: [
    ['deploy/meshwright', '/usr/local/bin/meshwright'],
    [bundleFolder, '/meshwright'],
    ['LICENSE', '/meshwright/LICENSE'],
  ],
  entrypoint: ['/usr/local/bin/meshwright'],
  workingDir: '/meshwright',
  user: '65532:65532',
  // One arena: the C library keeps what a thread once freed in an arena of its own otherwise, 10 MB.
  env: { NODE_ENV: 'production', MALLOC_ARENA_MAX: '1' },
};

/** As install.yaml and the samples name them. */
export const operatorImageName = 'ghcr.io/meshwright/meshwright:v0.1.0';
export const sidecarImageName = 'docker.io/envoyproxy/envoy:distroless-v1.40.0';
/** Of the samples: any image with Node 24. */
export const nodeImageName = 'node:24-slim';
