// The direction of the data, as lint. Each rule's comment tells the offender what to do instead.
const pure =
  '^(api/|operator/(ir|objects|values|conditions|translate|infra|envoy|explain|suggest|traffic-metrics)/|operator/jwks/(?!fetch-key-set)|operator/dashboard/(views|web)/|operator/dashboard/history/(?!ask-prometheus|history\\.ts)|operator/telemetry/(?!service)|operator/providers/(?!service|send|google/(send|credentials))|operator/transition/(?!strict-watch)|operator/status/(?!writer)|operator/xds/(wire|snapshot|session)/)';
// Make the descriptor at build time; the operator imports none of them.
const generator = '^operator/envoy/proto/(generate|load-protos|describe-api)\\.ts$';
const io = '^(node:)?(fs|net|http|https|http2|tls|timers|child_process|process|os|dns|worker_threads)(/|$)';
const clients = 'node_modules/(@kubernetes/client-node|@dot-i|@grpc/grpc-js|pino)/';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Data flows one way: move the shared type to the room both may import.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'api-stands-alone',
      severity: 'error',
      comment:
        'What users write knows nothing of the operator: move the code to translate/, or the type to api/.',
      from: { path: '^api/' },
      to: { path: '^(operator|config|demo)/' },
    },
    {
      name: 'ir-stands-alone',
      severity: 'error',
      comment: 'The IR has its own types: copy the fields it needs, do not import.',
      from: { path: '^operator/ir/' },
      to: { pathNot: '^operator/ir/' },
    },
    {
      name: 'envoy-sees-ir-only',
      severity: 'error',
      comment: 'Builders read the IR: if a fact is missing, add it to the IR and fill it in translate/.',
      from: { path: '^operator/envoy/' },
      to: { path: '^(operator|api)/', pathNot: '^operator/(ir|values|envoy)/' },
    },
    {
      name: 'translate-does-not-know-envoy',
      severity: 'error',
      comment: 'Translate says what the mesh is; how Envoy is told belongs to envoy/resources.',
      from: { path: '^operator/translate/' },
      to: { path: '^operator/(envoy|xds|infra)/' },
    },
    {
      name: 'infra-sees-ir-only',
      severity: 'error',
      comment: 'Infra renders the IR: add the fact to the IR.',
      from: { path: '^operator/infra/' },
      to: { path: '^(operator|api)/', pathNot: '^operator/(ir|values|infra)/' },
    },
    {
      name: 'store-takes-objects',
      severity: 'error',
      comment: 'The store is fed through ObjectSink and read as Resources; it calls nobody.',
      from: { path: '^operator/store/' },
      to: { path: '^operator/(translate|envoy|xds|infra|status|admin|certificates|platform)/' },
    },
    {
      name: 'platform-ends-at-the-store',
      severity: 'error',
      comment: 'A platform hands objects to an ObjectSink and implements ports; it knows no later stage.',
      from: { path: '^operator/platform/' },
      to: { path: '^operator/(store|translate|envoy|xds|infra|status|admin)/' },
    },
    {
      name: 'xds-does-not-know-the-platform',
      severity: 'error',
      comment: 'The server takes snapshots and gives reports; wiring/ connects it.',
      from: { path: '^operator/xds/' },
      to: { path: '^operator/(platform|translate|store|status|admin|certificates)/' },
    },
    {
      name: 'pure-does-no-io',
      severity: 'error',
      comment: 'Pass the data (or the time) in as an argument.',
      from: { path: pure, pathNot: generator },
      to: { path: io, dependencyTypes: ['core'] },
    },
    {
      name: 'pure-reaches-no-io',
      severity: 'error',
      comment: 'Something you import does I/O: split it, or pass the data in.',
      from: { path: pure, pathNot: generator },
      to: { path: io, reachable: true },
    },
    {
      name: 'pure-takes-no-clients',
      severity: 'error',
      comment: 'Clients live at the edges: take a port type, or plain data.',
      from: { path: pure },
      to: { path: clients, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'one-door-to-kubernetes',
      severity: 'error',
      comment: 'Only platform/kubernetes talks to the API server: add what you need to a port in ports/.',
      from: { pathNot: '^(operator/platform/kubernetes|test)/' },
      to: { path: 'node_modules/@kubernetes/client-node/' },
    },
    {
      name: 'one-door-to-dot-i',
      severity: 'error',
      comment: 'mesh-operator.ts fences @dot-i/k8s-operator and mends its flaws: use that.',
      from: { pathNot: '^operator/platform/kubernetes/mesh-operator\\.ts$' },
      to: { path: 'node_modules/@dot-i/' },
    },
    {
      name: 'no-dep-on-test',
      severity: 'error',
      comment: 'Product code stands without its tests.',
      from: { path: '^(api|operator|config|demo)/' },
      to: { path: '^test/' },
    },
    {
      name: 'operator-does-not-know-the-demo',
      severity: 'error',
      comment: 'The demo runs the operator as its users do.',
      from: { path: '^(api|operator|config)/' },
      to: { path: '^demo/' },
    },
    {
      name: 'front-end-stands-alone',
      severity: 'error',
      comment:
        'The browser knows what the views look like, and nothing else of the operator: add the fact to a view.',
      from: { path: '^operator/dashboard/web/' },
      to: { path: '^(operator|api)/', pathNot: '^operator/dashboard/(web/|views/json(-history)?\\.ts$)' },
    },
    {
      name: 'main-is-the-top',
      severity: 'error',
      comment: 'main.ts puts the parts together; parts do not know it.',
      from: { pathNot: '^test/integration/' },
      to: { path: '^operator/main\\.ts$' },
    },
    {
      name: 'not-reachable-from-main',
      severity: 'error',
      comment: 'Nobody runs this: delete it, or connect it.',
      from: { path: '^operator/main\\.ts$' },
      to: {
        path: '^operator/',
        pathNot:
          '^operator/(envoy/proto/(generate|load-protos|describe-api|roots|extra/corrections)|dashboard|dashboard/generate|dashboard/(local|web)/.+|reconcile/uninstall|uninstall|intercept|infra/interception|check|networkpolicy|suggest|suggest/.+|explain|explain/.+|platform/manifests/manifests|wiring/one-look)\\.ts$',
        reachable: false,
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // The parser does not know JSX.
    exclude: { path: '^operator/(envoy/proto/generated|dashboard/generated|dashboard/web/.+[.]tsx$)' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
