/** A task of two orders on one cart, as the box sends it. */
export function sampleTask(change = {}) {
  const name = { zh: '拣货中', en: 'Picking' };
  const order = { frozen: null, ended: null, goes: 'pick', state_name: name };
  const step = (no, more) => ({
    no,
    order: '1001',
    slot: 1,
    line: no,
    sku: `SKU-${no}`,
    name: { zh: `商品${no}`, en: `Item ${no}` },
    gift: false,
    location: `A-01-0${no}`,
    zone: 'A',
    qty: 2,
    picked: 0,
    found: null,
    done: false,
    check: 'each',
    scanned: false,
    expect: {
      location: [`A-01-0${no}`],
      codes: [`690000000000${no}`, `SKU-${no}`],
      qty: 2,
      on_wrong: 'refuse',
    },
    ...more,
  });
  return {
    id: 't1',
    rev: 5,
    lane: 'normal',
    state: 'taken',
    picker: 'P-01',
    picker_name: null,
    created_at: 0,
    at: null,
    current: 1,
    orders: [
      { ...order, id: '1001', slot: 1, tote: 'T-1' },
      { ...order, id: '1002', slot: 2, tote: null },
    ],
    steps: [
      step(1, {}),
      step(2, { order: '1002', slot: 2 }),
      step(3, { qty: 600, check: 'confirm' }),
    ],
    ...change,
  };
}
