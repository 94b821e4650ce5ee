// outlierDetection: each field is a setting of its own. What the time and the share of ejections are by default depends on what is counted.
import type { OutlierDetectionIr } from '../../../../ir/destination.ts';
import { written } from '../../setting.ts';
import { milliseconds, type SettingGroup } from './group.ts';

/** null: nobody says. */
export interface OutlierSettings {
  /** 0: never. */
  readonly 'outlierDetection.consecutive5xx': number;
  /** 0: never. */
  readonly 'outlierDetection.consecutiveGatewayErrors': number;
  /** 0: never. */
  readonly 'outlierDetection.consecutiveLocalOriginFailures': number | null;
  readonly 'outlierDetection.successRate': OutlierDetectionIr['successRate'];
  readonly 'outlierDetection.failurePercentage': OutlierDetectionIr['failurePercentage'];
  /** In milliseconds. */
  readonly 'outlierDetection.interval': number | null;
  /** In milliseconds. */
  readonly 'outlierDetection.baseEjectionTime': number | null;
  readonly 'outlierDetection.maxEjectionPercentage': number | null;
}

/** A try costs nothing where nobody answers: back soon. */
const ofUnreachable = { intervalMs: 1_000, baseEjectionTimeMs: 2_000, maxEjectionPercentage: 100 };
/** What answers errors may do so because of too much work, which the others get. */
const ofErrors = { intervalMs: 10_000, baseEjectionTimeMs: 30_000, maxEjectionPercentage: 50 };

const nobody = { value: null, origin: null };
const never = { value: 0, origin: null };

export const outlierDetection: SettingGroup<OutlierSettings, OutlierDetectionIr> = {
  defaults: {
    'outlierDetection.consecutive5xx': never,
    'outlierDetection.consecutiveGatewayErrors': never,
    'outlierDetection.consecutiveLocalOriginFailures': nobody,
    'outlierDetection.successRate': nobody,
    'outlierDetection.failurePercentage': nobody,
    'outlierDetection.interval': nobody,
    'outlierDetection.baseEjectionTime': nobody,
    'outlierDetection.maxEjectionPercentage': nobody,
  },
  written: ({ outlierDetection: outliers }) =>
    written({
      'outlierDetection.consecutive5xx': outliers?.consecutive5xx,
      'outlierDetection.consecutiveGatewayErrors': outliers?.consecutiveGatewayErrors,
      'outlierDetection.consecutiveLocalOriginFailures': outliers?.consecutiveLocalOriginFailures,
      'outlierDetection.successRate': outliers?.successRate,
      'outlierDetection.failurePercentage': outliers?.failurePercentage,
      'outlierDetection.interval': milliseconds(outliers?.interval),
      'outlierDetection.baseEjectionTime': milliseconds(outliers?.baseEjectionTime),
      'outlierDetection.maxEjectionPercentage': outliers?.maxEjectionPercentage,
    }),
  worksOnTcp: (slot) => !aboutResponses.includes(slot),
  resolve: (settings) => {
    const counted = {
      consecutive5xx: settings.read('outlierDetection.consecutive5xx'),
      consecutiveGatewayErrors: settings.read('outlierDetection.consecutiveGatewayErrors'),
      successRate: settings.read('outlierDetection.successRate'),
      failurePercentage: settings.read('outlierDetection.failurePercentage'),
    };
    const usual = Object.values(counted).some(Boolean) ? ofErrors : ofUnreachable;
    return {
      ...counted,
      consecutiveLocalOriginFailures: settings.read('outlierDetection.consecutiveLocalOriginFailures'),
      intervalMs: settings.read('outlierDetection.interval') ?? usual.intervalMs,
      baseEjectionTimeMs: settings.read('outlierDetection.baseEjectionTime') ?? usual.baseEjectionTimeMs,
      maxEjectionPercentage:
        settings.read('outlierDetection.maxEjectionPercentage') ?? usual.maxEjectionPercentage,
    };
  },
};

const aboutResponses: readonly (keyof OutlierSettings)[] = [
  'outlierDetection.consecutive5xx',
  'outlierDetection.consecutiveGatewayErrors',
  'outlierDetection.successRate',
  'outlierDetection.failurePercentage',
];
