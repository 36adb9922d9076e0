// Every screen but sign-in: where the menu shows it, who works there, and its module, which comes
// when first asked for. A new one is an entry here, its texts `screen.<id>` and `help.<id>`, and a
// stop on the walk in tests/e2e/walk.py.

/**
 * @typedef {object} Place
 * @property {'work' | 'watch' | 'device'} [menu] the part of the menu it stands in; without one it
 *   is reached from another screen
 * @property {readonly string[]} [roles] who works there beside superiors; without them everybody
 * @property {() => Promise<ScreenModule>} load
 */

/** Parts of the menu, in their order. */
export const MENU = /** @type {const} */ (['work', 'watch', 'device']);

/** Who may go everywhere. */
export const SUPERIORS = Object.freeze(['leader', 'supervisor', 'admin']);

/** Screens that a practice floor has; the first one is nowhere else. */
export const PRACTISED = Object.freeze(['lesson', 'tasks', 'pack', 'handover', 'status']);

/** @type {Record<ScreenName, Place>} */
export const SCREENS = {
  tasks: { menu: 'work', roles: ['picker'], load: async () => import('./tasks.js') },
  pick: { load: async () => import('./pick.js') },
  pack: { menu: 'work', roles: ['packer'], load: async () => import('./pack.js') },
  handover: {
    menu: 'work',
    roles: ['packer', 'keeper'],
    load: async () => import('./handover.js'),
  },
  putback: {
    menu: 'work',
    roles: ['picker', 'keeper'],
    load: async () => import('./putback.js'),
  },
  returns: {
    menu: 'work',
    roles: ['packer', 'keeper'],
    load: async () => import('./returns.js'),
  },
  counts: {
    menu: 'work',
    roles: ['picker', 'keeper'],
    load: async () => (await import('./stockroom.js')).counts,
  },
  lots: {
    menu: 'work',
    roles: ['keeper'],
    load: async () => (await import('./stockroom.js')).lots,
  },
  live: { menu: 'watch', roles: ['keeper'], load: async () => import('./live.js') },
  alarms: {
    menu: 'watch',
    roles: ['picker', 'packer', 'keeper'],
    load: async () => import('./alarms.js'),
  },
  approvals: {
    menu: 'watch',
    roles: ['picker', 'packer', 'keeper'],
    load: async () => (await import('./approvals.js')).approvals,
  },
  approval: { load: async () => (await import('./approvals.js')).approval },
  orders: {
    menu: 'watch',
    roles: ['picker', 'packer', 'keeper'],
    load: async () => (await import('./orders.js')).orders,
  },
  order: { load: async () => (await import('./orders.js')).order },
  prints: {
    menu: 'watch',
    roles: ['packer', 'keeper'],
    load: async () => (await import('./printing.js')).prints,
  },
  fixes: {
    menu: 'watch',
    roles: ['packer', 'keeper'],
    load: async () => (await import('./printing.js')).fixes,
  },
  training: { menu: 'watch', load: async () => import('./training.js') },
  lesson: { menu: 'work', load: async () => import('./lesson.js') },
  devices: {
    menu: 'watch',
    roles: ['keeper'],
    load: async () => (await import('./devices.js')).devices,
  },
  rules: { menu: 'watch', roles: ['leader'], load: async () => import('./rules.js') },
  device: { load: async () => (await import('./devices.js')).device },
  pdas: { menu: 'watch', roles: ['leader'], load: async () => (await import('./pairing.js')).pdas },
  pda: { load: async () => (await import('./pairing.js')).pda },
  pairing: { load: async () => (await import('./pairing.js')).pairing },
  doctor: {
    menu: 'watch',
    roles: ['leader'],
    load: async () => import('./doctor.js'),
  },
  people: {
    menu: 'watch',
    roles: ['leader'],
    load: async () => (await import('./people.js')).people,
  },
  person: { roles: ['leader'], load: async () => (await import('./people.js')).person },
  newcomer: { roles: ['leader'], load: async () => (await import('./people.js')).newcomer },
  firstadmin: { load: async () => import('./firstadmin.js') },
  calibrate: { menu: 'device', load: async () => import('./calibrate.js') },
  diagnostics: { menu: 'device', load: async () => import('./diagnostics.js') },
  status: { menu: 'device', load: async () => import('./status.js') },
};

/** Whether somebody works at a place. @param {Place} place @param {readonly string[]} roles */
export const worksAt = ({ roles: wanted }, roles) =>
  !wanted || roles.some((role) => SUPERIORS.includes(role) || wanted.includes(role));
