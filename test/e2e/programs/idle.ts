// A pod to make calls from: does nothing until it is told to end. A program of its own: it imports nothing but Node.
const idle = setInterval(() => undefined, 60_000);
process.once('SIGTERM', () => clearInterval(idle));
