// What many connections have collected during one turn of the event loop leaves at its end, one write for each: the
// answers of many services to one client then share a packet.

export interface TurnEnd {
  onTurnEnd(): void;
}

let waiting: TurnEnd[] = [];

/** Once for each call. */
export function atTurnEnd(owner: TurnEnd): void {
  if (waiting.push(owner) === 1) setImmediate(onTurnEnd);
}

function onTurnEnd(): void {
  const due = waiting;
  waiting = [];
  for (const owner of due) owner.onTurnEnd();
}
