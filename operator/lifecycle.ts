// Parts of the process: started in order, stopped in reverse.

export interface Component {
  readonly name: string;
  /** Resolves when it is able to work; goes on in the background until `stop`. Rejects if it can never work. */
  start(): Promise<void>;
  /** Ends everything it started, within a bound. */
  stop(): Promise<void>;
  /** Whether it works at this moment; /readyz asks. */
  ready(): boolean;
}
