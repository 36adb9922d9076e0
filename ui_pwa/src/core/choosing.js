// A list that is chosen from by printed digit cards: nine to a page, and the 0 turns it.

const CARDS = 9;

/**
 * What of a list is on a page; behind the last comes the first again.
 * @template T
 * @param {T[]} list
 * @param {number} [turned] how often the page was turned
 */
export function pageOf(list, turned = 0) {
  const pages = Math.max(1, Math.ceil(list.length / CARDS));
  const page = turned % pages;
  return { shown: list.slice(page * CARDS, (page + 1) * CARDS), page: page + 1, pages };
}

/** Whether a card turns the page. @param {Scan} scan */
export const turns = (scan) =>
  scan.type === 'command' && (scan.digit === '0' || scan.qty === 0);
