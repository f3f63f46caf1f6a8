/** The answer of a SIPIS process to GET /stats/summary/json. */
export function summary(name: string) {
  return {
    Server: {
      Name: name,
      VersionString: '4.1.2',
      VersionNumber: 40102,
      Build: 7,
      UptimeInSeconds: 86_400,
      MessageLoopQueueSize: 3,
    },
    Instance: {
      Count: 120,
      CountInState: { Idle: 5, Registered: 100, Registering: 4, Unauthorized: 6, Error: 5 },
    },
  }
}
