// Words of the journal that stand in the order's story: states, stages, categories, outcomes.

import { lang } from './texts.js';

/** @type {Record<string, [string, string]>} */
const WORDS = {
  received: ['已接收', 'received'],
  hold_type: ['等待：订单类型未知', 'waiting: unknown type'],
  hold_finance: ['等待：财务未放行', 'waiting: finance'],
  hold_approval: ['等待：审批', 'waiting: approval'],
  hold_duplicate: ['等待：疑似重复单', 'waiting: suspected duplicate'],
  ready: ['待拣货', 'ready to pick'],
  picking: ['拣货中', 'picking'],
  short: ['等待：缺货', 'waiting: short of goods'],
  picked: ['已拣齐', 'picked'],
  packing: ['打包中', 'packing'],
  packed_checked: ['已复核待贴单', 'checked, label due'],
  shipped: ['已发货', 'shipped'],
  handed_over: ['已交接', 'handed over'],
  put_back: ['待归位', 'to put back'],
  cancelled: ['已取消', 'cancelled'],
  claimed: ['开始发送', 'claimed'],
  sent: ['已发送', 'sent'],
  confirmed: ['打印机已确认', 'confirmed by the printer'],
  retry: ['重试', 'tried again'],
  failed: ['失败', 'failed'],
  unknown: ['结果不明', 'outcome unknown'],
  cancel: ['取消', 'cancel'],
  address: ['改地址', 'address change'],
  remark: ['备注', 'remark'],
  rush: ['催单', 'rush'],
  return: ['退货', 'return'],
  revoked: ['已撤回', 'revoked'],
  applied: ['已执行', 'applied'],
  refused: ['被拒绝', 'refused'],
  set_aside: ['已搁置', 'set aside'],
  order_frozen: ['订单被冻结', 'order frozen'],
  order_frozen_cancel: ['订单被取消', 'order cancelled'],
  'order.assign': ['派单', 'assign'],
  'order.freeze': ['拦截', 'intercept'],
  'order.revoke': ['撤回拦截', 'revoke'],
};

/**
 * A word of the journal in the reader's language; a code or a number stands as it is.
 * @param {string} text
 */
export const word = (text) => WORDS[text]?.[lang() === 'zh' ? 0 : 1] ?? text;
