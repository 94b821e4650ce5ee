// Endpoints of which zones a caller uses, by the zone of the caller.
import { z } from 'zod';
import { listMap, listSet, shaped, withRules, zoneName } from '../../schema.ts';

const from = shaped(zoneName)
  .optional()
  .describe('Zone of the callers. Default: all callers whose zone no other entry names.');

const eachZoneOnce = {
  rule: "self.all(e, self.exists_one(o, (has(o.from) ? o.from : '') == (has(e.from) ? e.from : '')))",
  message: 'Name each zone in from of one entry only, and leave out from in one entry at most.',
};

const failover = withRules(
  z
    .array(
      z
        .object({
          from,
          to: listSet(z.array(shaped(zoneName)).min(1).max(8)).describe(
            'Zones in the order in which they take over from the zone of the caller, 1 to 8. After them, all other zones take over.',
          ),
        })
        .describe('The order of zones for some callers.'),
    )
    .max(16),
  eachZoneOnce,
);

const Share = z
  .object({
    zone: shaped(zoneName).describe('Zone of the endpoints.'),
    weight: z
      .int()
      .min(1)
      .max(1_000_000)
      .describe('Share of the requests relative to the other weights, 1 to 1000000.'),
  })
  .describe('Share of a zone.');

const weights = withRules(
  z
    .array(
      z
        .object({
          from,
          to: listMap(z.array(Share).min(1).max(8), 'zone').describe(
            'Zones that get the requests, 1 to 8. Other zones get requests only if these have no healthy endpoint.',
          ),
        })
        .describe('Shares of zones for some callers.'),
    )
    .max(16),
  eachZoneOnce,
);

// No default of panicThreshold here: it may come from another policy.
export const Locality = withRules(
  z.object({
    type: z
      .enum(['Failover', 'Weighted'])
      .optional()
      .describe(
        'Failover: endpoints in the zone of the caller; if too few of these are healthy, other zones take over. Weighted: zones get shares of the requests. A caller whose zone is not known uses all zones alike, unless an entry of weights applies to it. Required for failover and weights. Default: all zones alike.',
      ),
    failover: failover
      .optional()
      .describe(
        'The order in which other zones take over. Only for type Failover. At most 16. Default: all other zones alike.',
      ),
    weights: weights
      .optional()
      .describe(
        'Shares of zones. Callers that no entry applies to use all zones alike. Required for type Weighted. At most 16.',
      ),
    panicThreshold: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe(
        'If the percentage of healthy endpoints in all zones is below this value, requests go to all endpoints, 0 to 100. With 0, they never go to unhealthy endpoints, and get 503 if all are unhealthy. Default: 1.',
      ),
  }),
  {
    rule: 'has(self.type) || has(self.panicThreshold)',
    message: 'Set type, or at least panicThreshold, or leave locality out.',
  },
  {
    rule: "!has(self.failover) || (has(self.type) && self.type == 'Failover')",
    message: 'Set type to Failover, or remove failover.',
  },
  {
    rule: "(has(self.weights) && self.weights.size() > 0) == (has(self.type) && self.type == 'Weighted')",
    message: 'Set weights for type Weighted; remove them for other types.',
  },
);
