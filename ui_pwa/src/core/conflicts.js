// What was done in good faith without the box, and does not count: goods lie where they should not.

/** Refusals that say so whatever was done; each has a hint of its own. */
const ALWAYS = ['order_frozen', 'order_ended', 'late_scan', 'task_not_open'];
/** Further ones with a hint that is right here. */
const HINTED = ['surplus'];
/** Answers to what was scanned after its session was over, on the box's side. */
const SIGNED_OFF = ['session_over', 'not_signed_in'];

/** Whether pieces were laid into a tote. @param {Kept} kept */
const isGoods = ({ cmd, said }) =>
  cmd.kind === 'pick.qty' || (cmd.kind === 'pick.scan' && said.code === 'item');

/**
 * What calls a person to what the box refused; null where nothing is in the wrong place.
 * @param {Kept} kept
 * @param {Answer} answer
 * @param {TaskView | null} task the one that the PDA knows
 * @returns {{of: string, code: string, facts: Facts} | null}
 */
export function conflictOf(kept, { code = 'internal', facts: said = {} }, task) {
  if (!kept.away || !kept.said.ok || !(ALWAYS.includes(code) || isGoods(kept))) return null;
  const { data } = kept.cmd;
  const { due_at: _, ...facts } = said;
  const step = task?.id === data.task_id ? task?.steps.find((s) => s.no === data.step) : null;
  const order = facts.order ?? data.order_id ?? step?.order;
  const why = SIGNED_OFF.includes(code) ? 'signed_off' : code;
  const hint = ALWAYS.includes(code) || HINTED.includes(code) ? code : 'not_counted';
  const about = order ? { order } : {};
  return {
    of: order ?? data.task_id,
    code: order ? 'conflict' : 'conflict_some',
    facts: { ...facts, ...about, why, hint },
  };
}
