/** What the triggers of `sipis-gateway notify` and the gateway that listens to them have in common. */

/** Also the name of the trigger function and of its triggers. */
export const channel = 'sipis_gateway_changes'

/** The tables whose changes are events. */
export const notifyingTables = ['sipcalls', 'siptextmessages', 'pushtests'] as const
