import type { ProcessAnswer, Processes } from '../../processes/processes.ts'
import type { Observe, ProcessSummary } from '../../telemetry/observation.ts'

/** Emits what the SIPIS processes say of themselves. */
export async function observeProcesses(processes: Processes, observe: Observe): Promise<void> {
  observe({ kind: 'processesAsked', processes: (await processes()).map(summaryOf) })
}

function summaryOf({ address, asked }: ProcessAnswer): ProcessSummary {
  if ('problem' in asked)
    return { process: address, answers: false, instances: {}, queueLength: null, uptimeSeconds: null }
  const { name, queueLength, uptimeSeconds, idle, registered, registering, unauthorized, inError } = asked.summary
  const instances = { idle, registered, registering, unauthorized, error: inError }
  return { process: name ?? address, answers: true, instances, queueLength, uptimeSeconds }
}
