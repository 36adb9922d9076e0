// Making elements, and asking the demo's own API.

/**
 * @param {string} tag `p.note` makes a `p` of class `note`
 * @param {Record<string, any>} [props] attributes; `onclick` and the like are listeners
 * @param {...(Node | string | null | undefined | false)} children
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElement(name);
  node.classList.add(...classes);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'class') node.classList.add(...value.split(' ').filter(Boolean));
    else if (value === true) node.setAttribute(key, '');
    else if (value !== false && value != null) node.setAttribute(key, String(value));
  }
  const present = children.filter((each) => each !== null && each !== undefined && each !== false);
  node.append(.../** @type {(Node | string)[]} */ (present));
  return node;
}

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} text */
export const codeUrl = (text) => `api/code.svg?text=${encodeURIComponent(text)}`;

/**
 * @param {string} path below /demo/api
 * @param {unknown} [body] sent by POST
 * @returns {Promise<any>}
 */
export async function ask(path, body) {
  const headers = { 'X-Floor': '1', 'Content-Type': 'application/json' };
  const response = await fetch(`api/${path}`, body === undefined ? { cache: 'no-store' }
    : { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.problem ?? `HTTP ${response.status}`);
  return answer;
}
