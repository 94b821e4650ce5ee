// Status codes of gRPC, by their names.
// @see https://grpc.io/docs/guides/status-codes/

/** In the order of their numbers, from 0. */
export const grpcStatusNames = [
  'OK',
  'Cancelled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const;

type GrpcStatus = (typeof grpcStatusNames)[number];

/** 0 to 16. */
export function grpcStatusNumber(name: GrpcStatus): number {
  return grpcStatusNames.indexOf(name);
}
