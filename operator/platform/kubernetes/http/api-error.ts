// What the API server answers when it refuses: its Status object as an error. Holds no request bodies, so that it
// can be logged whole.
import { z } from 'zod';

const Cause = z.object({ reason: z.string().default(''), message: z.string().default('') });

/** @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
const Status = z.object({
  code: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z.object({ causes: z.array(Cause).optional() }).optional(),
});

export class ApiError extends Error {
  /** The HTTP status, for example 409. */
  readonly code: number;
  /** One CamelCase word, for example AlreadyExists; '' if the server gave none. */
  readonly reason: string;
  /** In detail, if the server said so. */
  readonly causes: readonly z.output<typeof Cause>[];
  /** What Retry-After asked for; undefined if nothing. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: {
      code: number;
      reason?: string | undefined;
      causes?: ApiError['causes'] | undefined;
      retryAfterMs?: number | undefined;
    },
  ) {
    super(message);
    this.name = 'ApiError';
    this.code = options.code;
    this.reason = options.reason ?? '';
    this.causes = options.causes ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** From the body of a refused request, or the object of a watch event of type ERROR. code is used if it names none. */
export function apiErrorOf(
  what: string,
  body: unknown,
  answer: { code: number; retryAfter?: string | undefined },
): ApiError {
  const parsed = Status.safeParse(body);
  const status = parsed.success ? parsed.data : {};
  const code = status.code ?? answer.code;
  const seconds = Number(answer.retryAfter);
  return new ApiError(`${what}: ${status.message ?? `the API server answered ${code}`}`, {
    code,
    reason: status.reason,
    causes: status.details?.causes,
    retryAfterMs: answer.retryAfter !== undefined && seconds >= 0 ? seconds * 1000 : undefined,
  });
}

export function isApiError(error: unknown, code: number): boolean {
  return error instanceof ApiError && error.code === code;
}

/** Whether the same request may work in a moment: no answer at all, overload, or a server that is starting. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  return error.code === 429 || error.code >= 500;
}
