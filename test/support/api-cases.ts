// Every rule of the API as documents that are taken and documents that are refused.
import type { ApiCase, InvalidCase, ValidCase } from './api-cases/api-case.ts';
import { externalWorkloadCases } from './api-cases/external-workload.ts';
import { meshCases } from './api-cases/mesh.ts';
import { securityPolicyCases } from './api-cases/security-policy.ts';
import { securityExternalCases } from './api-cases/security-external.ts';
import { securityLoginCases } from './api-cases/security-login.ts';
import { securityTokenCases } from './api-cases/security-tokens.ts';
import { trafficDestinationCases } from './api-cases/traffic-destination.ts';
import { trafficBrowserCases } from './api-cases/traffic-browsers.ts';
import { connectionRouteCases } from './api-cases/traffic-connections.ts';
import { trafficFaultCases } from './api-cases/traffic-fault.ts';
import { trafficLimitCases } from './api-cases/traffic-limits.ts';
import { trafficMatchCases } from './api-cases/traffic-match.ts';
import { trafficRetryCases } from './api-cases/traffic-retry.ts';
import { trafficPolicyCases } from './api-cases/traffic-policy.ts';

import { trafficRewriteCases } from './api-cases/traffic-rewrite.ts';

export const apiCases: readonly ApiCase[] = [
  ...meshCases,
  ...trafficPolicyCases,
  ...trafficMatchCases,
  ...trafficRewriteCases,
  ...trafficFaultCases,
  ...trafficBrowserCases,
  ...connectionRouteCases,
  ...trafficRetryCases,
  ...trafficDestinationCases,
  ...trafficLimitCases,
  ...securityPolicyCases,
  ...securityTokenCases,
  ...securityLoginCases,
  ...securityExternalCases,
  ...externalWorkloadCases,
];

export const validCases: readonly ValidCase[] = apiCases.filter((one) => one.valid);
export const invalidCases: readonly InvalidCase[] = apiCases.filter((one) => !one.valid);
